"""One dataset as the CSV that Personalize imports, streamed from PostgreSQL to S3.

Reads  one mart.
Writes s3://<bucket>/export/<group's folder><dataset>/<run key>/<dataset>.csv and its row of ops.exports.
"""

from __future__ import annotations

from typing import Any

import psycopg

from airflow_postgres_s3.copy_to_s3 import Copied, RecordFormat, copy_to_s3
from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.personalize import INTERACTIONS, Dataset
from aisle.contracts.s3_layout import export_csv
from aisle.errors import ContractBroken
from aisle.groups.dataset_group import DatasetGroup
from aisle.warehouse import sql
from personalize_kinds.limits import MAX_CATEGORICAL_LENGTH, MAX_TEXTUAL_LENGTH, MIN_INTERACTIONS

#: What a mart may hold, by the name in its SQL.
LIMITS = {
    "max_id_length": LONGEST_ID,
    "max_categorical_length": MAX_CATEGORICAL_LENGTH,
    "max_textual_length": MAX_TEXTUAL_LENGTH,
}


def export_dataset(
    connection: psycopg.Connection, s3: Any, bucket: str, group: DatasetGroup, dataset: Dataset, run_key: str
) -> Copied:
    """Check a group's rows of a mart against the contract, write the CSV, note it in ops.exports, all in one snapshot.

    Raises ContractBroken before a byte is uploaded if a value would be refused.
    """
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    select = _sql(group, dataset, "select")
    _check_columns(connection, dataset, select)
    _check_values(connection, group, dataset)
    key = export_csv(dataset.name, run_key, group.folder)
    copied = copy_to_s3(connection, select, RecordFormat.PERSONALIZE_CSV, s3, bucket, key, {})
    row = {"dataset": group.key(dataset.name), "run_key": run_key, **copied._asdict()}
    connection.execute(sql("ops/exports/upsert").encode(), row)
    return copied


def check_size(group: DatasetGroup, dataset: Dataset, copied: Copied) -> None:
    """A group that has part of the marts may have too little of them: raises ContractBroken, before it is imported.

    What the marts must have as a whole is asked by their gate.
    """
    needed = MIN_INTERACTIONS if dataset is INTERACTIONS else 1
    if group.described.where.restricts(dataset.name) and copied.n_rows < needed:
        raise ContractBroken(
            f"Exporting {dataset.name} of group {group.name}: its `where` leaves {copied.n_rows} rows, the service "
            f"asks for {needed}. Widen it, or take the group out of the file until there are more."
        )


def _sql(group: DatasetGroup, dataset: Dataset, verb: str) -> str:
    return sql(f"export/{dataset.name}/{verb}", **{dataset.name: group.mart(dataset.name)})


def _check_columns(connection: psycopg.Connection, dataset: Dataset, select: str) -> None:
    """Raise ContractBroken unless the query's columns are the schema's, in its order: they become the header."""
    description = connection.execute(f"{select} limit 0".encode(), {}).description or []
    header = ",".join(column.name for column in description)
    if header != dataset.header:
        raise ContractBroken(
            f"Exporting {dataset.name}: `select` in include/sql/export/{dataset.name}.sql gives the columns {header}, "
            f"but the schema has {dataset.header}. Make the two agree."
        )


def _check_values(connection: psycopg.Connection, group: DatasetGroup, dataset: Dataset) -> None:
    violations = connection.execute(_sql(group, dataset, "violations").encode(), LIMITS).fetchall()
    if violations:
        listing = "; ".join(
            f"{column} of {row} has {n_characters or 'no'} characters (1 to {max_characters} are allowed)"
            for column, row, n_characters, max_characters in violations
        )
        raise ContractBroken(
            f"Exporting {dataset.name}: {listing}. Personalize would refuse the import: fix personalize.{dataset.name}."
        )
