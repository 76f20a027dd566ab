"""What the API says, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field

from aisle.contracts.recommendations import ScoredProduct
from services.serving.store import PopularProducts, StoredList


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="For programs: one word that does not change", examples=["item_unknown"])
    message: str = Field(description="For people")


class ErrorBody(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorDetail


class ScoredItem(BaseModel):
    """One place of a list."""

    item_id: str
    score: float = Field(description="As it came from the source; comparable within this list only")
    relative_score: float = Field(ge=0, le=1, description="Share of the list's best score; the best has 1")


class ItemList(BaseModel):
    """Items best first, with where they come from and how old they are."""

    items: list[ScoredItem]
    source: Literal["cache", "popular"] = Field(
        description="`popular`: a fallback, the same for everybody who asks the same group"
    )
    score_kind: Literal["personalize", "engine", "rank", "popularity"] = Field(
        description="Whose `score` it is: Amazon Personalize's, the engine's, the place's, or the number of orders"
    )
    generation: str | None = Field(
        description="Published generation that the list belongs to; null for the whole shop's popular items"
    )
    generated_at: datetime | None = Field(description="When the list was loaded (UTC); null if it was counted just now")
    age_seconds: int | None = Field(description="Time since then")
    is_stale: bool = Field(description="Whether it is older than the cache's time to live")


class UserRecommendations(ItemList):
    """Recommendations for one user."""

    user_id: str


class SimilarItems(ItemList):
    """Items similar to one item, which is not among them."""

    item_id: str


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Readiness(BaseModel):
    """The API can answer from the cache."""

    status: Literal["ready"] = "ready"
    generation: str = Field(description="The live generation")
    published_at: datetime
    user_lists: int
    item_lists: int


def cached_list(stored: StoredList, limit: int, ttl: timedelta) -> ItemList:
    """The first `limit` items of a cached list. Relative scores are those of the whole list, whatever the limit."""
    return ItemList(
        items=_scored(stored.products, limit),
        source="cache",
        score_kind=stored.score_kind,
        generation=stored.generation,
        **_age(stored.updated_at, ttl),
    )


def popular_list(popular: PopularProducts, ttl: timedelta) -> ItemList:
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
