"""
# Evaluate

Reads  assets `marts` and `models`: new interactions, what the live models have learned (ops.model_versions).
Writes the drift to ops.receipts; a run of `train`, where training is due before its time.

1. measure_change – how many interactions are new, and how far they are from what was learned
2. decide_to_train – skipped where nothing calls for it, or the last training is too recent
3. start_training – `train`, with the reason

How a new model is measured and promoted is in `train`.
Safe to rerun: a run starts one training at most, and no two trainings come about within the least time between them.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag_defaults import RUN_KEY_PARAM, line_dag
from aisle.evaluate.retrain import decide_to_train, measure_change, start_training


@dag(**line_dag("evaluate", __doc__, clock="evaluate"), params=RUN_KEY_PARAM)
def evaluate() -> None:
    """The evaluate leg."""
    start_training(decide_to_train(measure_change()["reasons"]))


evaluate()
