# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#   http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""From the lines of one S3 object to rows of one table, in constant memory.

PostgreSQL reads the lines itself: COPY brings a batch of them into a temporary table, an insert casts them to
the types of the target. What a value means is therefore what PostgreSQL says, and a record is bad when
PostgreSQL refuses it: by its syntax, its type or a constraint. A batch with a bad record is halved until that
record stands alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.errors import DataError, IntegrityError, UndefinedTable
from psycopg.rows import tuple_row

from airflow_postgres_s3.bad_lines import BadLines
from airflow_postgres_s3.copy_to_s3 import LineFormat
from airflow_postgres_s3.exceptions import TransferConfigurationError, TransferDataError
from airflow_postgres_s3.records import Record, batches_of, header_of, records_of

#: Where a column's value is. CSV: a name of the header. JSON: a key, keys joined by dots, or a list of keys;
#: the empty list is the whole line.
Source = str | Sequence[str]

#: The temporary table that a batch passes through.
_INCOMING = sql.Identifier("pg_temp", "incoming")
_READ_OPTIONS = {
    LineFormat.CSV: "format csv",
    LineFormat.PERSONALIZE_CSV: r"format csv, escape '\'",
    LineFormat.JSON_LINES: "format text",
}


class Load(NamedTuple):
    """How one object becomes rows: the columns that come in, and the value of each column of the target."""

    line_format: LineFormat
    incoming: Mapping[str, str]  # name and type
    insert: sql.Composed

    @property
    def create(self) -> sql.Composed:
        columns = (
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(type_))  # a type of ours, not of the file
            for name, type_ in self.incoming.items()
        )
        return sql.SQL("create temporary table {} ({}) on commit drop").format(
            _INCOMING, sql.SQL(", ").join(columns)
        )

    @property
    def copy(self) -> sql.Composed:
        return sql.SQL("copy {} from stdin with ({})").format(
            _INCOMING, sql.SQL(_READ_OPTIONS[self.line_format])
        )

    def as_copied(self, record: Record) -> bytes:
        """Escape what COPY's text format would interpret in JSON; CSV is left as it is."""
        text = record.text
        if self.line_format is LineFormat.JSON_LINES:
            text = text.replace(b"\\", rb"\\").replace(b"\t", rb"\t").replace(b"\r", rb"\r")
        return text + b"\n"


def load_lines(
    connection: psycopg.Connection,
    lines: Iterable[bytes],
    line_format: LineFormat,
    table: str,
    columns: Mapping[str, Source] | None,
    bad_lines: BadLines,
) -> int:
    """Append the lines to `table` and return the number of rows.

    It stops when there are too many bad lines: the caller has to roll back then. `columns` says where each
    column's value is; None means under its own name.
    """
    types = _types_of(connection, table)
    records = records_of(lines, line_format)
    if line_format is LineFormat.JSON_LINES:
        incoming, values = {"line": "jsonb"}, _json_values(columns or {name: [name] for name in types}, types)
    else:
        header = header_of(next(records, Record(1, b"")), line_format)
        incoming, values = (
            dict.fromkeys(header, "text"),
            _csv_values(columns or {name: name for name in header}, header),
        )
    load = Load(line_format, incoming, _insert(table, types, values))
    connection.execute(load.create)
    n_rows = 0
    for batch in batches_of(records):
        n_rows += _take(connection, load, batch, bad_lines)
        if bad_lines.are_too_many:
            break
    return n_rows


def empty_table(connection: psycopg.Connection, table: str) -> None:
    """Delete every row: unlike `truncate`, without locking readers out."""
    connection.execute(sql.SQL("delete from {}").format(_identifier(table)))


def _take(connection: psycopg.Connection, load: Load, records: Sequence[Record], bad_lines: BadLines) -> int:
    """Append the records that PostgreSQL takes, and note the others; the number of rows."""
    if bad_lines.are_too_many:
        return 0
    try:
        with connection.transaction():
            return _append(connection, load, records)
    except (DataError, IntegrityError) as error:
        if len(records) == 1:
            bad_lines.add(*records[0], error)
            return 0
    half = len(records) // 2
    return sum(_take(connection, load, part, bad_lines) for part in (records[:half], records[half:]))


def _append(connection: psycopg.Connection, load: Load, records: Sequence[Record]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("truncate {}").format(_INCOMING))
        with cursor.copy(load.copy) as copy:
            copy.write(b"".join(map(load.as_copied, records)))
        if cursor.rowcount != len(records):  # a line `\.` ends a COPY of CSV before its time
            raise DataError(f"{len(records)} records were read as {cursor.rowcount}")
        return cursor.execute(load.insert).rowcount


def _types_of(connection: psycopg.Connection, table: str) -> dict[str, str]:
    """Read the type of each writable column, without its length: too long a text is refused, not cut."""
    look_up = (
        "select attname, format_type(atttypid, -1) from pg_attribute where attrelid = %s::regclass"
        " and attnum > 0 and not attisdropped and attgenerated = '' and attidentity <> 'a' order by attnum"
    )
    try:
        with connection.cursor(row_factory=tuple_row) as cursor:
            return dict(cursor.execute(look_up, (table,)).fetchall())
    except UndefinedTable as error:
        raise TransferConfigurationError(
            f"Loading into table {table}: there is none of this name. Create it first."
        ) from error


def _insert(table: str, types: Mapping[str, str], values: Mapping[str, sql.Composable]) -> sql.Composed:
    """Compose the statement that appends the batch: each value, a text, cast to the type of its column."""
    if unknown := sorted(set(values) - set(types)):
        raise TransferConfigurationError(
            f"Loading into table {table}: it has no column {', '.join(unknown)} that can be written, only "
            f"{', '.join(types)}. Say with `columns` which column gets what."
        )
    typed = (sql.SQL("({})::{}").format(value, sql.SQL(types[column])) for column, value in values.items())
    return sql.SQL("insert into {} ({}) select {} from {}").format(
        _identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(typed),
        _INCOMING,
    )


def _identifier(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def _json_values(columns: Mapping[str, Source], types: Mapping[str, str]) -> dict[str, sql.Composable]:
    return {column: _json_value(source, types.get(column)) for column, source in columns.items()}


def _json_value(source: Source, column_type: str | None) -> sql.Composable:
    """Compose the value at a path, as text or, for a JSON column, as JSON; a missing key is null."""
    keys = source.split(".") if isinstance(source, str) else source
    path = sql.SQL("array[{}]::text[]").format(sql.SQL(", ").join(map(sql.Literal, keys)))
    if column_type in ("json", "jsonb"):
        return sql.SQL("nullif(line #> {}, 'null')").format(path)
    return sql.SQL("line #>> {}").format(path)


def _csv_values(columns: Mapping[str, Source], header: Sequence[str]) -> dict[str, sql.Composable]:
    missing = sorted({str(name) for name in columns.values()} - set(header))
    if missing or len(set(header)) != len(header):
        raise TransferDataError(
            f"Loading CSV: the header {','.join(header) or '(none)'} lacks "
            f"{', '.join(missing) or 'distinct names'}. "
            "Say with `columns` which name of the header each column gets."
        )
    return {column: sql.Identifier(str(name)) for column, name in columns.items()}
