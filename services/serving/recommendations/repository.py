"""All that the recommendations read of the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from psycopg.sql import Identifier

from aisle.contracts.recommendations import LIST_TABLES, ScoredProduct, ScoreKind, Subject
from aisle.warehouse import sql
from services.serving.database import Database, Row
from services.serving.errors import TableMissing
from services.serving.groups import Groups

_decode_products = msgspec.json.Decoder(list[ScoredProduct]).decode


class StoredList(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the cache. `updated_at` carries UTC."""

    products: Sequence[ScoredProduct]
    generation: str
    score_kind: ScoreKind
    updated_at: datetime


class PopularProducts(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown to a user without a list, best first, with the number of orders as score.

    Those of a group belong to its live generation and were counted with it (`counted_at` carries UTC); those of the
    whole shop have neither.
    """

    products: Sequence[ScoredProduct]
    generation: str | None = None
    counted_at: datetime | None = None


class RecommendationsRepository:
    """Lists belong to a dataset group. Of no group in particular, the first that has the list answers.

    A group that is named and has no lists at all raises GroupUnknown.
    """

    def __init__(self, database: Database, groups: Groups) -> None:
        self._database = database
        self._groups = groups

    async def list_of(self, subject: Subject, key: str, group: str | None = None) -> StoredList | None:
        """Return the list of one user or one item, if there is one."""
        row = await self._groups.first("cache/lists/look_up", group, {"key": key}, LIST_TABLES[subject])
        if row is None:
            return None
        products, generation, score_kind, updated_at = row
        return StoredList(
            products=_decode_products(products),
            generation=generation,
            score_kind=score_kind,
            updated_at=updated_at.replace(tzinfo=UTC),
        )

    async def spellings(self, item_id: str) -> Sequence[str]:
        """Return the ids of products that differ from this one by case and white space only, at most a few."""
        try:
            rows = await self._database.fetch(sql("core/products/spellings"), {"item_id": " ".join(item_id.split())})
        except TableMissing:  # no marts yet: then there are no other spellings either
            return []
        return [product_id for (product_id,) in rows]

    async def popular(self, limit: int, group: str | None = None) -> PopularProducts:
        """Return what most orders of a group hold; of no group, or of one that keeps none, the whole shop's."""
        own = await self._popular_of(group, limit) if group is not None else None
        return own or PopularProducts(
            products=_scored(await self._database.fetch(sql("core/products/popular"), {"n_items": limit}))
        )

    async def _popular_of(self, group: str, limit: int) -> PopularProducts | None:
        """None if the group keeps none, or was last published before groups kept any."""
        (schema,) = await self._groups.schemas_of(group)
        statement = sql("cache/popular_products/look_up", cache=Identifier(schema))
        try:
            rows = await self._database.fetch(statement, {"n_items": limit})
        except TableMissing:
            return None
        if not rows:
            return None
        *_, generation, published_at = rows[0]
        return PopularProducts(products=_scored(rows), generation=generation, counted_at=published_at)


def _scored(rows: Sequence[Row]) -> list[ScoredProduct]:
    """Of rows that begin with a product and its score."""
    return [ScoredProduct(*row[:2]) for row in rows]
