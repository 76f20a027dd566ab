"""The store over the warehouse's cache tables: a pool of connections and prepared look-ups.

Which schema holds the lists of which dataset group is read from `cache.groups`, and known for a while: a look-up is one
statement over the schemas of all groups that are asked.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC
from functools import cache
from typing import Any

import msgspec
import psycopg
import structlog
from psycopg import errors
from psycopg.sql import Identifier, Literal
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from aisle.contracts.recommendations import LIST_TABLES, ListTable, ScoredProduct, Subject
from aisle.warehouse import CACHE_SCHEMA, list_parts, sql
from services.serving.errors import DatabaseUnreachable, TableMissing
from services.serving.groups import chosen
from services.serving.store import LiveGeneration, PopularProducts, StoredList

log = structlog.get_logger(__name__)

_decode_products = msgspec.json.Decoder(list[ScoredProduct]).decode
_CONNECTION: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": 3,
    "application_name": "aisle-serving",
    "options": "-c statement_timeout=5000 -c default_transaction_read_only=on",
}
#: How long it may take until a group that is published for the first time is found without being named.
_GROUPS_SECONDS = 15.0
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
        self._schemas: dict[str, str] = {}
        self._read_at = -math.inf

    async def open(self) -> None:
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close()

    async def recommendations(self, user_id: str, group: str | None = None) -> StoredList | None:
        return await self._look_up("users", user_id, group)

    async def similar(self, item_id: str, group: str | None = None) -> StoredList | None:
        return await self._look_up("items", item_id, group)

    async def spellings(self, item_id: str) -> Sequence[str]:
        parameters = {"item_id": " ".join(item_id.split())}
        try:
            rows = await self._fetch(sql("core/products/spellings"), parameters)
        except TableMissing:  # no marts yet: then there are no other spellings either
            return []
        return [product_id for (product_id,) in rows]

    async def popular(self, limit: int, group: str | None = None) -> PopularProducts:
        own = await self._popular_of(group, limit) if group is not None else None
        return own or PopularProducts(
            products=_scored(await self._fetch(sql("core/products/popular"), {"n_items": limit}))
        )

    async def live_generation(self) -> LiveGeneration | None:
        row = await self._first("cache/generations/live", await self._schemas_of(None), {})
        return (
            LiveGeneration(generation=row[0], published_at=row[1], user_lists=row[2], item_lists=row[3])
            if row
            else None
        )

    async def _popular_of(self, group: str, limit: int) -> PopularProducts | None:
        """None if the group keeps none, or was last published before groups kept any."""
        (schema,) = await self._schemas_of(group)
        try:
            rows = await self._fetch(_in("cache/popular_products/look_up", schema), {"n_items": limit})
        except TableMissing:
            return None
        if not rows:
            return None
        *_, generation, published_at = rows[0]
        return PopularProducts(products=_scored(rows), generation=generation, counted_at=published_at)

    async def _look_up(self, subject: Subject, key: str, group: str | None) -> StoredList | None:
        table = LIST_TABLES[subject]
        row = await self._first("cache/lists/look_up", await self._schemas_of(group), {"key": key}, table)
        if row is None:
            return None
        products, generation, score_kind, updated_at = row
        return StoredList(
            products=products, generation=generation, score_kind=score_kind, updated_at=updated_at.replace(tzinfo=UTC)
        )

    async def _first(
        self, name: str, schemas: Sequence[str], parameters: Mapping[str, Any], table: ListTable | None = None
    ) -> tuple[Any, ...] | None:
        """What the first of the schemas has, without its place."""
        rows = await self._fetch(_over(name, tuple(schemas), table), parameters)
        return rows[0][1:] if rows else None

    async def _schemas_of(self, group: str | None) -> Sequence[str]:
        """The schemas to look into. A group that is not known might just have been published."""
        if time.monotonic() - self._read_at > _GROUPS_SECONDS or (group is not None and group not in self._schemas):
            found = dict(await self._fetch(sql("cache/groups/list"), {}))
            self._schemas, self._read_at = found, time.monotonic()
        if group is None and not self._schemas:
            return [CACHE_SCHEMA]
        return chosen(self._schemas, group)

    async def _fetch(self, statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of a read. Tried twice, because a restart of the database breaks every pooled connection."""
        try:
            return await self._fetch_once(statement, parameters)
        except errors.UndefinedTable as error:
            log.error("table missing", detail=str(error))
            raise TableMissing("the warehouse lacks a table: migrate it and run the transform DAG once") from error
        except PoolTimeout as error:
            raise _unreachable(error) from error
        except psycopg.OperationalError as error:
            log.info("database connection lost, trying a fresh one", reason=type(error).__name__)
        try:
            await self._pool.check()
            return await self._fetch_once(statement, parameters)
        except psycopg.OperationalError as error:
            raise _unreachable(error) from error

    async def _fetch_once(self, statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement.encode(), parameters, prepare=True)
            return await cursor.fetchall()


@cache
def _over(name: str, schemas: tuple[str, ...], table: ListTable | None) -> str:
    """One statement that looks into each schema; of several answers, that of the first."""
    parts = list_parts(table) if table else {}
    looks = [sql(name, cache=Identifier(schema), nth=Literal(nth), **parts) for nth, schema in enumerate(schemas)]
    return looks[0] if len(looks) == 1 else "\nunion all\n".join(looks) + "\norder by place\nlimit 1"


@cache
def _in(name: str, schema: str) -> str:
    return sql(name, cache=Identifier(schema))


def _scored(rows: Sequence[tuple[Any, ...]]) -> list[ScoredProduct]:
    """Of rows that begin with a product and its score."""
    return [ScoredProduct(*row[:2]) for row in rows]


async def _configure(connection: psycopg.AsyncConnection) -> None:
    set_json_loads(_decode_products, connection)


def _unreachable(error: Exception) -> DatabaseUnreachable:
    log.error("database unreachable", reason=type(error).__name__, detail=str(error))
    return DatabaseUnreachable("the warehouse (PostgreSQL) does not answer; try again in a few seconds")
