"""The task of the DAG `churn_train`: train, measure, decide."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any, Final

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from aisle.churn import registry
from aisle.churn.errors import TooLittleHistory
from aisle.churn.gate import decide
from aisle.dag.assets import CHURN_MODEL, MARTS
from aisle.dag.defaults import run_key_of_context
from aisle.objects import S3Uri
from aisle.ops.receipts import receipt
from aisle.pipeline import BY_NAME
from aisle.settings import get_settings
from aisle.warehouse import connect

_PREFIX: Final = BY_NAME["churn_train"].prefix


@task(inlets=[MARTS], outlets=[CHURN_MODEL])
def train_model(outlet_events: Any = None) -> str:
    """Train a model, measure its twin, and let it predict if it earns it. Return its state in the registry.

    Skipped while the orders do not reach back far enough to learn from.
    """
    from aisle.churn.training import train  # noqa: PLC0415 - scikit-learn takes 1.5 s, parsing has 0.5

    run_key, settings = run_key_of_context(), get_settings()
    place = S3Uri(settings.storage.bucket, f"{_PREFIX}{run_key}/model.json")
    with connect() as connection:
        if known := registry.state_of(connection, run_key):
            return known  # another training would replace the file of a model that may be live
    with receipt(run_key, "churn_train", "model") as slip, connect() as connection:
        try:
            trained = train(connection, settings.churn)
        except TooLittleHistory as error:
            raise AirflowSkipException(str(error)) from error
        decision = decide(trained.measured, trained.recency, settings.churn)
        digest = registry.store(S3Hook().get_conn(), place, trained.model)
        state = registry.register(connection, run_key, trained, decision, place, digest)
        slip.rows_in, slip.rows_out = trained.n_examples, trained.measured.n_customers
        slip.details = {"state": state, "reason": decision.reason}
    outlet_events[CHURN_MODEL].extra = {"run_key": run_key}
    return state
