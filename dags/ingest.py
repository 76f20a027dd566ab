"""
# Ingest

Reads  the company API, files of orders.  Writes  asset `raw_orders`.

1. `pull_pos`, `pull_oe` – windows since the watermark, page by page: archived to S3, typed, merged into raw
2. `read_drops` – files of orders that were dropped, each once: read, archived to S3, merged into raw
3. `announce_orders` – emits the asset if any order is new or has changed, else is skipped

Safe to rerun: a window counts only once it is wholly in raw, and an order that has not changed is not written again.
A span of the past is fetched again by the DAG `backfill`.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.sources import api_sources
from aisle.stages.ingest.tasks import announce_orders, pull_orders, read_drops

SOURCE_PARAM = {
    "source": Param(
        "all",
        type="string",
        enum=["all", *(source.name for source in api_sources())],
        description="Whose orders to pull",
    ),
}


@dag(**stage_dag("ingest", __doc__, clock="ingest"), params=SOURCE_PARAM | RUN_KEY_PARAM)
def ingest() -> None:
    [*(pull_orders(source) for source in api_sources()), read_drops()] >> announce_orders()


ingest()
