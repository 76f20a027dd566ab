"""Rollback: what was live before becomes live again.

Reads   `cache.generations`, `ops.model_versions`.
Writes  the same, and `ops.interventions`.
"""
