"""Steps of the train leg: for each solution a version, its metrics, its receipt."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import task, task_group

from aisle.assets import MODELS, PERSONALIZE_INPUT
from aisle.aws.hooks.personalize import SOLUTION_VERSION, PersonalizeHook
from aisle.aws.operators.personalize import (
    PersonalizeCreateSolutionOperator,
    PersonalizeCreateSolutionVersionOperator,
)
from aisle.contracts.personalize import SOLUTIONS, Solution
from aisle.dag_defaults import run_key_of_context
from aisle.jobs import Job, plan_job, record_job, waiting
from aisle.personalize import dataset_group_arn, newest_imports, resource_name
from aisle.receipts import receipt
from aisle.warehouse import connect, sql

log = logging.getLogger(__name__)

_SOLUTIONS = {solution.name: solution for solution in SOLUTIONS}


@task(multiple_outputs=True)
def find_data() -> dict[str, Any]:
    """What there is to learn from: the dataset group and the newest import of each of its datasets."""
    hook = PersonalizeHook()
    group_arn = dataset_group_arn(hook)
    return {"dataset_group_arn": group_arn, "imports": newest_imports(hook, group_arn)}


def train_solution(solution: Solution, data: Any) -> Any:
    """The tasks that train one solution on the `data` of `find_data`; gives the ARN of the version."""

    @task_group(group_id=solution.name)
    def steps() -> Any:
        in_service = PersonalizeCreateSolutionOperator(
            task_id="solution",
            name=resource_name(solution.name),
            dataset_group_arn=data["dataset_group_arn"],
            recipe_arn=solution.recipe_arn,
            **waiting(),
        )
        plan = plan_version(solution.name, in_service.output, data["imports"])
        version = PersonalizeCreateSolutionVersionOperator(
            task_id="version", name=plan["job_name"], solution_arn=in_service.output, **waiting()
        )
        return store_metrics(solution.name, plan, version.output)

    return steps()


@task(multiple_outputs=True)
def plan_version(solution_name: str, solution_arn: str, imports: list[str], params: Any = None) -> dict[str, Any]:
    """Name the version: that of the newest one, if the same recipe would learn from the same data again."""
    inputs = {"solution": solution_arn, "recipe": _SOLUTIONS[solution_name].recipe, "imports": imports}
    plan = plan_job(f"train-{solution_name}", run_key_of_context(), inputs, lambda _: not params["force"])
    reason = "nothing that it learns from has changed, so it is not trained again" if plan.reused else "trained"
    return {**plan._asdict(), "reason": f"{solution_name}: {reason}"}


@task
def store_metrics(solution_name: str, plan: dict[str, Any], version_arn: str) -> str:
    """Keep what the service says about the version's quality, and remember what was trained. Gives the ARN."""
    run_key = run_key_of_context()
    with receipt(run_key, "train", solution_name) as slip:
        hook = PersonalizeHook()
        metrics = hook.conn.get_solution_metrics(solutionVersionArn=version_arn)["metrics"]
        rows = [
            {"solution": solution_name, "solution_version_arn": version_arn, "metric": metric, "value": value}
            for metric, value in metrics.items()
        ]
        with connect() as connection, connection.cursor() as cursor:
            cursor.executemany(sql("ops/model_metrics/upsert").encode(), rows)
        record_job(f"train-{solution_name}", Job(plan["fingerprint"], version_arn, run_key))
        slip.rows_out = len(rows)
        slip.details = {
            "solution_version": version_arn,
            "reused": plan["reused"],
            "training_hours": hook.describe(SOLUTION_VERSION, version_arn).get("trainingHours"),
            "reason": plan["reason"],
            "metrics": metrics,
        }
    log.info("%s: %s", version_arn, metrics)
    return version_arn


@task(inlets=[PERSONALIZE_INPUT], outlets=[MODELS], trigger_rule="none_failed")
def announce(outlet_events: Any = None) -> None:
    """Tell that every solution has a version of the newest data, and that each version is judged."""
    outlet_events[MODELS].extra = {"run_key": run_key_of_context()}
