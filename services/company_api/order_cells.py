"""The cells of a column: text, ids, numbers and moments, and what of them cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from services.company_api.order_book import Array, Coded

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*", re.ASCII)
#: How pandas and spreadsheets write a whole number of a column with empty cells, and a long one.
_POINT_ZERO = re.compile(r"\d+\.0+", re.ASCII)
_SCIENTIFIC = re.compile(r"\d\.\d+[eE]\+\d+", re.ASCII)
#: The first whole number that a float takes for its neighbour.
_FLOAT_ENDS = 2**53
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}\b.*", re.ASCII)
#: How the public CSV of Online Retail writes times.
_SLASHED_FORMATS = ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a moment in UTC that is stored without saying so
_EXAMPLE = "write 2026-06-30T12:00:00Z"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with some cells of a column; `rows` are places in the table, `problem` says what to do."""

    column: str
    rows: Array
    problem: str


class BadColumn(Exception):
    """A column cannot be used at all."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.problem)
        self.fault = fault


def texts(column: pa.ChunkedArray) -> Coded[str | None]:
    """The cells as text; None where they are empty."""
    encoded = pc.dictionary_encode(column.cast(pa.large_string()), null_encoding="encode").combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0)
    return Coded(encoded.dictionary.to_pylist(), encoded.indices.to_numpy())


def ids(name: str, column: pa.ChunkedArray) -> Coded[str | None]:
    """The cells as ids, to the last digit. Raises BadColumn where digits are lost already."""
    if types.is_floating(column.type):
        return texts(_whole(name, column))
    cells = texts(column)
    rounded = _where(cells, lambda text: bool(_SCIENTIFIC.fullmatch(text)))
    if rounded.any():
        raise BadColumn(
            Fault(name, np.flatnonzero(rounded), "a spreadsheet has rounded the ids; export the column as text")
        )
    given = [value for value in cells.values if value is not None]
    if given and all(_POINT_ZERO.fullmatch(value) for value in given):
        return Coded([value and value.split(".")[0] for value in cells.values], cells.codes)
    return cells


def _whole(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Ids that a parquet file holds as floats, as whole numbers; NaN is an empty cell."""
    numbers = pc.if_else(pc.is_nan(column), None, column)
    bad = pc.fill_null(
        pc.or_(pc.greater_equal(pc.abs(numbers), float(_FLOAT_ENDS)), pc.not_equal(pc.floor(numbers), numbers)), False
    ).to_numpy()
    if bad.any():
        problem = "the ids are stored as floating-point numbers, which lose digits; write the column as text"
        raise BadColumn(Fault(name, np.flatnonzero(bad), problem))
    return numbers.cast(pa.int64())


def numbers(column: pa.ChunkedArray) -> tuple[Array, Array]:
    """The cells as numbers, NaN where they are empty, and which of them are something else."""
    if not (types.is_string(column.type) or types.is_large_string(column.type) or types.is_dictionary(column.type)):
        values = column.cast(pa.float64()).to_numpy()
        return values, np.isinf(values)
    cells = texts(column)
    unreadable = _where(cells, lambda text: not _NUMBER.fullmatch(text))
    read = [float(text) if text and _NUMBER.fullmatch(text) else np.nan for text in cells.values]
    values = np.array(read, np.float64)[cells.codes]
    return values, unreadable | np.isinf(values)


def moments(name: str, column: pa.ChunkedArray) -> tuple[Array, Array]:
    """The cells as `datetime64[us]` in UTC, and which of them cannot be read or are empty (NaT).

    Without a zone they are in UTC. Raises BadColumn where some have a zone and some have none, and where the day is
    written before the month: either could only be guessed.
    """
    if types.is_date(column.type):
        column = column.cast(pa.timestamp("us"))
    if types.is_timestamp(column.type):
        times = column.cast(pa.timestamp("us", column.type.tz), safe=False).to_numpy().astype("datetime64[us]")
        return times, np.isnat(times)
    cells = texts(column)
    _check_zones(name, cells)
    _check_day_and_month(name, cells)
    parsed = [np.datetime64("NaT", "us") if text is None else _moment(text) for text in cells.values]
    times = np.array(parsed, "datetime64[us]")[cells.codes]
    return times, np.isnat(times)


def _check_zones(name: str, cells: Coded[str | None]) -> None:
    zoned = _where(cells, lambda text: _has_zone(text) is True)
    zoneless = _where(cells, lambda text: _has_zone(text) is False)
    if zoned.any() and zoneless.any():
        fewer = min((zoned, zoneless), key=np.count_nonzero)
        here = "here there is one" if fewer is zoned else "here there is none"
        problem = f"the column has times with and without a zone, and {here}; write the zone of every time ({_EXAMPLE})"
        raise BadColumn(Fault(name, np.flatnonzero(fewer), problem))


def _check_day_and_month(name: str, cells: Coded[str | None]) -> None:
    def has_day_first(text: str) -> bool:
        matched = _SLASHED.fullmatch(text.strip())
        return bool(matched) and int(matched[1]) > 12 >= int(matched[2])  # type: ignore[index]

    day_first = _where(cells, has_day_first)
    if day_first.any():
        problem = f"the day stands before the month, so other dates of the column would be read wrongly; {_EXAMPLE}"
        raise BadColumn(Fault(name, np.flatnonzero(day_first), problem))


def _has_zone(text: str) -> bool | None:
    """Whether a time says its zone; None if it cannot be read."""
    try:
        return datetime.fromisoformat(text.strip()).tzinfo is not None
    except ValueError:
        return False if _SLASHED.fullmatch(text.strip()) else None


def _moment(text: str) -> np.datetime64:
    """A moment of ISO 8601 or as Online Retail writes it; NaT if it is neither."""
    moment = _iso(text.strip()) or _slashed(text.strip())
    if moment is None:
        return np.datetime64("NaT", "us")
    try:
        in_utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError:  # the first hours of year 1 in the east, the last of 9999 in the west
        return np.datetime64("NaT", "us")
    return np.datetime64((in_utc - _EPOCH) // timedelta(microseconds=1), "us")


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _slashed(text: str) -> datetime | None:
    for form in _SLASHED_FORMATS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - without a zone it is in UTC
        except ValueError:
            continue
    return None


def _where(cells: Coded[str | None], is_so: Callable[[str], bool]) -> Array:
    """Which cells hold a text of which something is so."""
    matching: Array = np.array([value is not None and is_so(value) for value in cells.values], bool)
    return matching[cells.codes]
