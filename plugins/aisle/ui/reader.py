"""The warehouse as the pages see it: read-only, bounded in time, and with tables that may not be there yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import Composable

from aisle.errors import RetryableError
from aisle.warehouse import CONNECTION_ID, sql, warehouse_url

_NOT_MADE_YET = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidSchemaName,
)
_CONNECT_SECONDS = 5
_STATEMENT_SECONDS = 10


class WarehouseUnavailable(RetryableError):
    """The warehouse could not be reached, or did not answer in time."""


class Reader:
    """Runs the queries of `include/sql/ui` over one connection."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def rows(self, name: str, parts: Mapping[str, Composable] | None = None, **parameters: Any) -> list[dict[str, Any]]:
        """Return the rows of a statement, with its `{part}`s filled in; empty if its table does not exist yet."""
        try:
            with self._connection.transaction(), self._connection.cursor(row_factory=dict_row) as cursor:
                return cursor.execute(sql(name, **(parts or {})).encode(), parameters).fetchall()
        except _NOT_MADE_YET:
            return []

    def row(self, name: str, **parameters: Any) -> dict[str, Any] | None:
        """Return the only row of a statement; None if there is none."""
        return next(iter(self.rows(name, **parameters)), None)


@contextmanager
def open_warehouse() -> Iterator[Reader]:
    """Open a reader on the Airflow connection `warehouse`. Raises WarehouseUnavailable, in the block too."""
    try:
        with psycopg.connect(_bounded(_url())) as connection:
            yield Reader(connection)
    except psycopg.Error as error:
        raise WarehouseUnavailable(
            f"reading the warehouse (Airflow connection {CONNECTION_ID!r}) for this page: {_first_line(error)}; see "
            "that PostgreSQL is up and that the connection names it, then load the page again"
        ) from error


def _url() -> str:
    try:
        return warehouse_url()
    except Exception as error:  # each secrets backend has its own way to say that it has no such connection
        raise WarehouseUnavailable(
            f"looking up the Airflow connection {CONNECTION_ID!r}: {_first_line(error)}; set AIRFLOW_CONN_WAREHOUSE "
            "for the API server, or add the connection under Admin, Connections"
        ) from error


def _bounded(url: str) -> str:
    options = f"-c default_transaction_read_only=on -c statement_timeout={_STATEMENT_SECONDS}s"
    return psycopg.conninfo.make_conninfo(url, connect_timeout=_CONNECT_SECONDS, options=options)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
