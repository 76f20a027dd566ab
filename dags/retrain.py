"""
# Retrain

Reads  assets `marts` and `models`: new interactions, what the live models have learned (ops.model_versions).
Writes the drift to ops.receipts; a run of `train`, where training is due before its time.

1. measure_change – how many interactions are new, and how far they are from what was learned
2. decide_to_train – skipped where nothing calls for it, or the last training is too recent
3. start_training – `train`, with the reason

There is one such DAG per dataset group. How a new model is measured and promoted is in `train`.
Safe to rerun: a run starts one training at most, and no two trainings come about within the least time between them.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.dag.groups import param_of
from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.stages.retrain.tasks import decide_to_train, measure_change, start_training


def retrain_for(group: DatasetGroup) -> None:
    """Create the retrain DAG of a group."""

    @dag(**stage_dag("retrain", __doc__, group=group, clock="retrain"), params=RUN_KEY_PARAM | param_of(group))
    def retrain() -> None:
        """The retrain stage."""
        changed = measure_change(group)
        start_training(group, decide_to_train(changed["reasons"]))

    retrain()


for dataset_group in dataset_groups():
    retrain_for(dataset_group)
