"""Which schemas hold the lists of which dataset group: read from `cache.groups`, and remembered for a while."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from psycopg.sql import Identifier, Literal

from aisle.contracts.recommendations import ListTable
from aisle.warehouse import CACHE_SCHEMA, list_parts, sql
from services.serving.database import Database, Row
from services.serving.errors import GroupUnknown

#: How long it may take until a group that is published for the first time is found without being named.
_REMEMBER_SECONDS = 15.0


class Groups:
    """The dataset groups in their order, and look-ups over the caches of all of them in one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._schemas: Mapping[str, str] = {}
        self._read_at = -math.inf

    async def schemas_of(self, group: str | None) -> tuple[str, ...]:
        """Return the schemas to look into: of a group, or of all. Raises GroupUnknown.

        A group that is not known might just have been published.
        """
        is_old = time.monotonic() - self._read_at > _REMEMBER_SECONDS
        if is_old or (group is not None and group not in self._schemas):
            self._schemas = dict(await self._database.fetch(sql("cache/groups/list")))
            self._read_at = time.monotonic()
        if group is None:
            return tuple(self._schemas.values()) or (CACHE_SCHEMA,)
        if group not in self._schemas:
            raise GroupUnknown(
                f"no lists are published for a dataset group {group!r}; there are for "
                f"{', '.join(self._schemas) or 'none yet'}"
            )
        return (self._schemas[group],)

    @property
    def names(self) -> list[str]:
        """The groups in their order, as they were last read; the cache of a warehouse without groups has its name."""
        return list(self._schemas) or [CACHE_SCHEMA]

    async def first(self, name: str) -> Row | None:
        """Return the row of the first group that has one, without its place. `name` is a statement with a place."""
        rows = await self.all_of(name, {})
        return rows[0][1:] if rows else None

    async def all_of(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Return the rows of all groups, those of the first group first, each with its place, of one snapshot."""
        return await self.rows_of(name, await self.schemas_of(None), parameters)

    async def rows_of(
        self, name: str, schemas: tuple[str, ...], parameters: Mapping[str, Any], table: ListTable | None = None
    ) -> list[Row]:
        """Return the rows of the groups with these schemas as `all_of` does."""
        rows = await self._database.fetch(_over(name, schemas, table), parameters)
        return sorted(rows, key=lambda row: row[0]) if len(schemas) > 1 else rows


@cache
def _over(name: str, schemas: tuple[str, ...], table: ListTable | None) -> str:
    """One statement that looks into each schema."""
    parts = list_parts(table) if table else {}
    looks = [sql(name, cache=Identifier(schema), nth=Literal(place), **parts) for place, schema in enumerate(schemas)]
    return "\nunion all\n".join(looks)
