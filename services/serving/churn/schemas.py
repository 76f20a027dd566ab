"""What is said of churn, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

RiskLevel = Literal["low", "medium", "high"]


class ChurnPrediction(BaseModel):
    """The newest prediction for a user."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"churn_risk": 0.23, "risk_level": "low", "prediction_date": "2024-01-15T10:30:00Z"}]
        }
    )

    churn_risk: float = Field(ge=0, le=1, description="Probability that the user leaves")
    risk_level: RiskLevel
    prediction_date: datetime = Field(description="When it was predicted (UTC)")
