"""Attributes of items or users as the engine keeps them, made of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from services.engine.data.attributes import Attributes, Texts
from tests.filter_vectors import Row

NUMBERS = ("PRICE", "SIZE", "AGE", "CREATION_TIMESTAMP")


def column(name: str, cells: Sequence[str | float | None]) -> Any:
    if name in NUMBERS:
        return np.array([np.nan if cell is None else cell for cell in cells], np.float64)
    distinct = sorted({str(cell) for cell in cells if cell is not None})
    return Texts(np.array([distinct.index(str(cell)) if cell is not None else -1 for cell in cells]), tuple(distinct))


def universe(rows: Mapping[str, Row]) -> Attributes:
    names = next(iter(rows.values())).keys()
    columns = {name: column(name, [row[name] for row in rows.values()]) for name in names}
    return Attributes(np.array([key.encode() for key in rows]), columns)
