"""One attempt of a task: the operator is run as a worker would run it, in place or by way of its trigger."""

from __future__ import annotations

import asyncio
from pkgutil import resolve_name
from typing import Any, Literal

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.exceptions import TaskDeferralError, TaskDeferred
from airflow.triggers.base import BaseTrigger

Mode = Literal["in place", "deferred"]
MODES: tuple[Mode, ...] = ("in place", "deferred")


class TaskInstance:
    """What operators ask of their task instance: to keep what they push."""

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any, **_: Any) -> None:
        self.pushed[key] = value


def attempt(operator: BaseOperator) -> Any:
    """What the task returns. A task that defers is taken through its trigger, which really runs."""
    context: Any = {"ti": TaskInstance(), "task_instance": TaskInstance(), "task": operator}
    resume, arguments = operator.execute, {}
    while True:
        try:
            return resume(context, **arguments)
        except TaskDeferred as deferral:
            resume = getattr(operator, deferral.method_name)
            arguments = {**(deferral.kwargs or {}), "event": _fire(deferral.trigger)}


def _fire(trigger: BaseTrigger) -> Any:
    """The first event of a trigger, on the other side of its way to the triggerer."""
    path, form = trigger.serialize()
    arrived = resolve_name(path)(**form)
    try:
        return asyncio.run(_first_event(arrived))
    except Exception as error:
        # As the scheduler does it: a trigger that breaks fails its task, whatever the reason.
        raise TaskDeferralError(f"Trigger failure: {error}") from error


async def _first_event(trigger: BaseTrigger) -> Any:
    async for event in trigger.run():
        return event.payload
    raise TaskDeferralError("the trigger ended without an event")
