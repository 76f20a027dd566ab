"""The tasks of the maintain DAG. Each lists what it deleted, or would delete, in its receipt."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import Param, get_current_context, task

from airflow_personalize.hooks.personalize import PersonalizeHook
from aisle.dag.defaults import run_key_of_context
from aisle.ops.receipts import receipt
from aisle.settings import get_settings
from aisle.stages.maintain import files, rows, solutions
from aisle.stages.maintain.terms import Terms, terms
from aisle.warehouse import connect, warehouse_url

log = logging.getLogger(__name__)

PARAMS: dict[str, Param] = {
    "dry_run": Param(
        False, type="boolean", description="List in the receipts what would be deleted, and delete nothing"
    )
}


@task
def remove_files(params: Any = None) -> int:
    """Delete files on S3 past their retention, and unfinished uploads."""
    s3, bucket, dry_run = S3Hook().get_conn(), get_settings().storage.bucket, params["dry_run"]
    with receipt(run_key_of_context(), "maintain", "files") as slip:
        with connect() as connection:
            used = files.in_use(connection)
        removed = files.remove_files(s3, bucket, _terms(), used, dry_run=dry_run)
        uploads = files.abort_uploads(s3, bucket, _terms().orphans, dry_run=dry_run)
        slip.rows_out, slip.bytes = sum(removed.folders.values()), removed.n_bytes
        slip.details = {"dry_run": dry_run, "folders": removed.folders, "uploads": uploads}
    return slip.rows_out


@task
def remove_rows(params: Any = None) -> int:
    """Delete rows past their retention, and orphaned staging tables."""
    dry_run = params["dry_run"]
    with receipt(run_key_of_context(), "maintain", "rows") as slip:
        gone = rows.remove_rows(_terms(), dry_run=dry_run)
        tables = rows.drop_orphans(_terms().orphans, dry_run=dry_run)
        slip.rows_out = sum(sum(by_run.values()) for by_run in gone.values())
        slip.details = {"dry_run": dry_run, "rows": gone, "tables": tables}
    return slip.rows_out


@task
def remove_solutions(params: Any = None) -> list[str]:
    """List solutions that nothing uses, and delete them if the settings say so."""
    dry_run = params["dry_run"] or not get_settings().maintain.delete_unknown_solutions
    with receipt(run_key_of_context(), "maintain", "solutions") as slip:
        arns = solutions.remove_solutions(PersonalizeHook(), _terms().rows, dry_run=dry_run)
        slip.rows_out = len(arns)
        slip.details = {"dry_run": dry_run, "solutions": arns}
    if arns and dry_run:
        log.warning("nothing uses these solutions, and they were not deleted: %s", ", ".join(arns))
    return arns


@task
def tidy(params: Any = None) -> None:
    """Vacuum and analyze what was deleted from."""
    if params["dry_run"]:
        return
    with receipt(run_key_of_context(), "maintain", "tidy"):
        rows.tidy(warehouse_url())


def _terms() -> Terms:
    """Return the cut-offs by the run's own time, so that a retry has those of its first attempt."""
    context: Any = get_current_context()
    return terms(get_settings().maintain, context["dag_run"].run_after)
