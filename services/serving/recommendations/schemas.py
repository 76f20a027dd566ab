"""What the recommendations say, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


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
