"""
# Churn: train

Reads  asset `marts` (schema `features`): what was known of customers as of past dates, and who churned after them.
Writes a model to S3 (`churn/<run key>/model.json`), its figures and the decision on it to `ops.churn_models`; asset
`churn_model`.

1. train_model – train; measure its twin on the newest customers whose horizon is over; the gate (docs/churn.md)

A model that is no better than the days since the last purchase, or whose risks do not mean what they say, is rejected,
and the live one stays. Skipped while the orders do not reach back far enough to learn from.
Safe to rerun: the run key names the version, and what is decided of it stays decided.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.stages.churn_train.tasks import train_model


@dag(**stage_dag("churn_train", __doc__, clock="churn_train"), params=RUN_KEY_PARAM)
def churn_train() -> None:
    """The training of the churn model."""
    train_model()


churn_train()
