"""Which list answers a question, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aisle.contracts.recommendations import ScoredProduct
from services.serving.errors import ItemUnknown
from services.serving.recommendations.repository import PopularProducts, RecommendationsRepository, StoredList
from services.serving.recommendations.schemas import ItemList, ScoredItem, SimilarItems, UserRecommendations
from services.serving.settings import ServingSettings


class RecommendationsService:
    """Answers from the cache first, and from popularity where the cache has nothing."""

    def __init__(self, repository: RecommendationsRepository, settings: ServingSettings) -> None:
        self._repository = repository
        self._ttl = settings.cache_ttl

    async def for_user(self, user_id: str, limit: int, group: str | None) -> UserRecommendations:
        """Return the user's list; for a user without one, the most ordered products."""
        stored = await self._repository.list_of("users", user_id, group)
        if stored is not None:
            answer = _cached_list(stored, limit, self._ttl)
        else:
            answer = _popular_list(await self._repository.popular(limit, group), self._ttl)
        return UserRecommendations(user_id=user_id, **dict(answer))

    async def similar_to(self, item_id: str, limit: int, group: str | None) -> SimilarItems:
        """Return the item's list, also for an id in other case than the shop's. Raises ItemUnknown."""
        stored = await self._repository.list_of("items", item_id, group)
        if stored is None:
            item_id = await self._spelt(item_id)
            stored = await self._repository.list_of("items", item_id, group)
        if stored is None:
            raise ItemUnknown(f"no similar items are cached for item {item_id!r}; nothing may be like it yet")
        return SimilarItems(item_id=item_id, **dict(_cached_list(stored, limit, self._ttl)))

    async def _spelt(self, item_id: str) -> str:
        """Return the id as the shop spells it. Raises ItemUnknown if no item, or more than one, can be meant."""
        spellings = await self._repository.spellings(item_id)
        if not spellings:
            raise ItemUnknown(f"no item {item_id!r} is known, in upper or lower case; compare the id with the orders")
        if len(spellings) > 1 and item_id not in spellings:
            raise ItemUnknown(f"item {item_id!r} may be any of {', '.join(map(repr, spellings))}; ask for one of them")
        return item_id if item_id in spellings else spellings[0]


def _cached_list(stored: StoredList, limit: int, ttl: timedelta) -> ItemList:
    """The first `limit` items of a cached list. Relative scores are those of the whole list, whatever the limit."""
    return ItemList(
        items=_scored(stored.products, limit),
        source="cache",
        score_kind=stored.score_kind,
        generation=stored.generation,
        **_age(stored.updated_at, ttl),
    )


def _popular_list(popular: PopularProducts, ttl: timedelta) -> ItemList:
    """The fallback for a user without a list. The whole shop's is counted afresh, so never stale."""
    return ItemList(
        items=_scored(popular.products, len(popular.products)),
        source="popular",
        score_kind="popularity",
        generation=popular.generation,
        **_age(popular.counted_at, ttl),
    )


def _age(made_at: datetime | None, ttl: timedelta) -> dict[str, Any]:
    age = datetime.now(UTC) - made_at if made_at else None
    return {
        "generated_at": made_at,
        "age_seconds": max(0, int(age.total_seconds())) if age is not None else None,
        "is_stale": age is not None and age > ttl,
    }


def _scored(products: Sequence[ScoredProduct], limit: int) -> list[ScoredItem]:
    """Zero is the bottom of the scale, or the worst score where scores fall below zero."""
    scores = [product.score for product in products]
    bottom, best = min([0.0, *scores]), max(scores, default=0.0)
    span = best - bottom
    return [
        ScoredItem(
            item_id=product.product_id,
            score=product.score,
            relative_score=(product.score - bottom) / span if span else 1.0,
        )
        for product in products[:limit]
    ]
