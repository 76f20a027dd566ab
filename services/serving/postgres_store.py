"""The store over the warehouse's cache tables: a pool of connections and prepared look-ups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

import msgspec
import psycopg
import structlog
from psycopg import errors
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from aisle.contracts.recommendations import ScoredProduct
from aisle.warehouse import sql
from services.serving.errors import DatabaseUnreachable, TableMissing
from services.serving.store import LiveGeneration, StoredList

log = structlog.get_logger(__name__)

_decode_products = msgspec.json.Decoder(list[ScoredProduct]).decode
_CONNECTION: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": 3,
    "application_name": "aisle-serving",
    "options": "-c statement_timeout=5000 -c default_transaction_read_only=on",
}
#: The pool's pauses between attempts double. Given up early, the next request starts a fresh attempt at once.
_RECONNECT_SECONDS = 5


class PostgresStore:
    """Reads the live tables by name in every statement, so a switch of generations is seen by the next request."""

    def __init__(self, url: str, *, pool_size: int, wait_seconds: float) -> None:
        self._pool = AsyncConnectionPool(
            url,
            kwargs=_CONNECTION,
            min_size=1,
            max_size=pool_size,
            timeout=wait_seconds,
            reconnect_timeout=_RECONNECT_SECONDS,
            configure=_configure,
            open=False,
            name="serving",
        )

    async def open(self) -> None:
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close()

    async def recommendations(self, user_id: str) -> StoredList | None:
        return await self._look_up("offline_user_recommendations", user_id)

    async def similar(self, item_id: str) -> StoredList | None:
        return await self._look_up("offline_similar_items", item_id)

    async def popular(self, limit: int) -> Sequence[ScoredProduct]:
        return [ScoredProduct(*row) for row in await self._fetch("cache/popular", {"n_items": limit})]

    async def live_generation(self) -> LiveGeneration | None:
        for generation, published_at, user_lists, item_lists in await self._fetch("cache/generations/live", {}):
            return LiveGeneration(
                generation=generation, published_at=published_at, user_lists=user_lists, item_lists=item_lists
            )
        return None

    async def _look_up(self, table: str, key: str) -> StoredList | None:
        for products, generation, score_kind, updated_at in await self._fetch(f"cache/{table}/look_up", {"key": key}):
            return StoredList(
                products=products,
                generation=generation,
                score_kind=score_kind,
                updated_at=updated_at.replace(tzinfo=UTC),
            )
        return None

    async def _fetch(self, name: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of a read. Tried twice, because a restart of the database breaks every pooled connection."""
        try:
            return await self._fetch_once(name, parameters)
        except errors.UndefinedTable as error:
            log.error("table missing", detail=str(error))
            raise TableMissing("the warehouse lacks a table: migrate it and run the transform DAG once") from error
        except PoolTimeout as error:
            raise _unreachable(error) from error
        except psycopg.OperationalError as error:
            log.info("database connection lost, trying a fresh one", reason=type(error).__name__)
        try:
            await self._pool.check()
            return await self._fetch_once(name, parameters)
        except psycopg.OperationalError as error:
            raise _unreachable(error) from error

    async def _fetch_once(self, name: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(sql(name).encode(), parameters, prepare=True)
            return await cursor.fetchall()


async def _configure(connection: psycopg.AsyncConnection) -> None:
    set_json_loads(_decode_products, connection)


def _unreachable(error: Exception) -> DatabaseUnreachable:
    log.error("database unreachable", reason=type(error).__name__, detail=str(error))
    return DatabaseUnreachable("the warehouse (PostgreSQL) does not answer; try again in a few seconds")
