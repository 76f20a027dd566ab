"""The tasks of the events DAG: fetch the newest orders, send what waits, say how the run went."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, task
from airflow.sdk.exceptions import AirflowSkipException

from aisle.assets import EVENTS, RAW_ORDERS
from aisle.dag_defaults import run_key_of_context
from aisle.errors import FinalError
from aisle.settings import get_settings

if TYPE_CHECKING:
    from aisle.events.outbox import Backlog
    from aisle.events.sender import Sender, Sent

log = logging.getLogger(__name__)

REPLAY_PARAM = {
    "replay_dead": Param(False, type="boolean", description="Send the events again that were refused too often.")
}
_TIME_LIMIT = timedelta(minutes=15)
#: The next run is a minute away: waiting longer than that for another try would only keep it waiting, too.
_SOON: dict[str, Any] = {"retries": 1, "retry_delay": timedelta(seconds=2), "retry_exponential_backoff": 0}


@task(execution_timeout=_TIME_LIMIT, **_SOON)
def tail() -> dict[str, int]:
    """Land the newest orders, which queues their purchases; skipped if there are none."""
    import psycopg
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from aisle.events.tail import Tail
    from aisle.ingest.archive import Archive
    from aisle.ingest.tasks import company_api
    from aisle.warehouse import warehouse_url

    settings = get_settings()
    archive = Archive(S3Hook().get_conn(), settings.storage.bucket, run_key_of_context())
    with company_api(settings.ingest) as api, psycopg.connect(warehouse_url(), autocommit=True) as connection:
        landed = Tail(api, archive, connection, settings).pull()
    if not landed.orders_changed:
        raise AirflowSkipException(f"no order is new since the last look: {landed}")
    return landed._asdict()


@task(inlets=[RAW_ORDERS], outlets=[EVENTS], trigger_rule="all_done", execution_timeout=_TIME_LIMIT, **_SOON)
def send(params: Any = None) -> dict[str, Any]:
    """Send what waits in the outbox, whether the tail succeeded or not; skipped if nothing does."""
    from aisle.events import outbox
    from aisle.warehouse import connect

    with connect() as connection:
        if params["replay_dead"]:
            log.info("%d dead events wait again", outbox.replay_dead(connection))
        before = outbox.backlog(connection)
    if not before.n_waiting:
        raise AirflowSkipException(f"no event waits; {before.n_dead} are dead")
    return _send(before)


def verdict() -> Any:
    """What makes the run fail if one of its tasks has. Airflow does not start it: it costs nothing."""
    from airflow.providers.standard.operators.empty import EmptyOperator

    return EmptyOperator(task_id="verdict", trigger_rule="none_failed")


def _send(before: Backlog) -> dict[str, Any]:
    from aisle.receipts import receipt
    from aisle.warehouse import warehouse_url

    sender = _sender(url := warehouse_url())
    with receipt(run_key_of_context(), "events", "sent", url) as slip:
        sent = sender.send_waiting(before.seen_at)
        slip.rows_in, slip.rows_out = sent.n_sent + sent.n_refused, sent.n_sent
        slip.details = sent._asdict() | {"p95_delay_seconds": _p95_delay(url, before)}
    log.info("%d events sent, %d refused, %d of them dead: %s", *sent)
    _refuse_silence(sent)
    return slip.details


def _sender(url: str) -> Sender:
    """The sender of this line. A skip where there is nothing yet for events to join."""
    from botocore.config import Config

    from aisle.aws.hooks.personalize_events import PersonalizeEventsHook
    from aisle.events.sender import Sender
    from aisle.events.tracker import find_tracking_id

    tracking_id = find_tracking_id()
    if tracking_id is None:
        raise AirflowSkipException("the dataset group has no interactions yet: the events wait for the first `export`")
    settings = get_settings().events
    # Short, because an ingest that wants to change an event waits for the sender that holds it.
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        connect_timeout=5,
        read_timeout=15,
        max_pool_connections=settings.senders,
    )
    client = PersonalizeEventsHook(config=config).conn
    return Sender(client, tracking_id, url, senders=settings.senders, attempts=settings.attempts)


def _p95_delay(url: str, before: Backlog) -> float:
    """Seconds from row to acknowledgement, remarked on where they are more than the settings allow."""
    from aisle.events import outbox
    from aisle.warehouse import connect

    with connect(url) as connection:
        seconds = outbox.p95_delay_seconds(connection, before.seen_at)
    allowed = get_settings().events.max_delay_seconds
    if seconds > allowed:
        log.warning(
            "p95 from row to PutEvents is %.1f s, more than %d s: was this DAG or the service down?", seconds, allowed
        )
    return seconds


def _refuse_silence(sent: Sent) -> None:
    """A run in which nothing at all was accepted is no success, whatever each event may be guilty of."""
    if sent.n_refused and not sent.n_sent:
        raise FinalError(
            f"Sending {sent.n_refused} events: the service refused all of them, {sent.n_dead} for the last time: "
            f"{sent.reasons}. If it is the tracker, see to AISLE_EVENTS__TRACKING_ID; then run with replay_dead."
        )
