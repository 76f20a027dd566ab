"""Files of orders as rows of text: CSV, JSON lines, parquet and Excel. Nothing is rounded, and no row goes silently.

Rows count from 1 with the header, as a spreadsheet shows them; those of JSON lines and parquet without one, from 1.
"""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import PurePath
from typing import Any

import msgspec

from aisle.errors import ContractBroken

_DELIMITERS = ",;\t|"
#: A file may unpack to this many times its size: text packs to a tenth, spreadsheets to a twentieth.
_LARGEST_PACKING = 100
_FLOAT_ENDS = 2**53
#: Of a row that has no cells, the cell with its text.
WHOLE_ROW = "(whole row)"
_records = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class UnusableFile(ContractBroken):
    """A file of orders cannot be read at all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file and its cells, without blank ones.

    `problem` says why it is none; its text is then the cell WHOLE_ROW.
    """

    number: int
    cells: dict[str, str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A file's columns, and its rows."""

    columns: list[str]
    rows: list[Row]


@lru_cache(maxsize=65536)
def fold(name: str) -> str:
    """Return what spellings of a column have in common: letters, their marks, and numbers; of `#` the sign itself."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in plain if unicodedata.category(sign)[0] in "LMN") or plain.strip()


def read_table(name: str, body: bytes) -> Table:
    """Return the rows of a file. Raises UnusableFile that names the file, what is wrong with it, and what to do."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in _READERS:
        raise unusable(name, f"files that end in {suffix or 'nothing'} are not read; give {', '.join(_READERS)}")
    table = _READERS[suffix](name, body)
    _check_header(name, table.columns)
    if not table.rows:
        raise unusable(name, "it has no rows; give a file with at least one order")
    return table


def _check_header(name: str, columns: list[str]) -> None:
    """Raise UnusableFile if two columns have one name. It says their places: without a header the names are data."""
    places: dict[str, list[int]] = {}
    for place, column in enumerate(columns, 1):
        places.setdefault(fold(column), []).append(place)
    doubled = [" and ".join(map(str, same)) for same in places.values() if len(same) > 1]
    if doubled:
        raise unusable(
            name,
            f"its header names columns {', '.join(doubled)} twice; let its first row be a header, and keep one column "
            "of each name",
        )


def unusable(name: str, problem: str) -> UnusableFile:
    """Build the error for a file that cannot be used; `problem` says what to do."""
    return UnusableFile(f"reading the file of orders {name}: {problem}")


def _read_csv(name: str, body: bytes) -> Table:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = body.count(b"\n", 0, error.start) + 1
        raise unusable(name, f"line {number} is not UTF-8; save it as 'CSV UTF-8'") from error
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [column.strip() for column in next(reader, [])]
        rows = list(_csv_rows(_names(header), reader))
    except csv.Error as error:
        raise unusable(
            name, f"the record that ends at line {reader.line_num} is no CSV: {error}; look for a missing quote"
        ) from error
    return Table(_columns(header, rows), rows)


def _csv_rows(header: list[str], records: Iterable[list[str]]) -> Iterator[Row]:
    for number, record in enumerate(records, 2):
        if not any(map(str.strip, record)):
            continue
        if len(record) != len(header):
            cells = {WHOLE_ROW: ", ".join(record)}
            yield Row(number, cells, f"{len(record)} cells under a header of {len(header)}")
        else:
            yield Row(number, _filled(zip(header, record, strict=True)))


def _read_json_lines(name: str, body: bytes) -> Table:
    columns: dict[str, None] = {}
    rows = []
    for number, text in enumerate(body.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if not text.strip():
            continue
        try:
            record = _records.decode(text)
        except (msgspec.DecodeError, ValueError, RecursionError):
            rows.append(Row(number, {WHOLE_ROW: text.decode(errors="replace")}, "no JSON object"))
            continue
        columns |= dict.fromkeys(record)
        rows.append(Row(number, _filled(record.items())))
    return Table(list(columns), rows)


def _read_parquet(name: str, body: bytes) -> Table:
    import pyarrow.parquet as pq  # noqa: PLC0415 - a second to import, for one kind of file

    with _as_unusable(name, "it is damaged, or no parquet file", "export it again"):
        file = pq.ParquetFile(io.BytesIO(body))
        known = file.metadata
        sizes = (known.row_group(group).total_byte_size for group in range(known.num_row_groups))
        # A column of one value has a size of nothing, and a cell for each row all the same.
        _check_unpacked(name, body, max(sum(sizes), known.num_rows * known.num_columns))
        table = file.read()
        table.validate(full=True)
        records = table.to_pylist()
    return Table(table.column_names, [Row(number, _filled(record.items())) for number, record in enumerate(records, 1)])


def _read_excel(name: str, body: bytes) -> Table:
    import pandas as pd  # noqa: PLC0415 - a second to import, for one kind of file

    with _as_unusable(name, "it is damaged, or no Excel file of the kind .xlsx", "save it again"):
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            _check_unpacked(name, body, sum(entry.file_size for entry in packed.infolist()))
        sheet = pd.read_excel(io.BytesIO(body), header=None, dtype=object, keep_default_na=False, engine="openpyxl")
    records: list[list[Any]] = sheet.to_numpy().tolist()
    header = [text_of(cell).strip() for cell in records[0]] if records else []
    names = _names(header)
    numbered = ((number, _filled(zip(names, record, strict=True))) for number, record in enumerate(records[1:], 2))
    rows = [Row(number, cells) for number, cells in numbered if cells]
    return Table(_columns(header, rows), rows)


def _names(header: Sequence[str]) -> list[str]:
    """Return a header in which a blank cell is called by its place."""
    return [column or f"column {place}" for place, column in enumerate(header, 1)]


def _columns(header: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Return the columns that have a name or a cell that is not blank."""
    filled = {column for row in rows for column in row.cells}
    return [name for column, name in zip(header, _names(header), strict=True) if column or name in filled]


@contextmanager
def _as_unusable(name: str, problem: str, remedy: str) -> Iterator[None]:
    """Raise UnusableFile for whatever a library raises: of a damaged file it may be anything."""
    try:
        yield
    except UnusableFile:
        raise
    except Exception as error:
        raise unusable(name, f"{problem} ({type(error).__name__}); {remedy}") from error


def _check_unpacked(name: str, body: bytes, n_bytes: int) -> None:
    if n_bytes > _LARGEST_PACKING * len(body):
        raise unusable(name, f"it unpacks to {n_bytes:,} bytes, over {_LARGEST_PACKING} times its size; split it")


def _filled(cells: Iterable[tuple[str, Any]]) -> dict[str, str]:
    return {column: text for column, value in cells if column and (text := text_of(value).strip())}


def text_of(value: Any) -> str:
    """Return a cell as text: nothing for none, whole numbers without a point, times as ISO 8601."""
    if value is None or value != value:  # NaN and NaT differ from themselves
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _FLOAT_ENDS else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else str(value)


_READERS: dict[str, Callable[[str, bytes], Table]] = {
    ".csv": _read_csv,
    ".jsonl": _read_json_lines,
    ".parquet": _read_parquet,
    ".xlsx": _read_excel,
}
