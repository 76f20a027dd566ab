"""What a report of an experiment says."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

State = Literal["planned", "running", "ended"]
Conclusion = Literal["sample_ratio_mismatch", "too_few", "undecided", "better", "worse", "guardrail_broken"]


class Effect(BaseModel):
    """A difference from the control. The interval and the p-value hold at whatever moment somebody looks."""

    difference: float = Field(description="Rate of the arm less that of the control, such as 0.012")
    low: float = Field(description="Lower end of the interval")
    high: float = Field(description="Upper end of it")
    p_value: float = Field(ge=0, le=1)


class ArmReport(BaseModel):
    """One arm; the first is the control."""

    name: str
    group: str = Field(description="Dataset group whose lists it shows")
    n_exposed: int = Field(ge=0, description="Users who were shown it")
    n_observed: int = Field(ge=0, description="Of these, users whose observation has ended: all rates are theirs")
    n_clicked: int = Field(ge=0)
    n_purchased: int = Field(ge=0)
    n_rejected: int = Field(ge=0, description="Users who hid, disliked or reported an item")
    rate: float = Field(ge=0, le=1, description="Observed users with the experiment's outcome")
    rejection_rate: float = Field(ge=0, le=1, description="The guardrail: observed users who rejected an item")
    effect: Effect | None = Field(description="On the outcome; null for the control, and while there are too few users")
    guardrail: Effect | None = Field(description="On the guardrail; above 0 in all of its interval, it is broken")
    conclusion: Conclusion | None = Field(description="Null for the control")


class DailyExposures(BaseModel):
    """Users who were shown an arm for the first time on a day (UTC)."""

    day: date
    arm: str
    n_users: int = Field(ge=1)


class ExperimentSummary(BaseModel):
    """An experiment of the file."""

    name: str
    description: str
    state: State
    starts_at: datetime
    ends_at: datetime | None
    outcome: Literal["clicked", "purchased"]
    outcome_days: float
    share: float
    arms: list[str]


class ExperimentList(BaseModel):
    """All experiments, in the order in which users are offered to them."""

    experiments: list[ExperimentSummary]


class ExperimentReport(ExperimentSummary):
    """What has come of an experiment."""

    effect: float = Field(description="Difference that it is there to find")
    alpha: float = Field(description="Share of comparisons without an effect in which one may be found, at any moment")
    method: str
    n_in_several_arms: int = Field(ge=0, description="Users who were shown more than one arm; they are left out")
    sample_ratio_p_value: float | None
    has_sample_ratio_mismatch: bool = Field(description="The split is not that of the weights: believe nothing else")
    reports: list[ArmReport]
    days: list[DailyExposures]
    computed_at: datetime
