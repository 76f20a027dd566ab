"""Steps of the DAGs `resources` and `teardown`."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import task

from airflow_personalize.hooks.personalize import PersonalizeHook
from aisle.dag.defaults import run_key_of_context
from aisle.groups.environment_file import load
from aisle.ops.receipts import receipt
from aisle.resources.apply import apply, plans
from aisle.resources.live import Service
from aisle.resources.teardown import contents, empty, plan_teardown, tear_down
from aisle.settings import get_settings

log = logging.getLogger(__name__)


def _service() -> Service:
    return Service(PersonalizeHook().conn, get_settings().personalize.poll_seconds)


def _file(params: dict[str, Any]) -> str:
    return str(params["file"] or get_settings().personalize.resources_file)


@task
def plan_resources(params: Any = None) -> list[dict[str, Any]]:
    """Compare the file with the service. Log and return the plans."""
    group_plans = plans(_service(), load(_file(params)))
    for plan in group_plans:
        log.info("%s", "\n".join(plan.lines()))
    return [plan.as_dict() for plan in group_plans]


@task
def apply_resources(params: Any = None) -> list[dict[str, Any]]:
    """Apply the plans, unless this is a dry run. Return the changes that are left."""
    service, environment = _service(), load(_file(params))
    if params["dry_run"]:
        log.info("A dry run: nothing was changed.")
        return [plan.as_dict() for plan in plans(service, environment)]
    with receipt(run_key_of_context(), "resources", "apply") as slip:
        done = apply(service, environment, prune=params["prune"])
        slip.rows_out = sum(len(plan.of("create", "update", "replace")) for plan in done)
        slip.details = {"file": _file(params), "groups": [plan.group for plan in done]}
    return [plan.as_dict() for plan in plans(service, environment)]


@task
def plan_removal(params: Any = None) -> dict[str, Any]:
    """Log and return what would be deleted and what stays."""
    teardown = plan_teardown(_service(), params["group"])
    log.info("%s", "\n".join(teardown.lines()))
    return teardown.as_dict()


@task
def remove_group(params: Any = None) -> None:
    """Delete the group with all that is in it, unless this is a dry run."""
    if params["dry_run"]:
        log.info("A dry run: nothing was changed.")
        return
    with receipt(run_key_of_context(), "teardown", "group") as slip:
        done = tear_down(_service(), params["group"], confirm=params["confirm"])
        slip.rows_out = len(done.removed)
        slip.details = done.as_dict()


@task
def empty_bucket(params: Any = None) -> None:
    """Delete every file of the bucket if that was asked for, unless this is a dry run."""
    bucket = params["empty_bucket"]
    if not bucket:
        log.info("No bucket was named: files stay.")
        return
    s3 = S3Hook().get_conn()
    if params["dry_run"]:
        held = contents(s3, bucket)
        log.info("A dry run: bucket %s keeps its %s files, %s bytes.", bucket, held.n_files, held.n_bytes)
        return
    with receipt(run_key_of_context(), "teardown", "bucket") as slip:
        removed = empty(s3, bucket, confirm=bucket)
        slip.rows_out, slip.bytes = removed.n_files, removed.n_bytes
