"""
# Rollback

Reads  `cache.generations` or `ops.model_versions`: what was live before.
Writes asset `cache`, or asset `models` and the campaigns; to `ops.interventions` who asked for it and why.

1. roll_back_cache – the previous generation is served again, from the next request on
2. roll_back_model – the previous version of a solution is asked by the next `recommend`
3. campaigns – serve the live versions in real time; only where the file describes some

Started by hand; the params `dataset_group` and `what` choose one thing of one group, and all else is skipped.
Safe to rerun: a run goes back once, however often it is tried. A second run goes forward again.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.groups.dataset_group import dataset_groups
from aisle.stages.rollback.tasks import bring_back, params


@dag(**stage_dag("rollback", __doc__), params={**params(), **RUN_KEY_PARAM})
def rollback() -> None:
    """Bring back what was live before."""
    for group in dataset_groups():
        bring_back(group)


rollback()
