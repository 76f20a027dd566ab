"""The file of orders as a table: what kind of file it is, its header, its rows under Aisle's own column names.

What is wrong with the file as a whole ends here, with a message for whoever made it: the file, the row or the column,
and what to do. Rows count from 1 with the header, as a spreadsheet shows them.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pyarrow.types as types

from aisle.errors import ConfigurationError
from aisle.sources import SOURCES_FOLDER, read_sources
from services.company_api.order_cells import Fault

if TYPE_CHECKING:
    import pyarrow as pa

_SOURCES = {source.name: source for source in read_sources(SOURCES_FOLDER)}
_OWN = _SOURCES["order_items"].column_names()
_RETAIL = _SOURCES["online_retail"].column_names()
#: The public Online Retail data sets write their columns in two ways; here with Aisle's name for each.
ONLINE_RETAIL = {names[0]: _OWN[field][0] for field, names in _RETAIL.items()}
_ONLINE_RETAIL_TOO = {other: names[0] for names in _RETAIL.values() for other in names[1:]}
#: The simulated company has one currency.
ORDER_ITEM_COLUMNS = (
    *(names[0] for field, names in _OWN.items() if field != "currency"),
    *_SOURCES["order_items"].ignored,
)
_REQUIRED = ("order_id", "ordered_at", "product_id", "quantity", "unit_price")
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
#: How a file that is not what its name says begins.
_SIGNATURES = {
    b"PAR1": "a parquet file: call it .parquet",
    b"PK\x03\x04": "a spreadsheet or a zip archive: export the sheet as 'CSV UTF-8', or unpack it",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet: export the sheet as 'CSV UTF-8'",
    b"\x1f\x8b": "compressed: unpack it",
    codecs.BOM_UTF16_LE: "UTF-16 text: save it as 'CSV UTF-8'",
    codecs.BOM_UTF16_BE: "UTF-16 text: save it as 'CSV UTF-8'",
}
_SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True)
class _Header:
    """The columns of a file: Aisle's name of each, in the file's order, and how the file spells it."""

    names: list[str]
    spelt: dict[str, str]
    is_online_retail: bool


@dataclass(frozen=True)
class OrderTable:
    """The rows of a file, as text where the file is CSV."""

    path: Path
    columns: pa.Table
    header: _Header
    #: Row numbers of what has more or fewer cells than the header, and is not in `columns`.
    misshapen: list[int] = field(default_factory=list)

    def describe(self, fault: Fault) -> str:
        """Say what is wrong in which rows of the file, and what to do."""
        column = self.header.spelt.get(fault.column, fault.column)
        numbers = _row_numbers(self.path, fault.rows[:_SHOWN_ROWS].tolist(), len(self.header.names))
        return f"{self.path.name}, column {column}, {_rows(numbers, len(fault.rows))}: {fault.problem}"

    def describe_misshapen(self) -> list[str]:
        """Say which rows were not read, if any were not."""
        if not self.misshapen:
            return []
        problem = f"more or fewer cells than the {len(self.header.names)} of the header; quote cells that hold a comma"
        return [f"{self.path.name}, {_rows(self.misshapen[:_SHOWN_ROWS], len(self.misshapen))}: {problem}"]


def read_table(path: Path) -> OrderTable:
    """Read a CSV or parquet file.

    Raises ConfigurationError that names the file and what is wrong with it, ArrowException if it cannot be parsed.
    """
    _check_kind(path)
    table = _read_parquet(path) if _is_parquet(path) else _read_csv(path)
    if not table.columns.num_rows:
        raise unusable(path, "it has a header and no rows; give a file with at least one order")
    return table


def unusable(path: Path, problem: str) -> ConfigurationError:
    """Build the error for a file that cannot be used; `problem` says what to do."""
    return ConfigurationError(f"reading orders from {path}: {problem}")


def _rows(shown: list[int], n_rows: int) -> str:
    more = f" and {n_rows - len(shown):,} more" if n_rows > len(shown) else ""
    return f"{'row' if n_rows == 1 else 'rows'} {', '.join(map(str, shown))}{more}"


# -- what kind of file -----------------------------------------------------------------------------------------------


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


def _check_kind(path: Path) -> None:
    if not path.is_file():
        reason = "it is a folder" if path.is_dir() else "there is no such file"
        raise unusable(path, f"{reason}; give a CSV or parquet file")
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise unusable(path, f"files that end in {path.suffix or 'nothing'} are not read; give a .csv or .parquet file")
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise unusable(path, "it is empty; give a file with a header and at least one order")
    kind = next((kind for signature, kind in _SIGNATURES.items() if start.startswith(signature)), None)
    if _is_parquet(path) != start.startswith(b"PAR1"):
        raise unusable(path, f"it is {kind or 'no parquet file: call it .csv if it is one'}")
    if kind and not _is_parquet(path):
        raise unusable(path, f"it is {kind}")


# -- header ----------------------------------------------------------------------------------------------------------


def _fold(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _header(path: Path, given: list[str]) -> _Header:
    """Recognise the columns, whatever their case and spaces."""
    folded = {_fold(name) for name in given}
    is_online_retail = not folded.isdisjoint({"invoiceno", "invoice"})
    names = ONLINE_RETAIL if is_online_retail else dict.fromkeys(ORDER_ITEM_COLUMNS)
    known = {_fold(name): name for name in names}
    if is_online_retail:
        known |= {_fold(other): name for other, name in _ONLINE_RETAIL_TOO.items()}
    recognised = [known.get(_fold(name)) for name in given]
    _check_header(path, given, recognised, required=tuple(ONLINE_RETAIL) if is_online_retail else _REQUIRED)
    aisles = [ONLINE_RETAIL.get(name, name) for name in recognised if name]
    return _Header(aisles, dict(zip(aisles, given, strict=True)), is_online_retail)


def _check_header(path: Path, given: list[str], recognised: list[str | None], *, required: tuple[str, ...]) -> None:
    unknown = sorted(name for name, known in zip(given, recognised, strict=True) if known is None)
    missing = [name for name in required if name not in recognised]
    doubled = {name for name, times in Counter(filter(None, recognised)).items() if times > 1}
    if doubled:
        spellings = [name for name, known in zip(given, recognised, strict=True) if known in doubled]
        raise unusable(path, f"its header names a column twice: {', '.join(spellings)}; keep one of each")
    if unknown or missing:
        raise unusable(
            path,
            f"unknown columns {unknown}, missing columns {missing}; rename or remove them: the columns are those of "
            f"Online Retail ({', '.join(ONLINE_RETAIL)}) or of order items ({', '.join(ORDER_ITEM_COLUMNS)})",
        )


# -- parquet ---------------------------------------------------------------------------------------------------------


def _read_parquet(path: Path) -> OrderTable:
    try:
        file = pq.ParquetFile(path)
        header = _header(path, file.schema_arrow.names)
        table = file.read().rename_columns(header.names)
    except (pa.ArrowException, OSError) as error:
        raise unusable(path, "it is damaged, or no parquet file; export it again") from error
    columns = [_checked(path, header, name, table[name]) for name in header.names]
    return OrderTable(path, pa.table(columns, header.names), header)


def _checked(path: Path, header: _Header, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column, bytes as text. Raises ConfigurationError if its cells are neither text, numbers nor times."""
    where = f"column {header.spelt[name]}"
    is_time = types.is_date(column.type) or types.is_timestamp(column.type)
    if types.is_nested(column.type) or (types.is_temporal(column.type) and not (is_time and name == "ordered_at")):
        raise unusable(path, f"{where} holds values of the type {column.type}; write it as text or numbers")
    try:
        column.validate(full=True)
        return column.cast(pa.string()) if types.is_binary(column.type) else column
    except pa.ArrowInvalid as error:
        raise unusable(path, f"{where} holds bytes that are no UTF-8 text; write it as text") from error


# -- CSV -------------------------------------------------------------------------------------------------------------


def _read_csv(path: Path) -> OrderTable:
    """All columns as text: a code or an id is no number, whatever it looks like."""
    header, n_lines = _csv_header(path)
    misshapen: list[Any] = []

    def skip(row: Any) -> str:
        misshapen.append(row)
        return "skip"

    table = pa_csv.read_csv(
        path,
        read_options=pa_csv.ReadOptions(skip_rows=n_lines, column_names=header.names, use_threads=False),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(header.names, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    )
    # A quote that is not closed swallows the rows behind it without a word, so the file is read again, strictly.
    is_suspect = bool(misshapen) or _holds_line_breaks(table)
    return OrderTable(path, table, header, _misshapen(path, len(header.names)) if is_suspect else [])


def _csv_header(path: Path) -> tuple[_Header, int]:
    """The header, and how many lines it takes. Raises ConfigurationError if there is nothing under it, too."""
    records = _records(path)
    given, n_lines = next(records, ([], 0))
    if len(given) == 1 and (delimiter := next((sign for sign in _DELIMITERS if sign in given[0]), None)):
        raise unusable(path, f"its columns are separated by {_DELIMITERS[delimiter]}; separate them by commas")
    header = _header(path, [name.strip() for name in given])
    if not any(record for record, _ in records):
        raise unusable(path, "it has a header and no rows; give a file with at least one order")
    return header, n_lines


def _records(path: Path) -> Iterator[tuple[list[str], int]]:
    """The records of a CSV file, an empty one for an empty line, and the number of lines up to each one's end."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for record in reader:
                yield record, reader.line_num
    except UnicodeDecodeError as error:
        raise unusable(
            path, f"line {_first_line_that_is_not_utf8(path)} is not UTF-8; save it as 'CSV UTF-8'"
        ) from error
    except csv.Error as error:
        raise unusable(
            path, f"the record that ends at line {reader.line_num} is no CSV: {error}; look for a quote that is missing"
        ) from error


def _first_line_that_is_not_utf8(path: Path) -> int:
    with path.open("rb") as lines:
        return next((number for number, line in enumerate(lines, 1) if not _is_utf8(line)), 1)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _holds_line_breaks(table: pa.Table) -> bool:
    return any(pc.any(pc.match_substring(column, "\n")).as_py() for column in table.itercolumns())


def _misshapen(path: Path, n_columns: int) -> list[int]:
    return [number for number, record in _numbered(path) if len(record) != n_columns]


def _numbered(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each record of a CSV file that is no empty line, with its row number."""
    return ((number, record) for number, (record, _) in enumerate(_records(path), 1) if record)


def _row_numbers(path: Path, places: list[int], n_columns: int) -> list[int]:
    """Row numbers of places in the table, which has neither the header nor what is misshapen."""
    if _is_parquet(path):
        return [place + 1 for place in places]
    in_table = (number for number, record in _numbered(path) if len(record) == n_columns)
    numbers = list(islice(in_table, 1, max(places) + 2))
    return [numbers[place] for place in places]
