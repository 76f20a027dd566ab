"""
# Invalidate

Reads  nothing.
Writes asset `cache` (removes lists from `cache.offline_user_recommendations`, `cache.offline_similar_items`), and to
`ops.interventions` who asked for it and why.

1. remove_lists – the lists of one user, of one item, or all of the live generation; of one dataset group, or of all

A user is named by what `aisle user-hash` prints for their id, because params stay in Airflow.

Started by hand. Serving falls back with its next request; the next publish brings new lists, a rollback the previous.
Safe to rerun: lists that are gone stay gone.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.stages.invalidate.tasks import params, remove_from_caches


@dag(**stage_dag("invalidate", __doc__), params={**params(), **RUN_KEY_PARAM})
def invalidate() -> None:
    """Take lists out of the cache."""
    remove_from_caches()


invalidate()
