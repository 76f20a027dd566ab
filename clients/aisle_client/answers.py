"""What the API answers, field by field: plain dictionaries, as JSON has them."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Algorithm = Literal["collaborative", "content", "hybrid"]
RegionKind = Literal["province", "city"]


class ScoredItem(TypedDict):
    """An item and its score: from 0 to 1, the share of the best score in its list."""

    item_id: str
    score: float


class ItemList(TypedDict):
    """A list of the API with all its fields: where it comes from, how old it is, and the name of this answer."""

    items: list[dict[str, Any]]
    total: int
    offset: int
    source: str
    score_kind: str
    generation: str | None
    model_version: str | None
    generated_at: str | None
    age_seconds: int | None
    is_stale: bool
    recommendation_id: str


class Ranking(TypedDict):
    """The given items, each once, best first."""

    user_id: str
    items: list[dict[str, Any]]
    source: str
    generation: str | None
    model_version: str | None
    generated_at: str | None
    age_seconds: int | None
    is_stale: bool
    recommendation_id: str


class RegionSummary(TypedDict):
    """A region that can be asked for."""

    region_kind: RegionKind
    region: str
    region_name: str
    n_active_users: int


class RegionList(TypedDict):
    """The regions of a kind, the most populous first."""

    regions: list[RegionSummary]


class RegionResult(TypedDict):
    """What the sampled users of a region are recommended in one window."""

    region_kind: RegionKind
    region: str
    region_name: str
    window_start: str
    window_end: str
    seed: str
    n_active_users: int
    n_sampled: int
    n_with_list: int
    is_small: bool
    generation: str | None
    computed_at: str
    items: list[dict[str, Any]]


class RegionHistory(TypedDict):
    """The last windows of a region, the newest first."""

    windows: list[RegionResult]


class RecommendedContent(TypedDict):
    """One place of a user's recommendations by an algorithm."""

    content_id: str
    score: float
    algorithm: Algorithm


class ChurnPrediction(TypedDict):
    """How likely a user is to leave, from 0 to 1."""

    churn_risk: float
    risk_level: Literal["low", "medium", "high"]
    prediction_date: str


class Stats(TypedDict):
    """What a user was recommended, and what came of it."""

    total_recommendations: int
    clicked_recommendations: int
    dismissed_recommendations: int
    click_through_rate: float | None
    total_interactions: int
    latest_churn_risk: float | None


class EventResult(TypedDict):
    """How many events were stored, now or before, and how many were not, each of these with its reason."""

    processed: int
    skipped: int
    reasons: list[str]
