"""What all DAGs have in common: owner, retries, run key, schedule.

A DAG file gives only its own step order:

    @dag(**stage_dag("export", __doc__), params=RUN_KEY_PARAM)
    def export(): ...
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, CronTriggerTimetable, Param, get_current_context
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

from aisle.contracts.run_key import checked_run_key, run_key_of
from aisle.dag.alerts import run_failed, task_failed
from aisle.dag.deadlines import deadline_of
from aisle.dag.pools import place_of
from aisle.groups.dataset_group import DatasetGroup
from aisle.pipeline import BY_HAND, PERSONALIZE
from aisle.settings import get_settings

TASK_DEFAULTS: dict[str, Any] = {
    "owner": "aisle",
    "retries": 3,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(hours=6),
    "retry_policy": ExceptionRetryPolicy(rules=[RetryRule("aisle.errors.FinalError", action=RetryAction.FAIL)]),
    "on_failure_callback": task_failed,
}

_LONGEST_WAIT_SECONDS = 12 * 60 * 60
_PATIENCE_SECONDS = 10

RUN_KEY_PARAM: dict[str, Param] = {
    "run_key": Param(
        None,
        type=["null", "string"],
        pattern=r"^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,29}$",
        description="Names this run's S3 prefix, jobs and cache generation. Empty: the run's own time.",
    )
}


def resolve_run_key(dag_run: Any, triggering_asset_events: Any) -> str:
    """The run key: given by hand, else that of the run whose output started this one, else the run's own time."""
    given = (dag_run.conf or {}).get("run_key")
    if given:
        return checked_run_key(given)
    inherited = [
        event.extra["run_key"]
        for events in dict(triggering_asset_events or {}).values()
        for event in events
        if event.extra.get("run_key")
    ]
    return checked_run_key(max(inherited)) if inherited else run_key_of(dag_run.run_after)


def run_key_of_context() -> str:
    """The run key, inside a running task."""
    context: Any = get_current_context()
    return resolve_run_key(context["dag_run"], context.get("triggering_asset_events"))


def asked_by() -> str:
    """Who started the run: the name of a person's login, or how it was started. Inside a running task."""
    run: Any = get_current_context()["dag_run"]
    return run.triggering_user_name or str(run.run_type.value)


def waiting() -> dict[str, Any]:
    """Keyword arguments of the operators that wait: asynchronously, and by the settings' clock."""
    delay = get_settings().personalize.poll_seconds
    return {
        "pool": PERSONALIZE,
        "deferrable": True,
        "inline_poll_seconds": _PATIENCE_SECONDS,
        "waiter_delay": delay,
        "waiter_max_attempts": _LONGEST_WAIT_SECONDS // delay,
    }


def stage_dag(
    stage: str,
    doc: str | None,
    *,
    group: DatasetGroup | None = None,
    follows: Asset | None = None,
    clock: str | None = None,
) -> dict[str, Any]:
    """Return the keyword arguments of `@dag` for one stage, of one group where each has its own.

    It `follows` an asset, or runs by the `clock` of that name: the group's, else that of the settings.
    """
    own_clock = group.schedule(stage) if group else None
    return {
        "dag_id": group.dag_id(stage) if group else stage,
        "doc_md": doc,
        "schedule": [follows] if follows else _ticks_of(own_clock or _cron_of(clock)),
        "catchup": False,
        "max_active_runs": 1,
        "default_args": TASK_DEFAULTS | place_of(stage),
        "tags": ["aisle", stage, *([] if group is None or group.is_first else [f"group:{group.name}"])],
        "dagrun_timeout": timedelta(hours=12),
        "deadline": deadline_of(stage),
        "on_failure_callback": run_failed,
    }


def _cron_of(clock: str | None) -> str:
    return str(getattr(get_settings().schedules, clock)) if clock else BY_HAND


def _ticks_of(cron: str) -> CronTriggerTimetable | None:
    """Return the schedule; None for a DAG that is started by hand only.

    A new DAG waits for its next tick. Airflow would run the last one at once for a DAG with a start date, and, by
    default (3.3.2), also for one that is first seen within a tenth of its period.
    """
    return None if cron == BY_HAND else CronTriggerTimetable(cron, timezone="UTC", run_immediately=timedelta(0))
