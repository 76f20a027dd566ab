"""Invalidate: lists that must not be shown any more leave the live cache at once.

Reads   nothing.
Writes  `cache.offline_user_recommendations`, `cache.offline_similar_items`, `ops.interventions`.
"""
