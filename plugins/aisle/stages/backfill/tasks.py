"""The tasks of the backfill DAG: plan the windows, pull each of them."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import psycopg
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import Param, task

from aisle.dag.company_api import company_api
from aisle.dag.defaults import run_key_of_context
from aisle.dag.xcom import from_xcom, to_xcom
from aisle.identity.hashing import PersonHasher
from aisle.ops.receipts import receipt
from aisle.orders.archive import Archive
from aisle.orders.pull import Puller
from aisle.orders.windows import Window, backfill_windows
from aisle.settings import get_settings
from aisle.sources import api_sources, source_named
from aisle.warehouse import warehouse_url

#: Windows that are fetched at a time, so that the company's API keeps some breath for the scheduled ingest.
_AT_A_TIME = 2

PARAMS: dict[str, Param] = {
    "window_start": Param(type="string", format="date-time", description="First order_date to fetch again (ISO 8601)"),
    "window_end": Param(type="string", format="date-time", description="The order_date before which to stop"),
    "source": Param(
        "all",
        type="string",
        enum=["all", *(source.name for source in api_sources())],
        description="Whose orders to pull",
    ),
}


@task
def plan_windows(params: Any = None) -> list[dict[str, Any]]:
    """Cut the span into windows that one fetch may cover, oldest first, for each source that is asked for."""
    longest = timedelta(days=get_settings().ingest.max_window_days)
    windows = backfill_windows(params["window_start"], params["window_end"], longest=longest)
    sources = [source.name for source in api_sources() if params["source"] in ("all", source.name)]
    return [{"source": source, **to_xcom(window)} for window in windows for source in sources]


@task(max_active_tis_per_dagrun=_AT_A_TIME, map_index_template="{{ window['source'] }} {{ window['start'] }}")
def pull_window(window: dict[str, Any]) -> dict[str, int]:
    """Pull one window of one source, unless this run has proven it before."""
    span, run_key = from_xcom(window, Window), run_key_of_context()
    with receipt(run_key, "backfill", f"{window['source']} {span.start.isoformat()}") as slip:
        slip.details = _pull(window["source"], span, run_key)
        slip.rows_in, slip.rows_out = slip.details["order_items"], slip.details["orders_changed"]
    return slip.details


def _pull(source_name: str, window: Any, run_key: str) -> dict[str, int]:
    settings, source = get_settings(), source_named(source_name)
    with psycopg.connect(warehouse_url(), autocommit=True) as connection, company_api(settings.ingest) as api:
        archive = Archive(S3Hook().get_conn(), settings.storage.bucket, run_key)
        puller = Puller(source, api, archive, PersonHasher(settings.identity), connection)
        pulled = puller.pull([window], "backfill")
    return asdict(pulled.total)
