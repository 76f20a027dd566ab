"""The warehouse as serving reads and writes it: a pool of connections, and what it raises without an answer.

A pooler in transaction mode, such as PgBouncer, gives each transaction any connection to the database. What belongs to
a session is lost there, or is somebody else's: prepared statements by their names, and settings. With one, nothing is
prepared, and each transaction makes its settings itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import structlog
from psycopg import errors
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from services.serving.errors import DatabaseUnreachable, TableMissing

log = structlog.get_logger(__name__)

Row = tuple[Any, ...]

_STATEMENT_TIMEOUT_MS = 5000
_CONNECTION: dict[str, Any] = {"autocommit": True, "connect_timeout": 3, "application_name": "aisle-serving"}
_SESSION = {"options": f"-c statement_timeout={_STATEMENT_TIMEOUT_MS} -c default_transaction_read_only=on"}
_NO_SESSION = {"prepare_threshold": None}
_LIMIT = f"set local statement_timeout = {_STATEMENT_TIMEOUT_MS}"
_LIMITED_READ = f"set transaction read only; {_LIMIT}"
#: The pool's pauses between attempts double. Given up early, the next request starts a fresh attempt at once.
_RECONNECT_SECONDS = 5


class Database:
    """Runs named statements. Each is one snapshot, so a switch of generations is seen whole by the next one."""

    def __init__(self, url: str, *, pool_size: int, wait_seconds: float, has_sessions: bool = True) -> None:
        """`has_sessions`: whether a connection is always the same session, which it is not behind a pooler."""
        self._has_sessions = has_sessions
        self._pool = AsyncConnectionPool(
            url,
            kwargs=_CONNECTION | (_SESSION if has_sessions else _NO_SESSION),
            min_size=1,
            max_size=pool_size,
            timeout=wait_seconds,
            reconnect_timeout=_RECONNECT_SECONDS,
            open=False,
            name="serving",
        )

    async def open(self) -> None:
        """Begin to connect; does not fail if the database is not there yet."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    async def fetch(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Return the rows of a read. Tries twice, because a restart of the database breaks every pooled connection.

        The second time nothing is prepared: PostgreSQL refuses a prepared statement once a column has another type.
        Raises DatabaseUnreachable, or TableMissing if the statement names a table that is not there.
        """
        try:
            return await self._fetch_once(statement, parameters or {})
        except (errors.UndefinedTable, errors.UndefinedFunction) as error:
            raise _table_missing(error) from error
        except (PoolTimeout, errors.QueryCanceled) as error:  # a second try would take as long again
            raise _unreachable(error) from error
        except (psycopg.OperationalError, errors.FeatureNotSupported) as error:
            log.info("statement failed, trying once more", reason=type(error).__name__)
        try:
            await self._pool.check()
            return await self._fetch_once(statement, parameters or {}, prepare=False)
        except psycopg.OperationalError as error:
            raise _unreachable(error) from error

    async def write(self, statements: Sequence[str], parameters: Mapping[str, Any]) -> list[list[Row]]:
        """Run statements that change schema `serving`, in one transaction and one round trip; return the rows of each.

        Of two transactions that wait for each other, the one that is ended begins once more. Raises as `fetch` does.
        """
        try:
            return await self._write_once(statements, parameters)
        except (errors.UndefinedTable, errors.UndefinedFunction) as error:
            raise _table_missing(error) from error
        except PoolTimeout as error:
            raise _unreachable(error) from error
        except psycopg.OperationalError as error:
            log.info("transaction failed, trying once more", reason=type(error).__name__)
        try:
            await self._pool.check()
            return await self._write_once(statements, parameters)
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise _unreachable(error) from error

    async def _write_once(self, statements: Sequence[str], parameters: Mapping[str, Any]) -> list[list[Row]]:
        async with self._pool.connection() as connection, connection.pipeline():
            async with connection.transaction():
                await connection.execute("set transaction read write")
                if not self._has_sessions:
                    await connection.execute(_LIMIT)
                cursors = [await connection.execute(statement.encode(), parameters) for statement in statements]
            return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]

    async def _fetch_once(self, statement: str, parameters: Mapping[str, Any], *, prepare: bool = True) -> list[Row]:
        async with self._pool.connection() as connection:
            if not self._has_sessions:
                async with connection.transaction():
                    await connection.execute(_LIMITED_READ)
                    return await (await connection.execute(statement.encode(), parameters)).fetchall()
            try:
                cursor = await connection.execute(statement.encode(), parameters, prepare=prepare)
            except errors.FeatureNotSupported:
                await connection.close()  # what it has prepared stays refused; the pool opens another one
                raise
            return await cursor.fetchall()


def _table_missing(error: Exception) -> TableMissing:
    log.error("table missing", detail=str(error))
    return TableMissing("the warehouse lacks a table: migrate it and run the transform DAG once")


def _unreachable(error: Exception) -> DatabaseUnreachable:
    log.error("database unreachable", reason=type(error).__name__, detail=str(error))
    return DatabaseUnreachable("the warehouse (PostgreSQL) does not answer; try again in a few seconds")
