"""One dataset as the CSV that Personalize imports, streamed from PostgreSQL to S3.

Reads  one mart.
Writes s3://<bucket>/export/<group's folder><dataset>/<run key>/<dataset>.csv and its row of ops.exports.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import psycopg

from airflow_postgres_s3.copy_to_s3 import Copied, RecordFormat, copy_to_s3
from aisle.contracts.personalize import INTERACTIONS, Dataset
from aisle.contracts.s3_layout import export_csv
from aisle.errors import ContractBroken
from aisle.groups.dataset_group import DatasetGroup
from aisle.groups.dataset_rows import checked_query
from aisle.warehouse import sql
from personalize_kinds.limits import MIN_INTERACTIONS


def export_dataset(
    connection: psycopg.Connection, s3: Any, bucket: str, group: DatasetGroup, dataset: Dataset, run_key: str
) -> Copied:
    """Check a group's rows of a mart against the contract, write the CSV, note it in ops.exports, all in one snapshot.

    Raises ContractBroken before a byte is uploaded if a value would be refused.
    """
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    select = checked_query(connection, group, dataset)
    key = export_csv(dataset.name, run_key, group.folder)
    copied = copy_to_s3(connection, select, RecordFormat.PERSONALIZE_CSV, s3, bucket, key, {})
    row = {"dataset": group.key(dataset.name), "run_key": run_key, **asdict(copied)}
    connection.execute(sql("ops/exports/upsert").encode(), row)
    return copied


def check_size(group: DatasetGroup, dataset: Dataset, copied: Copied) -> None:
    """Raise ContractBroken if a group with a part of the marts has too little data for an import.

    What the marts must have as a whole is asked by their gate.
    """
    needed = MIN_INTERACTIONS if dataset is INTERACTIONS else 1
    if group.described.where.restricts(dataset.name) and copied.n_rows < needed:
        raise ContractBroken(
            f"Exporting {dataset.name} of group {group.name}: its `where` leaves {copied.n_rows} rows, the service "
            f"asks for {needed}. Widen it, or take the group out of the file until there are more."
        )
