"""Attributes of items or users: the columns of a dataset by sorted id, in a form that masks are computed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.engine.data.interactions import Ids, encode, look_up
from services.engine.recipes.histories import Ints

SEPARATOR = "|"  # of several values in one cell


class Texts(NamedTuple):
    """A column of text: each row's place among the distinct cells, -1 for null. `a|b` is one cell of two values."""

    codes: Ints
    cells: tuple[str, ...]

    def take(self, rows: Ints) -> Texts:
        """The cells of some rows; row -1 is null."""
        if not len(self.codes):
            return Texts(np.full(len(rows), -1, np.int32), self.cells)
        return Texts(np.where(rows >= 0, self.codes[rows], -1), self.cells)

    def holding(self, values: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Rows of which any value is among `values`, exactly and with regard to case; null holds nothing."""
        wanted = set(values)
        of_cell = [not wanted.isdisjoint(cell.split(SEPARATOR)) for cell in self.cells]
        return np.array([*of_cell, False])[self.codes]


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
        """The attributes in an Arrow table of one row per id; booleans become 1 and 0."""
        ids, places = encode(table[id_column])
        order = np.argsort(places)
        names = [name for name in table.column_names if name != id_column]
        return cls(ids, {name: _column(table[name].take(order)) for name in names})

    def align(self, ids: Ids) -> Attributes:
        """The same columns for other ids, in their order; null where an id has no row here."""
        rows = look_up(self.ids, [key.decode() for key in ids.tolist()])
        return Attributes(ids, {name: take(column, rows) for name, column in self.columns.items()})

    def row(self, key: str) -> dict[str, str | float]:
        """The cells of one id that are not null; nothing for an unknown id."""
        place = int(look_up(self.ids, [key])[0])
        if place < 0:
            return {}
        cells = {name: _cell(column, place) for name, column in self.columns.items()}
        return {name: cell for name, cell in cells.items() if cell is not None}


def take(column: Column, rows: Ints) -> Column:
    """The cells of some rows; row -1 is null."""
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
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(cells.type) or pa.types.is_dictionary(cells.type):
        encoded = pc.cast(cells, "string").combine_chunks().dictionary_encode()
        codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
        return Texts(codes, tuple(encoded.dictionary.to_pylist()))
    return np.asarray(pc.cast(cells, "float64", safe=False).to_numpy(zero_copy_only=False), np.float64)
