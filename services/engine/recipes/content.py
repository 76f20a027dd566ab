"""Content: similarity of items by their attributes, whatever their interactions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from services.engine.data.attributes import SEPARATOR, Attributes, Texts
from services.engine.recipes.histories import Floats, Ints

#: A column with this many words per cell on average is prose, which is compared word by word.
PROSE_WORDS = 4
N_BANDS = 10  # of a column of numbers, by rank
BLOCK_CELLS = 1 << 24
#: A value that more than this share of the items have is ignored.
MAX_SHARE = 0.5

_WORD = re.compile(r"\w+")


def features(attributes: Attributes, columns: Iterable[str] | None = None) -> sp.csr_matrix:
    """Return items by distinct values, each weighted by its rarity; rows have length 1, or 0 without a value.

    Text is compared by whole values, prose by words, numbers by the decile of their column.
    Shapes   returns (n_items, n_values), float32.
    """
    chosen = [attributes.columns[name] for name in (attributes.columns if columns is None else columns)]
    n_items = len(attributes.ids)
    matrices = [
        _of_texts(column, n_items) if isinstance(column, Texts) else _of_numbers(column, n_items) for column in chosen
    ]
    parts = [matrix for matrix in matrices if matrix.shape[1]]
    if not parts:
        return sp.csr_matrix((n_items, 0), dtype=np.float32)
    held = sp.csr_matrix(sp.hstack(parts, format="csr"))
    share = np.asarray((held > 0).sum(axis=0)).ravel() / max(n_items, 1)
    rarity = np.where((share > 0) & (share <= MAX_SHARE), -np.log(np.maximum(share, 1e-12)), 0.0)
    weighted = held @ sp.diags_array(rarity)
    weighted.eliminate_zeros()
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sp.csr_matrix(sp.diags_array(1 / np.maximum(length, 1e-12)) @ weighted, dtype=np.float32)


def likeness(held: sp.csr_matrix, rows: Ints) -> Floats:
    """Compute the cosine of some items with all items; 0 with themselves.

    Shapes   held (n_items, n_values), of `features`; returns (len(rows), n_items).
    """
    alike: Floats = np.asarray((held[rows] @ held.T).toarray(), np.float32)
    alike[np.arange(len(rows)), rows] = 0
    return alike


def row_blocks(rows: Ints, width: int) -> Iterator[Ints]:
    """Yield rows in blocks whose dense matrix of `width` columns is small."""
    step = max(BLOCK_CELLS // max(width, 1), 1)
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def _of_texts(column: Texts, n_items: int) -> sp.csr_matrix:
    """Return 1 for each value of a row."""
    prose = column.cells and np.mean([len(_WORD.findall(cell)) for cell in column.cells]) >= PROSE_WORDS
    split = _words if prose else _categories
    places: dict[str, int] = {}
    of_cell = [sorted({places.setdefault(value, len(places)) for value in split(cell)}) for cell in column.cells]
    cells = _matrix(of_cell, len(places))
    known = np.flatnonzero(column.codes >= 0)
    picked = sp.csr_matrix((np.ones(len(known), np.float32), (known, column.codes[known])), (n_items, len(of_cell)))
    return sp.csr_matrix(picked @ cells)


def _of_numbers(column: npt.NDArray[np.float64], n_items: int) -> sp.csr_matrix:
    known = np.flatnonzero(np.isfinite(column))
    edges = np.unique(np.quantile(column[known], np.linspace(0, 1, N_BANDS + 1)[1:-1])) if len(known) else np.empty(0)
    bands = np.searchsorted(edges, column[known], side="left")
    return sp.csr_matrix((np.ones(len(known), np.float32), (known, bands)), (n_items, len(edges) + 1))


def _matrix(rows: list[list[int]], width: int) -> sp.csr_matrix:
    starts = np.cumsum([0, *map(len, rows)])
    places = np.array([place for row in rows for place in row], np.int32)
    return sp.csr_matrix((np.ones(len(places), np.float32), places, starts), shape=(len(rows), width))


def _categories(cell: str) -> list[str]:
    return [value for value in cell.split(SEPARATOR) if value]


def _words(cell: str) -> list[str]:
    return _WORD.findall(cell.lower())
