"""All that is read of churn predictions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from aisle.warehouse import sql
from services.serving.database import Database


@dataclass(frozen=True, slots=True)
class Prediction:
    """One prediction for a user; `prediction_date` carries UTC."""

    churn_risk: float
    prediction_date: datetime


class ChurnRepository:
    """Schema `serving`: predictions, which the data pipeline writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def latest(self, user_id: str) -> Prediction | None:
        """Return the newest prediction for a user."""
        rows = await self._database.fetch(sql("serving/churn_predictions/latest"), {"user_id": user_id})
        return Prediction(rows[0][0], rows[0][1].astimezone(UTC)) if rows else None

    async def are_any(self) -> bool:
        """Whether anything was ever predicted."""
        ((are_any,),) = await self._database.fetch(sql("serving/churn_predictions/are_any"))
        return bool(are_any)
