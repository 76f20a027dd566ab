"""Rows of datasets as Arrow tables with the columns of their schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from services.engine.data.ids import encode
from services.engine.data.records import Stored, linked
from services.engine.schemas import DatasetSchema

_ARROW_TYPES = {
    "string": "string", "float": "float32", "double": "float64", "int": "int32", "long": "int64", "boolean": "bool",
}  # fmt: skip


def arrow_schema(schema: DatasetSchema) -> Any:
    """Return the Arrow schema of a dataset's rows."""
    return pa.schema([pa.field(column.name, pa.type_for_alias(_ARROW_TYPES[column.type])) for column in schema.columns])


def read(parts: Sequence[Path], schema: DatasetSchema) -> Any:
    """Read the rows of parts, in order; a column that was added after a part was written is null in it."""
    target = arrow_schema(schema)
    return joined(*(_fitted(pq.read_table(part), target) for part in parts), pa.table([[]] * len(target), target))


def of_rows(rows: Iterable[Mapping[str, Any]], schema: DatasetSchema) -> Any:
    """Build a table of rows that are mappings by column name."""
    return pa.Table.from_pylist([*rows], schema=arrow_schema(schema))


def events(stored: Iterable[Stored]) -> list[dict[str, Any]]:
    """Return the events that name an item, each with the user that its session turned out to belong to."""
    return [
        event.record.cells | {"USER_ID": event.record.subject}
        for event in linked(stored)
        if event.record.cells.get("ITEM_ID")
    ]


def joined(*tables: Any) -> Any:
    """Return the rows of all tables, in order."""
    return pa.concat_tables(tables)


def distinct(table: Any) -> Any:
    """Return the distinct rows, in order of first occurrence."""
    return table.group_by(table.column_names, use_threads=False).aggregate([])


def newest(table: Any, id_column: str) -> Any:
    """Return the last row of each id, in order of ids."""
    ids, places = encode(table[id_column])
    last = np.empty(len(ids), np.int64)
    last[places] = np.arange(len(places))
    return table.take(last)


def _fitted(table: Any, target: Any) -> Any:
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in target
    ]
    return pa.table(columns, schema=target)
