"""Which level a risk is, and how long a prediction holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from services.serving.churn.repository import ChurnRepository
from services.serving.churn.schemas import ChurnPrediction, RiskLevel
from services.serving.errors import PredictionsMissing, PredictionUnknown
from services.serving.settings import ServingSettings


@dataclass(frozen=True, slots=True)
class Answer:
    """A prediction, its age in seconds, and for how many seconds more a client may keep it."""

    prediction: ChurnPrediction
    age: int
    max_age: int


def now() -> datetime:
    """Return the time by which the age of predictions is told."""
    return datetime.now(UTC)


class ChurnService:
    """Reads predictions; none is made in a request."""

    def __init__(self, repository: ChurnRepository, settings: ServingSettings) -> None:
        self._repository = repository
        self._settings = settings

    async def predict(self, user_id: str) -> Answer:
        """Return the newest prediction for a user. Raises PredictionUnknown, PredictionsMissing."""
        latest = await self._repository.latest(user_id)
        if latest is None:
            if await self._repository.are_any():
                raise PredictionUnknown("there is no churn prediction for this user: too little is known of them yet")
            raise PredictionsMissing("no churn prediction was ever made: the churn model has not run yet")
        age = max(0, int((now() - latest.prediction_date).total_seconds()))
        prediction = ChurnPrediction(
            churn_risk=latest.churn_risk,
            risk_level=self.level(latest.churn_risk),
            prediction_date=latest.prediction_date,
        )
        return Answer(prediction, age, max(0, int(self._settings.churn_ttl_seconds) - age))

    def level(self, churn_risk: float) -> RiskLevel:
        """Return the level of a risk by the thresholds of the settings."""
        if churn_risk < self._settings.churn_medium_from:
            return "low"
        return "medium" if churn_risk < self._settings.churn_high_from else "high"
