"""
# Churn: score

Reads  asset `churn_model` (the live one of `ops.churn_models`, on S3), asset `marts` (`features.customer_features`:
what is known of every customer now).
Writes `serving.churn_predictions`: each customer's risk, features and reasons; on the way `ops.churn_scores`.

1. score_customers – the risk of every customer as of the newest day
2. gate_churn – stop here unless the risks are plausible
3. publish_predictions – append them to the predictions, which the API serves by date

Skipped while no model is live.
Safe to rerun: a run replaces the predictions of its own time.
"""

from __future__ import annotations

from airflow.sdk import chain, dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.dag.gate import gate
from aisle.stages.churn_score.tasks import publish_predictions, score_customers


@dag(**stage_dag("churn_score", __doc__, clock="churn_score"), params=RUN_KEY_PARAM)
def churn_score() -> None:
    """The scoring of all customers."""
    chain(score_customers(), gate("churn"), publish_predictions())


churn_score()
