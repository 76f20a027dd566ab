"""What the API says, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, Field

from aisle.contracts.recommendations import ScoredProduct
from services.serving.store import StoredList


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
    source: Literal["cache", "popular"] = Field(description="`popular`: a fallback, the same for everybody")
    score_kind: Literal["personalize", "engine", "rank", "popularity"] = Field(
        description="Whose `score` it is: Amazon Personalize's, the engine's, the place's, or the number of orders"
    )
    generation: str | None = Field(description="Published generation that the list belongs to; null for a fallback")
    generated_at: datetime | None = Field(description="When the list was loaded (UTC); null for a fallback")
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
    age = datetime.now(UTC) - stored.updated_at
    return ItemList(
        items=_scored(stored.products, limit),
        source="cache",
        score_kind=stored.score_kind,
        generation=stored.generation,
        generated_at=stored.updated_at,
        age_seconds=max(0, int(age.total_seconds())),
        is_stale=age > ttl,
    )


def popular_list(products: Sequence[ScoredProduct]) -> ItemList:
    """The fallback for a user without a list; counted afresh, so never stale."""
    return ItemList(
        items=_scored(products, len(products)),
        source="popular",
        score_kind="popularity",
        generation=None,
        generated_at=None,
        age_seconds=None,
        is_stale=False,
    )


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
