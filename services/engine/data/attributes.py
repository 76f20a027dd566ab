"""Attributes of items or users: the columns of a dataset by sorted id, in a form that masks are computed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from services.engine.data.ids import Ids, encode, look_up, places_of
from services.engine.recipes.histories import Ints
from services.engine.schemas import DatasetSchema

SEPARATOR = "|"  # between the values of one cell


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of text: each row's place among the distinct cells, -1 for null. `a|b` is one cell with two values."""

    codes: Ints
    cells: tuple[str, ...]

    def take(self, rows: Ints) -> Texts:
        """Return the cells of some rows; row -1 is null."""
        if not len(self.codes):
            return Texts(np.full(len(rows), -1, np.int32), self.cells)
        return Texts(np.where(rows >= 0, self.codes[rows], -1), self.cells)

    def holding(self, values: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return which rows hold any of `values`, compared exactly and with regard to case; null holds none."""
        accepted = set(values)
        holds = [not accepted.isdisjoint(cell.split(SEPARATOR)) for cell in self.cells]
        return np.array([*holds, False])[self.codes]  # the last is that of code -1, null


#: Numbers are float64, NaN for null: exact for integers up to 2 ** 53.
Column = Texts | npt.NDArray[np.float64]


@dataclass(frozen=True)
class Attributes:
    """Rows of Items or Users by id. Shapes   ids (n,) sorted unless aligned; every column (n,)."""

    ids: Ids
    columns: Mapping[str, Column] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> Attributes:
        return cls(np.empty(0, dtype=np.bytes_))

    @classmethod
    def of_table(cls, table: Any, id_column: str) -> Attributes:
        """Read the attributes from an Arrow table with one row per id; booleans become 1 and 0."""
        ids, places = encode(table[id_column])
        order = np.argsort(places)
        names = [name for name in table.column_names if name != id_column]
        return cls(ids, {name: _column(table[name].take(order)) for name in names})

    def align(self, ids: Ids) -> Attributes:
        """Return the columns for other ids, in their order; null where an id has no row here."""
        rows = places_of(self.ids, ids)
        return Attributes(ids, {name: take(column, rows) for name, column in self.columns.items()})

    def row(self, key: str) -> dict[str, str | float]:
        """Return the cells of one id that are not null; an unknown id has none."""
        place = int(look_up(self.ids, [key])[0])
        if place < 0:
            return {}
        cells = {name: _cell(column, place) for name, column in self.columns.items()}
        return {name: cell for name, cell in cells.items() if cell is not None}

    def put(self, rows: Mapping[str, Mapping[str, Any]], schema: DatasetSchema) -> Attributes:
        """Return attributes with some rows added or replaced, and with the columns of the schema.

        Copies each column once, whatever the number of rows, and encodes nothing again.
        """
        if not rows:
            return self
        keys = sorted(rows, key=str.encode)
        ids, before, places = _with_keys(self.ids, np.array([key.encode() for key in keys], np.bytes_))
        columns = {}
        for cell in schema.metadata:
            column = self.columns.get(cell.name, _nulls(cell.type, len(self.ids)))
            columns[cell.name] = _replaced(column, before, places, [rows[key].get(cell.name) for key in keys])
        return Attributes(ids, columns)


def take(column: Column, rows: Ints) -> Column:
    """Return the cells of some rows; row -1 is null."""
    if isinstance(column, Texts):
        return column.take(rows)
    if not len(column):
        return np.full(len(rows), np.nan)
    return np.asarray(np.where(rows >= 0, column[rows], np.nan), np.float64)


def _cell(column: Column, place: int) -> str | float | None:
    if isinstance(column, Texts):
        code = int(column.codes[place])
        return column.cells[code] if code >= 0 else None
    return None if np.isnan(column[place]) else float(column[place])


def _column(cells: Any) -> Column:
    if pa.types.is_string(cells.type) or pa.types.is_dictionary(cells.type):
        encoded = pc.cast(cells, "string").combine_chunks().dictionary_encode()
        codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
        return Texts(codes, tuple(encoded.dictionary.to_pylist()))
    return np.asarray(pc.cast(cells, "float64", safe=False).to_numpy(zero_copy_only=False), np.float64)


def _with_keys(ids: Ids, keys: Ids) -> tuple[Ids, Ints, Ints]:
    """Merge keys into sorted ids. Return them, the place of each among the old ids (-1: none), and the keys' places."""
    missing = keys[places_of(ids, keys) < 0]
    at = np.searchsorted(ids, missing)
    merged = np.insert(ids.astype(np.promote_types(ids.dtype, keys.dtype), copy=False), at, missing)
    return merged, np.insert(np.arange(len(ids)), at, -1), places_of(merged, keys)


def _nulls(avro_type: str, n_rows: int) -> Column:
    """Build a column of nulls."""
    return Texts(np.full(n_rows, -1, np.int32), ()) if avro_type == "string" else np.full(n_rows, np.nan)


def _replaced(column: Column, before: Ints, places: Ints, put: Sequence[Any]) -> Column:
    """Return a column for other rows: row n is that of `before[n]`, except for the cells put at `places`."""
    if isinstance(column, Texts):
        numbered = {cell: number for number, cell in enumerate(column.cells)}
        for cell in put:
            if cell is not None:
                numbered.setdefault(cell, len(numbered))
        codes = column.take(before).codes
        codes[places] = [numbered.get(cell, -1) for cell in put]
        return Texts(codes, tuple(numbered))
    numbers = np.array(take(column, before))
    numbers[places] = [np.nan if cell is None else float(cell) for cell in put]
    return numbers
