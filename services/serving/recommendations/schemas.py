"""What the recommendations are asked and say, field by field.

Answers are dataclasses: pydantic describes them in the document, msgspec writes them, and nothing checks them a second
time on their way out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, with_config

from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.recommendations import LONGEST_ANSWER

Source = Literal[
    "cache", "cache_and_recent", "campaign", "recent", "popular_in_region", "popular", "trending", "bought_together"
]
ScoreKind = Literal["personalize", "engine", "rank", "blended", "popularity", "growth", "closeness"]
ReasonKind = Literal["bought_with", "popular_in_region", "popular"]
RegionKind = Literal["province", "city"]

#: NUL cannot be stored, so no id has it.
AnyId = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00]+$")]

_AGES: dict[str, Any] = {
    "generation": "20261130T0600",
    "model_version": "arn:aws:personalize:us-east-1:000000000000:solution/shop-for-you/1a2b3c4d",
    "generated_at": "2026-11-30T06:09:13Z",
    "age_seconds": 1804,
    "is_stale": False,
    "recommendation_id": "5f0c6a4e1d2b4f7a9c3e8b6d0a1f2c3e",
    "total": 25,
    "offset": 0,
}
_ITEM: dict[str, Any] = {"item_id": "85123A", "score": 0.0213377, "relative_score": 1.0, "reason": None, "pick": None}


@dataclass(slots=True, kw_only=True)
class Reason:
    """Why an item is in a list, as the orders have it."""

    kind: ReasonKind
    text: Annotated[
        str, Field(description="For people", examples=["bought with WHITE HANGING HEART", "popular in Lahore"])
    ]
    item_id: Annotated[
        str | None, Field(description="What the user bought, and others bought together with the item")
    ] = None
    region: Annotated[str | None, Field(description="Where it is popular")] = None


@dataclass(slots=True)
class ScoredItem:
    """One place of a list."""

    item_id: str
    score: Annotated[float, Field(description="As it came from the source; comparable within this list only")]
    relative_score: Annotated[float, Field(ge=0, le=1, description="Share of the list's best score; the best has 1")]
    reason: Annotated[
        Reason | None, Field(description="Only where reasons are asked for, and one is true of the orders")
    ] = None
    pick: Annotated[
        Literal["pinned", "boosted"] | None,
        Field(description="Whether a merchandiser has given the item its place, or raised it; null: neither"),
    ] = None


@dataclass(slots=True, kw_only=True)
class ItemList:
    """Items best first, with where they come from and how old they are."""

    items: list[ScoredItem]
    total: Annotated[int, Field(ge=0, description="Items that there are to page through")]
    offset: Annotated[int, Field(ge=0, description="How many of them come before this page")]
    source: Annotated[
        Source,
        Field(
            description="`cache`: the published list; `cache_and_recent`: with what is similar to what the user "
            "did in the last minutes. `campaign`: the recommender, for users without a list. `recent`: what is similar "
            "to what such a user did last. "
            "`popular_in_region`, `popular`: fallbacks, the same for everybody who asks so"
        ),
    ]
    score_kind: Annotated[
        ScoreKind,
        Field(
            description="Whose `score` it is: Amazon Personalize's, the engine's, the place's, the number of orders, "
            "their growth in standard deviations, or how often two products are in one order"
        ),
    ]
    generation: Annotated[
        str | None,
        Field(description="Published generation that the list belongs to; null for what is counted in the marts"),
    ]
    model_version: Annotated[str | None, Field(description="Solution version that made the list; null if no model did")]
    generated_at: Annotated[
        datetime | None, Field(description="When the list was loaded (UTC); null if it was counted just now")
    ]
    age_seconds: Annotated[int | None, Field(description="Time since then")]
    is_stale: Annotated[bool, Field(description="Whether it is older than the cache's time to live")]
    recommendation_id: Annotated[
        str, Field(description="Names this answer; equal answers to one question have equal ids")
    ]


@with_config(
    json_schema_extra={
        "examples": [{"items": [_ITEM], "source": "cache", "score_kind": "engine", **_AGES, "user_id": "3f2a9c"}]
    }
)
@dataclass(slots=True, kw_only=True)
class UserRecommendations(ItemList):
    """Recommendations for one user."""

    user_id: str
    experiment: Annotated[str | None, Field(description="Experiment that the user takes part in; null if none")] = None
    arm: Annotated[str | None, Field(description="Arm whose lists these are; null without an experiment")] = None


@dataclass(slots=True, kw_only=True)
class SimilarItems(ItemList):
    """Items similar to one item, which is not among them."""

    item_id: str


@dataclass(slots=True, kw_only=True)
class PopularItems(ItemList):
    """Items that are ordered most, or whose orders grow most, in a region or in the whole shop."""

    region: Annotated[str | None, Field(description="As most orders spell it; null for the whole shop")]


class RankingQuestion(BaseModel):
    """Items to be put into a user's order."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"user_id": "3f2a9c", "item_ids": ["85123A", "22423"]}]}
    )

    user_id: AnyId
    item_ids: list[AnyId] = Field(min_length=1, max_length=LONGEST_ANSWER, description="Each once")
    group: Annotated[str, StringConstraints(min_length=1, max_length=63)] | None = None


class RankedItem(BaseModel):
    """One place of a ranking."""

    item_id: str
    score: float | None = Field(description="As `ranked_by` gave it; null if nothing is known of the item")
    ranked_by: Literal["cache", "popular", "given", "disliked"] = Field(
        description="The user's list; after those the number of orders; after those the order in which they came; "
        "last what the user does not want"
    )


class Ranking(BaseModel):
    """The given items, each once, best first."""

    user_id: str
    items: list[RankedItem]
    source: Source = Field(description="`cache` if the user has a list, else `popular`")
    generation: str | None
    model_version: str | None
    generated_at: datetime | None
    age_seconds: int | None
    is_stale: bool
    recommendation_id: str
