"""
# Accept

Reads  `ops.volumes`: what the gate of a boundary measured last.
Writes the same: the accepted level, which later runs are compared with; to `ops.interventions` who accepted it and why.

1. accept_volumes – of one boundary, of one dataset group where each has its own

Started by hand, after a gate has stopped because of volumes or refusals that are right; then clear the gate's task.
Safe to rerun: a level that is accepted stays accepted.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.stages.accept.tasks import accept_volumes, params


@dag(**stage_dag("accept", __doc__), params={**params(), **RUN_KEY_PARAM})
def accept() -> None:
    """Accept the newest volumes of a boundary."""
    accept_volumes()


accept()
