"""
# Trainings that are waited for

Two DAGs of one task each, for tests that kill who waits: `in_place` holds a worker, `deferred` waits in the triggerer.
Started by hand only. Safe to rerun: a second try finds the training that the first has started.
"""

import os
from datetime import timedelta

from airflow.sdk import DAG

from airflow_personalize.operators.personalize import PersonalizeCreateSolutionVersionOperator

for dag_id in ("in_place", "deferred"):
    with DAG(
        dag_id,
        schedule=None,
        default_args={"retries": 3, "retry_delay": timedelta(seconds=1)},
        is_paused_upon_creation=False,
    ):
        PersonalizeCreateSolutionVersionOperator(
            task_id="train",
            name=dag_id,
            solution_arn=os.environ.get("FAULTS_SOLUTION_ARN", ""),
            deferrable=dag_id == "deferred",
            waiter_delay=1,
        )
