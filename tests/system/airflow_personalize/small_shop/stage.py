"""What an example needs that is not about its own operators: a shop with data, and an empty stage after it."""

from __future__ import annotations

from typing import Any

from airflow.sdk import TriggerRule, task
from small_shop.orders import interactions_csv, interactions_schema, items_csv, json_lines, users_csv
from small_shop.setting import BUCKET, DELAY, ENV_ID, PREFIX, ROLE_ARN

from airflow_personalize.hooks.personalize import PersonalizeHook
from personalize_kinds.kinds import (
    CAMPAIGN,
    DATASET,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    EVENT_TRACKER,
    FILTER,
    METRIC_ATTRIBUTION,
    SCHEMA,
    SOLUTION,
    SOLUTION_VERSION,
    Kind,
)

#: What lives in a dataset group, in an order in which it can be deleted once no campaign serves its solutions.
CONTENTS = (EVENT_TRACKER, FILTER, METRIC_ATTRIBUTION, SOLUTION, DATASET)


@task
def write_items(example: str) -> str:
    """Write the CSV of items; its S3 URI."""
    return _write(f"{PREFIX}/{example}/items.csv", items_csv())


@task
def write_users(example: str, ids: list[str]) -> str:
    """Write the CSV of users to forget; its S3 URI."""
    return _write(f"{PREFIX}/{example}/users.csv", users_csv(ids))


@task
def write_json_lines(example: str, member: str, ids: list[str]) -> str:
    """Write the input of a batch job; its S3 URI."""
    return _write(f"{PREFIX}/{example}/{member}.jsonl", json_lines(member, ids))


@task(multiple_outputs=True, retries=0)  # it would meet its own half-made shop
def open_shop(example: str, recipes: list[str] | None = None) -> dict[str, Any]:
    """Make a dataset group with imported interactions, and train one solution version per recipe.

    Gives `group`, `dataset`, and by the name of each recipe the ARN of its version.
    """
    hook = PersonalizeHook()
    group = _made(hook, DATASET_GROUP, name=f"{ENV_ID}-{example}")
    form = hook.conn.create_schema(name=f"{ENV_ID}-{example}", schema=interactions_schema())["schemaArn"]
    dataset = _made(hook, DATASET, name=example, datasetGroupArn=group, datasetType="Interactions", schemaArn=form)
    uri = _write(f"{PREFIX}/{example}/interactions.csv", interactions_csv())
    _made(
        hook, DATASET_IMPORT_JOB, jobName=f"{ENV_ID}-{example}", datasetArn=dataset,
        dataSource={"dataLocation": uri}, roleArn=ROLE_ARN,
    )  # fmt: skip
    return {"group": group, "dataset": dataset} | {
        recipe: _trained(hook, f"{ENV_ID}-{example}-{recipe}", group, recipe) for recipe in recipes or []
    }


@task(trigger_rule=TriggerRule.ALL_DONE)
def clear_stage(example: str) -> None:
    """Remove what the example has left: its dataset group with everything in it, its schemas, its objects in S3."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    hook, name = PersonalizeHook(), f"{ENV_ID}-{example}"
    if group := hook.find(DATASET_GROUP, name):
        for solution in list(hook.summaries(SOLUTION, datasetGroupArn=group)):
            for campaign in list(hook.summaries(CAMPAIGN, solutionArn=solution["solutionArn"])):
                _remove(hook, CAMPAIGN, campaign["campaignArn"])
        for kind in CONTENTS:
            for summary in list(hook.summaries(kind, datasetGroupArn=group)):
                _remove(hook, kind, summary[kind.arn_member])
        _remove(hook, DATASET_GROUP, group)
    for summary in list(hook.summaries(SCHEMA)):
        if summary["name"].startswith(name):
            hook.conn.delete_schema(schemaArn=summary["schemaArn"])
    s3 = S3Hook()
    if keys := s3.list_keys(BUCKET, prefix=f"{PREFIX}/{example}/"):
        s3.delete_objects(BUCKET, keys)


def _write(key: str, text: str) -> str:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    S3Hook().load_string(text, key, BUCKET, replace=True)
    return f"s3://{BUCKET}/{key}"


def _made(hook: PersonalizeHook, kind: Kind, **request: Any) -> str:
    """The ARN of a new resource, once it is ACTIVE."""
    arn: str = getattr(hook.conn, f"create_{kind.name}")(**request)[kind.arn_member]
    waiting = {"Delay": DELAY, "MaxAttempts": 7200 // DELAY}
    hook.get_waiter(f"{kind.name}_active").wait(**{kind.arn_member: arn}, WaiterConfig=waiting)
    return arn


def _trained(hook: PersonalizeHook, name: str, group: str, recipe: str) -> str:
    solution = _made(
        hook, SOLUTION, name=name, datasetGroupArn=group, recipeArn=f"arn:aws:personalize:::recipe/{recipe}",
        performAutoTraining=False,
    )  # fmt: skip
    return _made(hook, SOLUTION_VERSION, solutionArn=solution)


def _remove(hook: PersonalizeHook, kind: Kind, arn: str) -> None:
    getattr(hook.conn, f"delete_{kind.name}")(**{kind.arn_member: arn})
    waiting = {"Delay": DELAY, "MaxAttempts": 3600 // DELAY}
    hook.get_waiter(f"{kind.name}_deleted").wait(**{kind.arn_member: arn}, WaiterConfig=waiting)
