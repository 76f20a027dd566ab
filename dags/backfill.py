"""
# Backfill

Reads  the company API, for the span of time that the params give.
Writes asset `raw_orders`, as ingest does; its windows in `ops.ingest_windows` never move the watermark.

1. plan_windows – the span in windows of at most `AISLE_INGEST__MAX_WINDOW_DAYS`, for each source
2. pull_window – one task per window, two at a time
3. announce_orders – emits the asset if any order is new or has changed, so that transform follows

Started by hand. It may run beside the scheduled ingest: a window has one process at a time, and the merge one writer.
Safe to rerun: what the run has proven is not fetched again, and an order that has not changed is not written again.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.stages.backfill.tasks import PARAMS, plan_windows, pull_window
from aisle.stages.ingest.tasks import announce_orders


@dag(**stage_dag("backfill", __doc__), params={**PARAMS, **RUN_KEY_PARAM})
def backfill() -> None:
    """Fetch a span of time again."""
    pull_window.expand(window=plan_windows()) >> announce_orders()


backfill()
