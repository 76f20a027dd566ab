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
"""Append the records of one S3 object to a table, in constant memory.

PostgreSQL parses the records: COPY loads a batch into a temporary table, and an insert casts the values to
the types of the target. So a record is bad when PostgreSQL refuses its syntax, a type or a constraint. A
batch with a bad record is halved until that record is alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.errors import DataError, IntegrityError, UndefinedTable
from psycopg.rows import tuple_row

from airflow_postgres_s3.bad_records import BadRecords
from airflow_postgres_s3.copy_to_s3 import RecordFormat
from airflow_postgres_s3.exceptions import TransferConfigurationError, TransferDataError
from airflow_postgres_s3.records import Record, batches_of, header_of, records_of

#: Where the value of a column comes from. CSV: a name of the header. JSON: a key, keys joined by dots, or a
#: list of keys; the empty list is the whole object.
Source = str | Sequence[str]

#: Temporary table that a batch is copied into.
_INCOMING = sql.Identifier("pg_temp", "incoming")
_READ_OPTIONS = {
    RecordFormat.CSV: "format csv",
    RecordFormat.PERSONALIZE_CSV: r"format csv, escape '\'",
    RecordFormat.JSON_LINES: "format text",
}


@dataclass(frozen=True, slots=True)
class Load:
    """
    The statements that load one object.

    :param record_format: Format of the records.
    :param incoming: Columns of the temporary table: type by name.
    :param insert: Statement that appends the temporary table to the target.
    """

    record_format: RecordFormat
    incoming: Mapping[str, str]
    insert: sql.Composed

    @property
    def create(self) -> sql.Composed:
        columns = (
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(type_))  # never from the file
            for name, type_ in self.incoming.items()
        )
        return sql.SQL("create temporary table {} ({}) on commit drop").format(
            _INCOMING, sql.SQL(", ").join(columns)
        )

    @property
    def copy(self) -> sql.Composed:
        return sql.SQL("copy {} from stdin with ({})").format(
            _INCOMING, sql.SQL(_READ_OPTIONS[self.record_format])
        )

    def as_copied(self, record: Record) -> bytes:
        """Escape what COPY's text format would interpret in JSON; leave CSV as it is."""
        text = record.text
        if self.record_format is RecordFormat.JSON_LINES:
            text = text.replace(b"\\", rb"\\").replace(b"\t", rb"\t").replace(b"\r", rb"\r")
        return text + b"\n"


def load_records(
    connection: psycopg.Connection,
    lines: Iterable[bytes],
    record_format: RecordFormat,
    table: str,
    columns: Mapping[str, Source] | None,
    bad_records: BadRecords,
) -> int:
    """
    Append records to a table and return the number of rows.

    Stop when there are too many bad records: the caller then has to roll back.

    :param connection: Connection of psycopg 3.
    :param lines: Lines of the object, without line feeds.
    :param record_format: Format of the records.
    :param table: The table, optionally with its schema: `schema.table`.
    :param columns: Source of each column. If None, each column is filled from its own name.
    :param bad_records: Keeps the records that PostgreSQL refuses.
    """
    types = _types_of(connection, table)
    records = records_of(lines, record_format)
    if record_format is RecordFormat.JSON_LINES:
        incoming, sources = {"line": "jsonb"}, columns or {name: [name] for name in types}
        values = {column: _json_value(source, types.get(column)) for column, source in sources.items()}
    else:
        header = header_of(next(records, Record(1, b"")), record_format)
        incoming, values = (
            dict.fromkeys(header, "text"),
            _csv_values(columns or {name: name for name in header}, header),
        )
    load = Load(record_format, incoming, _insert(table, types, values))
    connection.execute(load.create)
    n_rows = 0
    for batch in batches_of(records):
        n_rows += _append_or_keep(connection, load, batch, bad_records)
        if bad_records.are_too_many:
            break
    return n_rows


def empty_table(connection: psycopg.Connection, table: str) -> None:
    """Delete every row. Unlike `truncate`, this does not block readers."""
    connection.execute(sql.SQL("delete from {}").format(_identifier(table)))


def _append_or_keep(
    connection: psycopg.Connection, load: Load, records: Sequence[Record], bad_records: BadRecords
) -> int:
    """Append the records that PostgreSQL accepts, keep the others, and return the number of rows."""
    if bad_records.are_too_many:
        return 0
    try:
        with connection.transaction():
            return _append(connection, load, records)
    except (DataError, IntegrityError) as error:
        if len(records) == 1:
            bad_records.add(records[0].number, records[0].text, error)
            return 0
    half = len(records) // 2
    return sum(
        _append_or_keep(connection, load, part, bad_records) for part in (records[:half], records[half:])
    )


def _append(connection: psycopg.Connection, load: Load, records: Sequence[Record]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("truncate {}").format(_INCOMING))
        with cursor.copy(load.copy) as copy:
            copy.write(b"".join(map(load.as_copied, records)))
        if cursor.rowcount != len(records):  # a line `\.` ends a COPY of CSV early
            raise DataError(f"{len(records)} records were read as {cursor.rowcount}")
        return cursor.execute(load.insert).rowcount


def _types_of(connection: psycopg.Connection, table: str) -> dict[str, str]:
    """Read the type of each writable column, without its length: a cast to a length cuts text silently."""
    types_by_column = (
        "select attname, format_type(atttypid, -1) from pg_attribute where attrelid = %s::regclass"
        " and attnum > 0 and not attisdropped and attgenerated = '' and attidentity <> 'a' order by attnum"
    )
    try:
        with connection.cursor(row_factory=tuple_row) as cursor:
            return dict(cursor.execute(types_by_column, (table,)).fetchall())
    except UndefinedTable as error:
        raise TransferConfigurationError(
            f"Loading into table {table}: the table does not exist. Create it first."
        ) from error


def _insert(table: str, types: Mapping[str, str], values: Mapping[str, sql.Composable]) -> sql.Composed:
    """Compose the statement that appends a batch, each value cast from text to the type of its column."""
    if unknown := sorted(set(values) - set(types)):
        raise TransferConfigurationError(
            f"Loading into table {table}: it has no writable column {', '.join(unknown)}, only "
            f"{', '.join(types)}. Map the values to these with `columns`."
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
            "Map each column to a name of the header with `columns`."
        )
    return {column: sql.Identifier(str(name)) for column, name in columns.items()}
