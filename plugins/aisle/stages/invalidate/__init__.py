"""Invalidate: lists that must not be shown any more leave the live cache at once.

Reads   nothing.
Writes  `offline_user_recommendations` and `offline_similar_items` of the groups' caches, `ops.interventions`.
"""
