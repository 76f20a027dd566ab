"""Which exceptions of the operators Airflow retries, under whatever retry policy the DAG has."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.sdk import DAG, task
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

from airflow_personalize.exceptions import (
    PersonalizeFinalError,
    PersonalizeResourceConflictError,
    PersonalizeResourceFailedError,
    PersonalizeRetryableError,
)
from airflow_postgres_s3.exceptions import TransferConfigurationError, TransferDataError

RETRIES = 2
POLICIES = {
    "no policy": None,
    "retries every exception": ExceptionRetryPolicy(rules=[RetryRule("builtins.Exception", RetryAction.RETRY)]),
    "retries ours by name": ExceptionRetryPolicy(
        rules=[RetryRule("airflow_personalize.exceptions.PersonalizeError", RetryAction.RETRY)]
    ),
}
FINAL = [
    PersonalizeFinalError,
    PersonalizeResourceConflictError,
    PersonalizeResourceFailedError,
    TransferConfigurationError,
    TransferDataError,
]

pytestmark = pytest.mark.usefixtures("airflow_metadata")


def attempts_of_a_task_that_raises(error: type[Exception], policy: Any) -> int:
    attempts = []
    with DAG("retried", schedule=None) as dag:

        @task(retries=RETRIES, retry_delay=timedelta(0), retry_policy=policy)
        def fail() -> None:
            attempts.append(error)
            raise error("the reason")

        fail()
    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(os.devnull)
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "dags-folder", None)
    assert str(dag.test().state) == "failed"
    return len(attempts)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("error", FINAL)
def test_a_final_exception_ends_the_task_under_any_policy(error: type[Exception], policy: Any) -> None:
    assert attempts_of_a_task_that_raises(error, policy) == 1


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_retryable_exception_is_retried(policy: Any) -> None:
    assert attempts_of_a_task_that_raises(PersonalizeRetryableError, policy) == 1 + RETRIES
