"""All that is read and written of what is recommended to users, and of what they make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import msgspec

from aisle.contracts.recommendations import ScoredProduct
from aisle.warehouse import sql
from services.serving.database import Database
from services.serving.errors import TableMissing
from services.serving.feed.content import Product
from services.serving.feed.schemas import Algorithm
from services.serving.groups import Groups
from services.serving.lists import read_list

_encode = msgspec.json.Encoder().encode
#: The items of a user that count, the newest ones.
_N_LIKED = 50


@dataclass(frozen=True, slots=True)
class MadeList:
    """What one algorithm recommends to one user, best first, with the sources that it was made of."""

    recommendation_id: str
    sources: str
    products: Sequence[ScoredProduct]


@dataclass(frozen=True, slots=True)
class Recommended:
    """A recommendation that a user was shown."""

    recommendation_id: str
    algorithm: Algorithm


@dataclass(frozen=True, slots=True)
class Counts:
    """What a user was recommended, and did."""

    n_interactions: int
    latest_churn_risk: float | None
    n_recommended: int
    n_clicked: int
    n_dismissed: int


class FeedRepository:
    """Schema `serving`: lists that are kept for a while, what was shown of them, and the feedback on it."""

    def __init__(self, database: Database, groups: Groups) -> None:
        self._database = database
        self._groups = groups

    async def live_generations(self) -> str:
        """Name what is live in all dataset groups: another name, and lists that were made before are out of date."""
        rows = await self._groups.all_of("cache/generations/live", {})
        return " ".join(f"{place}:{generation}" for place, generation, *_ in rows)

    async def find_list(
        self, user_id: str, algorithm: Algorithm, live_generations: str, computed_after: datetime
    ) -> MadeList | None:
        """Return what was made for a user since a moment, of the generations that are live."""
        values = {
            "user_id": user_id,
            "algorithm": algorithm,
            "live_generations": live_generations,
            "computed_after": computed_after,
        }
        rows = await self._database.fetch(sql("serving/recommended_items/find_list"), values)
        return MadeList(rows[0][0], rows[0][1], read_list(rows[0][2])) if rows else None

    async def keep_list(
        self, user_id: str, algorithm: Algorithm, live_generations: str, made: MadeList, computed_at: datetime
    ) -> None:
        """Keep a list in place of the one before."""
        values = {
            "user_id": user_id,
            "algorithm": algorithm,
            "recommendation_id": made.recommendation_id,
            "sources": made.sources,
            "live_generations": live_generations,
            "items": _encode(made.products).decode(),
            "computed_at": computed_at,
        }
        await self._database.write([sql("serving/recommended_items/keep_list")], values)

    async def record(
        self, user_id: str, algorithm: Algorithm, made: MadeList, shown: Sequence[ScoredProduct], request_id: str
    ) -> None:
        """Record what a user is shown of a list."""
        values = {
            "user_id": user_id,
            "algorithm": algorithm,
            "recommendation_id": made.recommendation_id,
            "item_ids": [product.product_id for product in shown],
            "scores": [product.score for product in shown],
            "request_id": request_id,
        }
        await self._database.write([sql("serving/recommended_items/record")], values)

    async def latest(self, user_id: str, item_id: str) -> Recommended | None:
        """Return the newest recommendation of an item to a user."""
        values = {"user_id": user_id, "item_id": item_id}
        rows = await self._database.fetch(sql("serving/recommended_items/latest"), values)
        return Recommended(*rows[0]) if rows else None

    async def newest_reaction(self, user_id: str, item_id: str, recommendation_id: str, event_type: str) -> str | None:
        """Return the id of the newest event of a type by which a user has answered a recommendation."""
        values = {
            "user_id": user_id,
            "item_id": item_id,
            "recommendation_id": recommendation_id,
            "event_type": event_type,
        }
        rows = await self._database.fetch(sql("serving/recommended_items/newest_reaction"), values)
        return str(rows[0][0]) if rows else None

    async def give_feedback(
        self, user_id: str, item_id: str, recommendation_id: str, *, is_clicked: bool, is_dismissed: bool
    ) -> None:
        """Write what a user made of a recommendation."""
        values = {
            "user_id": user_id,
            "item_id": item_id,
            "recommendation_id": recommendation_id,
            "is_clicked": is_clicked,
            "is_dismissed": is_dismissed,
        }
        await self._database.write([sql("serving/recommended_items/give_feedback")], values)

    async def counts(self, user_id: str) -> Counts:
        """Return the figures of a user."""
        (row,) = await self._database.fetch(sql("serving/recommended_items/stats"), {"user_id": user_id})
        return Counts(*row)

    async def liked(self, user_id: str) -> Mapping[str, float]:
        """Return the newest items that a user has bought or shown interest in, and how much each counts."""
        values = {"user_id": user_id, "n_items": _N_LIKED}
        rows = await self._database.fetch(sql("serving/recommended_items/liked_in_events"), values)
        with suppress(TableMissing):  # no marts yet: then nobody has ordered anything
            rows += await self._database.fetch(sql("serving/recommended_items/liked_in_orders"), values)
        newest = sorted(rows, key=lambda row: row[2], reverse=True)
        liked: dict[str, float] = {}
        for item_id, weight, _ in newest:
            liked[item_id] = max(weight, liked.get(item_id, 0.0))
        return dict(list(liked.items())[:_N_LIKED])

    async def bought_together(self, liked: Mapping[str, float], n_candidates: int) -> Sequence[ScoredProduct]:
        """Return what is in the same orders as the items of a user, closest first."""
        values = {"liked": _encode(liked).decode(), "n_candidates": n_candidates}
        try:
            rows = await self._database.fetch(sql("serving/recommended_items/bought_together"), values)
        except TableMissing:  # no marts yet
            return []
        return [ScoredProduct(*row) for row in rows]

    async def products(self) -> Sequence[Product]:
        """Return what every product that was ever sold is."""
        try:
            rows = await self._database.fetch(sql("serving/recommended_items/catalogue"))
        except TableMissing:  # no marts yet
            return []
        return [Product(*row) for row in rows]
