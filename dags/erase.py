"""
# Erase

Reads  one row of `identity.erasure_requests`, by its id: who asked to be forgotten.
Writes every table with a user id, the files on S3, the datasets and models of Personalize; `identity.erasures`; asset
`cache`; asset `raw_orders`, so that transform rebuilds the marts.

1. forget_in_warehouse – one transaction: erasure records, identity, raw, marts, events, the live and the previous cache
2. forget_in_files – archived pages, exports, batch input and output
3. forget_in_folders – reports, dbt's artifacts and task logs of the worker
4. service: list_users, deletion_job, unlist_users – Personalize or the engine forgets too
5. finish – the erasure is certified, the request is blanked

Started by hand, see docs/runbook.md. Orders stay without their person.
Safe to rerun: what is gone stays gone, and a request that is done is skipped.
"""

from __future__ import annotations

from airflow.sdk import chain, dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.stages.erase.tasks import (
    PARAMS,
    finish,
    forget_in_files,
    forget_in_folders,
    forget_in_service,
    forget_in_warehouse,
)


@dag(**stage_dag("erase", __doc__), params={**PARAMS, **RUN_KEY_PARAM})
def erase() -> None:
    """Forget one person everywhere."""
    chain(forget_in_warehouse(), [forget_in_files(), forget_in_folders(), forget_in_service()], finish())


erase()
