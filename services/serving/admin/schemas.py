"""What the owner's pages show."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field


class VersionPerformance(BaseModel):
    """What became of the lists of one model version."""

    model_version: str | None = Field(description="Solution version that was live when they were shown; null if none")
    n_shown: int = Field(ge=0, description="Items shown in answers, once per user and answer")
    n_clicked: int = Field(ge=0, description="Of these, items that the user clicked")
    n_bought: int = Field(ge=0, description="Purchases attributed to such a click")
    revenue: float = Field(description="Of these purchases, at the products' last prices")

    @property
    def click_rate(self) -> float:
        return self.n_clicked / self.n_shown if self.n_shown else 0.0

    @property
    def conversion_rate(self) -> float:
        return self.n_bought / self.n_shown if self.n_shown else 0.0


class DayPerformance(BaseModel):
    """Items shown and clicked on a day (UTC)."""

    day: date
    n_shown: int
    n_clicked: int


class Performance(BaseModel):
    """What became of the recommendations of the last days."""

    since: datetime
    attribution_days: int = Field(description="A purchase counts within this time after a click on the item in a list")
    versions: list[VersionPerformance]
    days: list[DayPerformance]
    n_dwells: int
    mean_dwell_seconds: float | None
