"""The rows of a dataset of one group, as Personalize takes them: the query of its CSV, checked before it is written."""

from __future__ import annotations

import psycopg

from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.personalize import Dataset
from aisle.errors import ContractBroken
from aisle.groups.dataset_group import DatasetGroup
from aisle.warehouse import sql
from personalize_kinds.limits import MAX_CATEGORICAL_LENGTH, MAX_TEXTUAL_LENGTH

#: What a mart may hold, by the name in its SQL.
LIMITS = {
    "max_id_length": LONGEST_ID,
    "max_categorical_length": MAX_CATEGORICAL_LENGTH,
    "max_textual_length": MAX_TEXTUAL_LENGTH,
}


def checked_query(connection: psycopg.Connection, group: DatasetGroup, dataset: Dataset) -> str:
    """Return the query of a dataset's CSV. Run it in the same snapshot: what is checked here is what it then gives.

    Raises ContractBroken if its columns are not the schema's, or if Personalize would refuse a value.
    """
    select = _sql(group, dataset, "select")
    _check_columns(connection, dataset, select)
    _check_values(connection, group, dataset)
    return select


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
