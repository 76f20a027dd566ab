"""The columns of items or users, indexed so that predicates become masks by table look-up.

An index belongs to one `Attributes` and is deleted with it; predicates that depend on nothing else are computed once.
"""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from services.engine.data.attributes import SEPARATOR, Attributes, Texts
from services.engine.errors import InvalidInput
from services.engine.filters.expressions import Predicate
from services.engine.filters.parser import finite

Mask = npt.NDArray[np.bool_]

#: The comparisons of numbers or columns of them. Every comparison with null is false.
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
ID_COLUMNS = ("ITEM_ID", "USER_ID")
MAX_KEPT = 256

_indexes: dict[int, Index] = {}


class Searchable(Protocol):
    """A column that can be searched; masks have shape (n,)."""

    def holding(self, values: Iterable[str]) -> Mask:
        """Return the rows with a value among `values`; null has no value."""

    def compared(self, sign: str, number: float) -> Mask:
        """Return the rows whose number compares so with `number`; null never does."""


class Index:
    """The rows of items or users by the values of their cells."""

    def __init__(self, universe: Attributes) -> None:
        self._ids = universe.ids
        self._columns: dict[str, Searchable] = {
            name.upper(): _TextColumn(column) if isinstance(column, Texts) else _NumberColumn(column)
            for name, column in universe.columns.items()
        }
        self._kept: dict[Predicate, Mask] = {}

    @classmethod
    def of(cls, universe: Attributes) -> Index:
        """Return the index of `universe`, built by the first call."""
        index = _indexes.get(id(universe))
        if index is None:
            index = _indexes[id(universe)] = cls(universe)
            weakref.finalize(universe, _indexes.pop, id(universe), None)
        return index

    def __len__(self) -> int:
        return len(self._ids)

    def column(self, name: str) -> Searchable:
        """Return a column by its name in capitals; one that the data lack is all null."""
        if name not in self._columns:
            if name in ID_COLUMNS:
                ids = tuple(key.decode() for key in self._ids.tolist())
                self._columns[name] = _TextColumn(Texts(np.arange(len(self), dtype=np.int32), ids))
            else:
                self._columns[name] = _NullColumn(len(self))
        return self._columns[name]

    def kept(self, predicate: Predicate, compute: Callable[[], Mask]) -> Mask:
        """Return the cached mask of a predicate that depends only on the columns."""
        mask = self._kept.get(predicate)
        if mask is None:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            mask = self._kept[predicate] = compute()
        return mask


class _TextColumn:
    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    @cached_property
    def _cells_of(self) -> dict[str, list[int]]:
        cells_of: dict[str, list[int]] = {}
        for code, cell in enumerate(self._texts.cells):
            for value in cell.split(SEPARATOR):
                cells_of.setdefault(value, []).append(code)
        return cells_of

    def holding(self, values: Iterable[str]) -> Mask:
        # The last place of the table is for code -1, null.
        table = np.zeros(len(self._texts.cells) + 1, np.bool_)
        for value in values:
            table[self._cells_of.get(value, [])] = True
        return table[self._texts.codes]

    def compared(self, sign: str, number: float) -> Mask:
        raise InvalidInput(f"A column of text is compared by '{sign} {number}'; test it with IN, or update the filter")


class _NumberColumn:
    def __init__(self, numbers: npt.NDArray[np.float64]) -> None:
        self._numbers = numbers

    def holding(self, values: Iterable[str]) -> Mask:
        matches = np.zeros(len(self._numbers), np.bool_)
        for value in values:
            matches |= self._numbers == finite(value)
        return matches

    def compared(self, sign: str, number: float) -> Mask:
        mask: Mask = OPERATORS[sign](self._numbers, number)
        return mask & ~np.isnan(self._numbers) if sign == "!=" else mask


class _NullColumn:
    def __init__(self, n_rows: int) -> None:
        self._nothing = np.zeros(n_rows, np.bool_)

    def holding(self, values: Iterable[str]) -> Mask:
        return self._nothing

    def compared(self, sign: str, number: float) -> Mask:
        return self._nothing
