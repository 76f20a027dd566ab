"""The tasks of the ingest DAG: pull each source, then say so if anything is new."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from aisle.dag.assets import RAW_ORDERS
from aisle.dag.company_api import company_api
from aisle.dag.defaults import run_key_of_context
from aisle.dag.xcom import to_xcom
from aisle.errors import AisleError
from aisle.identity.hashing import PersonHasher
from aisle.identity.phone_forms import keep_forms
from aisle.ops.receipts import receipt
from aisle.orders.archive import Archive
from aisle.orders.drops import Drops
from aisle.orders.inbox import inbox_at
from aisle.orders.ledger import Ledger, changes
from aisle.orders.pull import Puller
from aisle.orders.recheck import Recheck
from aisle.orders.windows import Window, scheduled_windows
from aisle.settings import Ingest, get_settings
from aisle.sources import Source, source_named
from aisle.warehouse import connect, warehouse_url

if TYPE_CHECKING:
    from aisle.orders.ledger import Ledger
    from aisle.orders.pull import Puller
    from aisle.orders.recheck import Recheck
    from aisle.orders.windows import Window

log = logging.getLogger(__name__)


def pull_orders(source: Source) -> Any:
    """Create the task that pulls one source's windows since the watermark."""
    return _pull.override(task_id=f"pull_{source.name}")(source.name)


@task
def _pull(source_name: str) -> dict[str, int]:
    _skip_unless_asked_for(source_name)
    source = source_named(source_name)
    settings, run_key, url = get_settings(), run_key_of_context(), warehouse_url()
    archive = Archive(S3Hook().get_conn(), settings.storage.bucket, run_key)
    with (
        company_api(settings.ingest) as api,
        psycopg.connect(url, autocommit=True) as connection,
        receipt(run_key, "ingest", source.name, url) as slip,
    ):
        ledger = Ledger(connection, source.name, run_key)
        windows = _windows(ledger, settings.ingest)
        hasher = PersonHasher(settings.identity)
        keep_forms(connection, hasher)
        puller = Puller(source, api, archive, hasher, connection)
        pulled = puller.pull(windows, "scheduled")
        total = pulled.total
        slip.rows_in, slip.rows_out, slip.bytes = total.order_items, total.orders_changed, pulled.bytes
        slip.details = {
            "windows": pulled.windows,
            "pages": pulled.pages,
            "watermark": ledger.watermark(settings.ingest.begins_at).isoformat(),
            "gaps": _gaps(ledger, settings.ingest),
            "clock_ahead_seconds": pulled.clock_ahead.total_seconds(),
            **asdict(total),
        }
        recheck = Recheck(source, api, connection, run_key)
        if settings.ingest.recheck_every_days and recheck.is_due(timedelta(days=settings.ingest.recheck_every_days)):
            window = _window_behind_the_overlap(ledger, settings.ingest)
            slip.details["recheck"] = _look(recheck, window, puller, settings.ingest)
    return to_xcom(total)


def _look(recheck: Recheck, window: Window, puller: Puller, settings: Ingest) -> dict[str, Any]:
    """Return the result of the recheck for the receipt. A failed recheck stops no new orders: the next run repeats it.

    The ledger has the window that failed, with its error.
    """
    longest = timedelta(days=settings.max_window_days)
    try:
        return recheck.look(window, partial(puller.pull, kind="recheck"), longest=longest).details()
    except AisleError as error:
        log.error("the look behind the overlap at %s failed, and the next run tries again: %s", window, error)
        return {"failed": str(error)}


def read_drops() -> Any:
    """Create the task that reads the files of orders that were dropped, each once."""
    return _read_drops.override(task_id="read_drops")()


@task
def _read_drops() -> dict[str, Any]:
    settings, run_key, url = get_settings(), run_key_of_context(), warehouse_url()
    if not settings.ingest.drops:
        raise AirflowSkipException("no place is set where files of orders are dropped (AISLE_INGEST__DROPS)")
    s3 = S3Hook().get_conn()
    with (
        psycopg.connect(url, autocommit=True) as connection,
        receipt(run_key, "ingest", "drops", url) as slip,
    ):
        drops = Drops(
            inbox_at(settings.ingest.drops, s3),
            Archive(s3, settings.storage.bucket, run_key),
            PersonHasher(settings.identity),
            connection,
            keep=settings.ingest.keep_drops,
            max_megabytes=settings.ingest.max_drop_megabytes,
        )
        read = drops.read()
        slip.rows_in, slip.rows_out, slip.bytes = read.order_items, read.orders_changed, read.n_bytes
        slip.details = asdict(read)
    return to_xcom(read)


def announce_orders() -> Any:
    """Create the task that emits the asset `raw_orders` if any run has changed an order since it was last emitted.

    The last event carries the count of changes it spoke for: changes of a run that never got here are not forgotten.
    """
    return _announce.override(
        task_id="announce_orders", inlets=[RAW_ORDERS], outlets=[RAW_ORDERS], trigger_rule="none_failed"
    )()


@task
def _announce() -> None:
    context: Any = get_current_context()
    with connect() as connection:
        now = changes(connection)
    events = context["inlet_events"][RAW_ORDERS].ascending(False).limit(1)
    announced = events[0].extra if len(events) else {}
    if now["n_changes"] == 0 or now.items() <= announced.items():
        raise AirflowSkipException(f"no order has changed since the last announcement: {now}")
    context["outlet_events"][RAW_ORDERS].extra = {"run_key": run_key_of_context(), **now}
    log.info("orders have changed: announced were %s, now %s", announced, now)


def _skip_unless_asked_for(source_name: str) -> None:
    context: Any = get_current_context()
    asked_for = context["params"]["source"]
    if asked_for not in ("all", source_name):
        raise AirflowSkipException(f"this run is asked for source {asked_for} only")


def _windows(ledger: Ledger, settings: Ingest) -> list[Window]:
    """Return the windows of this run; they end at the run's own time, never at the task's."""
    context: Any = get_current_context()
    start_at, run_at = settings.begins_at, context["dag_run"].run_after
    overlap, longest = timedelta(hours=settings.overlap_hours), timedelta(days=settings.max_window_days)
    return scheduled_windows(ledger.watermark(start_at), start_at, run_at, overlap=overlap, longest=longest)


def _window_behind_the_overlap(ledger: Ledger, settings: Ingest) -> Window:
    """Return the window that a recheck covers: the days before those that every run fetches again."""
    start_at = settings.begins_at
    end = ledger.watermark(start_at) - timedelta(hours=settings.overlap_hours)
    return Window(max(start_at, end - timedelta(days=settings.recheck_days)), end)


def _gaps(ledger: Ledger, settings: Ingest) -> list[str]:
    """Return the gaps of the ledger for the receipt, and log them."""
    gaps = [str(gap) for gap in ledger.gaps(settings.begins_at)]
    if gaps:
        log.warning("%s has gaps between proven windows: %s; close them with a backfill", ledger.source, gaps)
    return gaps
