"""What the regions say, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

RegionKind = Literal["province", "city"]
Affinity = Literal["high", "medium", "low"]


class RegionSummary(BaseModel):
    """A region that can be chosen."""

    region_kind: RegionKind
    region: str = Field(description="The place in upper case; by this it is asked for, in any case")
    region_name: str = Field(description="As most orders spell it")
    n_active_users: int = Field(ge=0)


class RegionList(BaseModel):
    """The regions with active users, the most populous first."""

    regions: list[RegionSummary]


class RegionItem(BaseModel):
    """One item that the sample is recommended."""

    item_id: str
    product_name: str | None
    receivers: int = Field(ge=1, description="Sampled users in whose list it is")
    match_rate: float = Field(ge=0, le=100, description="Receivers of 100 sampled users, those without a list included")
    interval_low: float = Field(ge=0, le=100, description="Lower end of the match rate's 95 % interval (Wilson)")
    interval_high: float = Field(ge=0, le=100, description="Upper end of it")
    affinity: Affinity = Field(description="`high` from 80 %, `medium` from 40 %, `low` below")
    average_score: float = Field(
        ge=0, le=1, description="Mean over the receivers of the score's share of the best one of their list. It is a "
        "place on each list's own scale, no probability"
    )  # fmt: skip


class RegionResult(BaseModel):
    """What a region's sample is recommended in one window, the most received items first."""

    region_kind: RegionKind
    region: str
    region_name: str
    window_start: datetime
    window_end: datetime
    seed: str = Field(description="What the sample was drawn with: the same for everybody who asks in this window")
    n_active_users: int = Field(ge=0, description="Of the region")
    n_sampled: int = Field(ge=0)
    n_with_list: int = Field(ge=0, description="Sampled users who have a published list")
    is_small: bool = Field(description="Whether the region has fewer active users than a whole sample")
    generation: str | None = Field(description="Generation of the lists; null if none is published")
    computed_at: datetime
    items: list[RegionItem]


class RegionHistory(BaseModel):
    """The last windows of a region, the newest first."""

    windows: list[RegionResult]
