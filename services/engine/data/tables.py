"""Rows of datasets as Arrow tables of their schema's columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.engine.data.ids import encode
from services.engine.data.records import Stored, linked
from services.engine.schemas import DatasetSchema

_ARROW_TYPES = {
    "string": "string", "float": "float32", "double": "float64", "int": "int32", "long": "int64", "boolean": "bool",
}  # fmt: skip


def arrow_schema(schema: DatasetSchema) -> Any:
    """The Arrow schema of a dataset's rows."""
    import pyarrow as pa

    return pa.schema([pa.field(column.name, pa.type_for_alias(_ARROW_TYPES[column.type])) for column in schema.columns])


def read(parts: Sequence[Path], schema: DatasetSchema) -> Any:
    """The rows of parts, in their order; a column that a part is older than is null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = arrow_schema(schema)
    return joined(*(_fitted(pq.read_table(part), wanted) for part in parts), pa.table([[]] * len(wanted), wanted))


def of_rows(rows: Iterable[Mapping[str, Any]], schema: DatasetSchema) -> Any:
    """Rows that are mappings by column name."""
    import pyarrow as pa

    return pa.Table.from_pylist([*rows], schema=arrow_schema(schema))


def events(stored: Iterable[Stored]) -> list[dict[str, Any]]:
    """The interactions among records of events, each of the user whose it turned out to be."""
    usable = (one.record for one in linked(stored) if one.record.cells.get("ITEM_ID"))
    return [record.cells | {"USER_ID": record.subject} for record in usable]


def joined(*tables: Any) -> Any:
    """The rows of all tables, in order."""
    import pyarrow as pa

    return pa.concat_tables(tables)


def distinct(table: Any) -> Any:
    """The rows, each of several equal ones once, at the place of the first."""
    return table.group_by(table.column_names, use_threads=False).aggregate([])


def newest(table: Any, id_column: str) -> Any:
    """The last row of each id, by id."""
    ids, places = encode(table[id_column])
    last = np.empty(len(ids), np.int64)
    last[places] = np.arange(len(places))
    return table.take(last)


def _fitted(table: Any, wanted: Any) -> Any:
    import pyarrow as pa

    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)
