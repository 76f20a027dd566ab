"""The tasks of the events DAG: fetch the newest orders, send what waits for each group, say how the run went."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Param, task
from airflow.sdk.exceptions import AirflowSkipException
from botocore.config import Config

from airflow_personalize.hooks.personalize import PersonalizeEventsHook
from aisle.dag.assets import EVENTS, RAW_ORDERS
from aisle.dag.company_api import company_api
from aisle.dag.defaults import run_key_of_context
from aisle.dag.groups import asset_of
from aisle.dag.xcom import to_xcom
from aisle.errors import FinalError
from aisle.groups.dataset_group import dataset_group
from aisle.ops.receipts import receipt
from aisle.orders.archive import Archive
from aisle.outbox import queue
from aisle.outbox.sender import Sender
from aisle.pipeline import PERSONALIZE
from aisle.settings import get_settings
from aisle.stages.events.tail import Tail
from aisle.stages.events.tracker import find_tracking_id
from aisle.warehouse import connect, warehouse_url

if TYPE_CHECKING:
    from aisle.groups.dataset_group import DatasetGroup
    from aisle.outbox.queue import Backlog
    from aisle.outbox.sender import Sender, Sent

log = logging.getLogger(__name__)

REPLAY_PARAM = {
    "replay_dead": Param(False, type="boolean", description="Send the events again that were refused too often.")
}
_TIME_LIMIT = timedelta(minutes=15)
#: The next run is a minute away: waiting longer than that for another try would only keep it waiting, too.
_SOON: dict[str, Any] = {"retries": 1, "retry_delay": timedelta(seconds=2), "retry_exponential_backoff": 0}


@task(execution_timeout=_TIME_LIMIT, **_SOON)
def tail() -> dict[str, int]:
    """Land the newest orders, which queues their purchases; skipped if there are none.

    Before that, what waits for groups that have left the file is withdrawn, and what users did is queued.
    """
    settings = get_settings()
    archive = Archive(S3Hook().get_conn(), settings.storage.bucket, run_key_of_context())
    with company_api(settings.ingest) as api, psycopg.connect(warehouse_url(), autocommit=True) as connection:
        if n_withdrawn := queue.withdraw_departed(connection):
            log.info("%d events withdrawn that waited for groups which the file has no more", n_withdrawn)
        queued = queue.queue_interactions(connection)
        log.info("%d interactions seen, of which services are told %d", queued.n_seen, queued.n_events)
        landed = Tail(api, archive, connection, settings).pull()
    if not landed.orders_changed:
        raise AirflowSkipException(f"no order is new since the last look: {landed}")
    return to_xcom(landed)


def send(group: DatasetGroup) -> Any:
    """Create the task that sends a group's waiting events, whether the tail succeeded or not."""
    task_id = "send" if group.is_first else f"send_{group.name}"
    return _send_waiting.override(task_id=task_id, outlets=[asset_of(group, EVENTS)])(group.name)


@task(inlets=[RAW_ORDERS], pool=PERSONALIZE, trigger_rule="all_done", execution_timeout=_TIME_LIMIT, **_SOON)
def _send_waiting(group_name: str, params: Any = None) -> dict[str, Any]:
    """Send what waits in the outbox for a group; skipped if nothing does."""
    group = dataset_group(group_name)
    before = _sorted_backlog(group, replays=params["replay_dead"])
    if not before.n_waiting:
        raise AirflowSkipException(f"no event waits; {before.n_held} are held, {before.n_dead} are dead")
    return _send(group, before)


def _sorted_backlog(group: DatasetGroup, *, replays: bool) -> Backlog:
    """Return the backlog after events that cannot be sent, or are not the group's, were sorted out."""
    with connect() as connection:
        if replays:
            log.info("%d dead events wait again", queue.replay_dead(connection, group.name))
        if n_aside := queue.put_aside(connection, group.name):
            log.warning("%d events cannot be sent and are dead; `aisle events replay --dry-run` gives reasons", n_aside)
        outcome = queue.sort(connection, group)
        if outcome != queue.Sorted(0, 0, 0):
            counts = (outcome.n_theirs, outcome.n_held, outcome.n_withdrawn)
            log.info("%d events are the group's, %d are held, %d withdrawn", *counts)
        return queue.backlog(connection, group.name)


def outcome() -> Any:
    """Create the task that fails the run if a task failed. Airflow does not start it, so it costs nothing."""
    return EmptyOperator(task_id="outcome", trigger_rule="none_failed")


def _send(group: DatasetGroup, before: Backlog) -> dict[str, Any]:
    sender = _sender(group, url := warehouse_url())
    with receipt(run_key_of_context(), "events", group.key("sent"), url) as slip:
        sent = sender.send_waiting(before.seen_at)
        slip.rows_in, slip.rows_out = sent.n_sent + sent.n_refused, sent.n_sent
        slip.details = asdict(sent) | {"p95_delay_seconds": _p95_delay(group, url, before)}
    log.info("%d events sent, %d refused, %d of them dead: %s", sent.n_sent, sent.n_refused, sent.n_dead, sent.reasons)
    _fail_if_nothing_accepted(group, sent)
    return slip.details


def _sender(group: DatasetGroup, url: str) -> Sender:
    """Return the sender of a group. Skips the task if the group has no interactions yet for events to join."""
    tracking_id = find_tracking_id(group)
    if tracking_id is None:
        raise AirflowSkipException(
            f"the dataset group {group.name} has no interactions yet: the events wait for the first "
            f"`{group.dag_id('export')}`"
        )
    settings = get_settings().events
    # Short, because an ingest that changes an event waits for the sender that has locked it.
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        connect_timeout=5,
        read_timeout=15,
        max_pool_connections=settings.senders,
    )
    client = PersonalizeEventsHook(config=config).conn
    return Sender(client, tracking_id, url, group.name, senders=settings.senders, attempts=settings.attempts)


def _p95_delay(group: DatasetGroup, url: str, before: Backlog) -> float:
    """Return the p95 of the seconds from row to acknowledgement. Log a warning above the limit of the settings."""
    with connect(url) as connection:
        seconds = queue.p95_delay_seconds(connection, group.name, before.seen_at)
    allowed = get_settings().events.max_delay_seconds
    if seconds > allowed:
        log.warning(
            "p95 from row to PutEvents is %.1f s, more than %d s: was this DAG or the service down?", seconds, allowed
        )
    return seconds


def _fail_if_nothing_accepted(group: DatasetGroup, sent: Sent) -> None:
    """Raise FinalError if the service refused every event."""
    if sent.n_refused and not sent.n_sent:
        tracker = "AISLE_EVENTS__TRACKING_ID" if group.is_first else f"the tracker of {group.name}"
        raise FinalError(
            f"Sending {sent.n_refused} events: the service refused all of them, {sent.n_dead} for the last time: "
            f"{sent.reasons}. If it is the tracker, see to {tracker}; then run with replay_dead."
        )
