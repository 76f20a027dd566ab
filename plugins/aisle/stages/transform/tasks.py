"""The steps of transform as Airflow tasks, and the receipts they leave."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import Param, task

from aisle.dag.defaults import run_key_of_context
from aisle.ops.receipts import Receipt, receipt, write
from aisle.settings import get_settings
from aisle.stages.transform import project
from aisle.warehouse import warehouse_url

log = logging.getLogger(__name__)

PARAMS: dict[str, Param] = {
    "full": Param(False, type="boolean", description="Compute everything, also where changed orders are enough")
}


@task
def build(params: Any = None) -> None:
    """Build what has changed, or everything, and run the data tests; a broken one fails the task by name."""
    run_key, url = run_key_of_context(), warehouse_url()
    with receipt(run_key, "transform", "build", url) as slip:
        runs = get_settings().transform.runs_directory
        built = project.build(url, runs / run_key, is_full=params["full"])
        slip.details = {"kind": "full" if built.extent.is_full else "incremental", "because": built.extent.reason}
        log.info("%(kind)s build, because %(because)s", slip.details)
        for mart in built.marts:  # dbt has measured them already, so there is no block to time
            write(Receipt(run_key, "transform", mart.name, rows_out=mart.rows, seconds=mart.seconds), url)
    project.forget_old_runs(runs)


@task
def document() -> None:
    """Write the models, their columns and their lineage as one page of the site of reports."""
    settings = get_settings()
    run = settings.transform.runs_directory / run_key_of_context()
    project.document(warehouse_url(), run, settings.docs.directory / "dbt" / "index.html")
