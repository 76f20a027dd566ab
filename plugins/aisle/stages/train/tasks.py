"""Tasks of the train stage: for each solution a version, its metrics and its receipt."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import task, task_group

from airflow_personalize.hooks.personalize import PersonalizeHook
from airflow_personalize.operators.personalize import (
    PersonalizeCreateSolutionOperator,
    PersonalizeCreateSolutionVersionOperator,
)
from aisle.dag.assets import MODELS, PERSONALIZE_INPUT
from aisle.dag.defaults import run_key_of_context, waiting
from aisle.dag.groups import asset_of, group_of_context
from aisle.dag.imports import dataset_group_arn, newest_imports
from aisle.dag.xcom import from_xcom, to_xcom
from aisle.groups.dataset_group import DatasetGroup
from aisle.ops.jobs import Job, Plan, plan_job, record_job
from aisle.ops.receipts import receipt
from aisle.stages.train.set_up import operator_arguments, refuse_other_set_up
from aisle.warehouse import connect, sql
from personalize_kinds.kinds import SOLUTION, SOLUTION_VERSION

log = logging.getLogger(__name__)


@task(multiple_outputs=True)
def find_data() -> dict[str, Any]:
    """Find the training data: the dataset group and the newest import of each of its datasets."""
    hook, group = PersonalizeHook(), group_of_context()
    return {"dataset_group_arn": dataset_group_arn(hook, group), "imports": newest_imports(hook, group)}


def train_solution(group: DatasetGroup, key: str, data: Any) -> Any:
    """Create the tasks that train one solution on the `data` of `find_data`; return the ARN of the version."""

    @task_group(group_id=key)
    def steps() -> Any:
        in_service = PersonalizeCreateSolutionOperator(
            task_id="solution",
            name=group.solution_name(key),
            dataset_group_arn=data["dataset_group_arn"],
            **operator_arguments(group.solutions[key]),
            **waiting(),
        )
        plan = plan_version(key, in_service.output, data["imports"])
        version = PersonalizeCreateSolutionVersionOperator(
            task_id="version", name=plan["job_name"], solution_arn=in_service.output, **waiting()
        )
        return store_metrics(key, plan, version.output)

    return steps()


@task(multiple_outputs=True)
def plan_version(key: str, solution_arn: str, imports: list[str], params: Any = None) -> dict[str, Any]:
    """Name the version: that of the newest one if recipe and data are the same."""
    group = group_of_context()
    refuse_other_set_up(group.solutions[key], PersonalizeHook().describe(SOLUTION, solution_arn))
    inputs = {"solution": solution_arn, "recipe": group.solutions[key].recipe, "imports": imports}
    plan = plan_job(group.key(f"train-{key}"), run_key_of_context(), inputs, lambda _: not params["force"])
    return to_xcom(plan)


@task
def store_metrics(key: str, plan: dict[str, Any], version_arn: str) -> str:
    """Store the service's metrics of the version, and record the training. Return the ARN."""
    group, run_key, planned = group_of_context(), run_key_of_context(), from_xcom(plan, Plan)
    reason = "nothing that it learns from has changed, so it is not trained again" if planned.reused else "trained"
    with receipt(run_key, "train", group.key(key)) as slip:
        hook = PersonalizeHook()
        metrics = hook.conn.get_solution_metrics(solutionVersionArn=version_arn)["metrics"]
        rows = [
            {"solution": group.key(key), "solution_version_arn": version_arn, "metric": metric, "value": value}
            for metric, value in metrics.items()
        ]
        with connect() as connection, connection.cursor() as cursor:
            cursor.executemany(sql("ops/model_metrics/upsert").encode(), rows)
        record_job(group.key(f"train-{key}"), Job(planned.fingerprint, version_arn, run_key))
        slip.rows_out = len(rows)
        slip.details = {
            "solution_version": version_arn,
            "reused": planned.reused,
            "training_hours": hook.describe(SOLUTION_VERSION, version_arn).get("trainingHours"),
            "reason": f"{group.key(key)}: {reason}",
            "metrics": metrics,
        }
    log.info("%s: %s", version_arn, metrics)
    return version_arn


def announce(group: DatasetGroup) -> Any:
    """Create the task that announces that every solution has an evaluated version of the newest data."""
    asset = asset_of(group, MODELS)

    @task(inlets=[asset_of(group, PERSONALIZE_INPUT)], outlets=[asset], trigger_rule="none_failed")
    def announce(outlet_events: Any = None) -> None:
        outlet_events[asset].extra = {"run_key": run_key_of_context()}

    return announce()
