"""Alerts: a task that failed for good, a run that was broken off, a run that is late.

Every alert is one line of the log and, where `AISLE_ALERTS__WEBHOOK_URL` is set, one JSON object sent there by POST:

    {"what": "failed", "dag": …, "run": …, "task": …, "reason": …, "link": …}

An alert that cannot be delivered is logged and forgotten: telling of a failure must not become a second one.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Literal
from urllib.parse import quote

import httpx
import msgspec
from airflow.sdk.configuration import conf

from airflow_personalize.exceptions import PersonalizeError
from aisle.errors import AisleError
from aisle.settings import get_settings

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 10
_TRIES = 3
_ENDED = ("success", "failed")


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody must know, and where they can look."""

    what: Literal["failed", "broken off", "late"]
    dag: str
    run: str
    reason: str
    task: str | None = None

    @property
    def link(self) -> str:
        """The page of the task or of the run."""
        base = conf.get("api", "base_url", fallback="http://localhost:8080").rstrip("/")
        run = f"{base}/dags/{self.dag}/runs/{quote(self.run, safe='')}"
        return f"{run}/tasks/{quote(self.task, safe='')}" if self.task else run


def task_failed(context: Any) -> None:
    """For `on_failure_callback` of tasks: called when no try is left."""
    instance = context["task_instance"]
    send(
        Alert(
            what="failed",
            dag=instance.dag_id,
            run=instance.run_id,
            task=instance.task_id,
            reason=_reason(context.get("exception")),
        )
    )


def run_failed(context: Any) -> None:
    """Callback `on_failure_callback` of DAGs. Task failures are already reported by `task_failed`."""
    if context.get("reason") == "task_failure":
        return
    reason = str(context.get("reason") or "the run failed")
    send(Alert(what="broken off", dag=context["dag"].dag_id, run=context["run_id"], reason=reason))


async def run_is_late(context: Any, minutes: float) -> None:
    """Callback of deadlines, in the triggerer, while the run goes on. A failed run is already reported."""
    run = context["dag_run"]
    if run.get("state") in _ENDED:
        return
    reason = f"the run is not over {minutes:g} minutes after it was queued; its state is {run.get('state', 'unknown')}"
    alert = Alert(what="late", dag=run["dag_id"], run=run["dag_run_id"], reason=reason)
    await asyncio.to_thread(send, alert)


def send(alert: Alert) -> bool:
    """Log an alert and give it to the webhook. Whether the webhook, if there is one, has taken it."""
    log.error("%s: %s %s %s: %s", alert.what, alert.dag, alert.run, alert.task or "", alert.reason)
    url = get_settings().alerts.webhook_url.get_secret_value()
    return _post(url, {**msgspec.structs.asdict(alert), "link": alert.link}) if url else True


def _post(url: str, body: dict[str, Any]) -> bool:
    """The URL may hold a token, so it is named in no message."""
    transport = httpx.HTTPTransport(retries=_TRIES - 1)
    try:
        with httpx.Client(transport=transport, timeout=_TIMEOUT_SECONDS) as client:
            client.post(url, json=body).raise_for_status()
    except httpx.HTTPStatusError as error:
        log.warning("the alert webhook answered %s; the alert is in this log only", error.response.status_code)
        return False
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log.warning("the alert webhook could not be reached (%s); the alert is in this log only", type(error).__name__)
        return False
    return True


def _reason(error: BaseException | str | None) -> str:
    """Only these messages are known to hold no personal data; of others the alert has the type."""
    if isinstance(error, AisleError | PersonalizeError):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, BaseException):
        return f"{type(error).__name__}: see the log of the task"
    return "see the log of the task"
