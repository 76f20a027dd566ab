"""The tasks of the DAG `churn_score`: score all customers, and publish what the gate has passed."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from aisle.churn import examples, registry, scores
from aisle.dag.assets import CHURN_MODEL, MARTS
from aisle.dag.defaults import run_key_of_context
from aisle.ops.receipts import receipt
from aisle.warehouse import connect


@task(inlets=[MARTS, CHURN_MODEL])
def score_customers() -> int:
    """Stage the risk of every customer as of the newest date; return how many there are.

    Skipped while no model is live.
    """
    run_key = run_key_of_context()
    with receipt(run_key, "churn_score", "scores") as slip, connect() as connection:
        live = registry.live_model(connection, S3Hook().get_conn())
        if live is None:
            raise AirflowSkipException(f"No model of churn is live; {registry.why_none(connection)}")
        as_of = examples.read_dates(connection).newest
        customers = examples.read_customers(connection, as_of)
        slip.rows_out = scores.stage(connection, customers, live, as_of, run_key)
        slip.details = {"model_version": live.version, "as_of": as_of.isoformat()}
    return slip.rows_out


@task
def publish_predictions() -> int:
    """Publish the staged risks as predictions of the run's own time; return how many."""
    context: Any = get_current_context()
    run_key = run_key_of_context()
    with receipt(run_key, "churn_score", "predictions") as slip, connect() as connection:
        slip.rows_out = scores.publish(connection, run_key, context["dag_run"].run_after)
    return slip.rows_out
