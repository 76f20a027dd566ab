"""
# Maintain

Reads  S3, the schemas ops and cache, Personalize: what is in use.
Writes the same, and the receipts that name all that was removed.

1. remove_files – archived pages, exports, batch input and output past their term; unfinished uploads
2. remove_rows – receipts, results, jobs and retired generations past their term; staging tables left by dead runs
3. remove_solutions – solutions that nothing asks for: named, and deleted only if the settings say so
4. tidy – vacuum and analyze

What is in use stays whatever its age. With `dry_run` everything is named and nothing is removed.
Safe to rerun: the terms are counted from the run's own time, and what is gone stays gone.
"""

from __future__ import annotations

from airflow.sdk import chain, dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.stages.maintain.tasks import PARAMS, remove_files, remove_rows, remove_solutions, tidy


@dag(**stage_dag("maintain", __doc__, clock="maintain"), params={**PARAMS, **RUN_KEY_PARAM})
def maintain() -> None:
    """Remove what nothing stands on any more; files first, because the rows tell what is in use."""
    chain(remove_files(), remove_rows(), tidy())
    remove_solutions()


maintain()
