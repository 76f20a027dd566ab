"""The route of churn: HTTP in, service out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.serving.auth import USER_ERRORS
from services.serving.churn.repository import ChurnRepository
from services.serving.churn.schemas import ChurnPrediction
from services.serving.churn.service import ChurnService
from services.serving.conditional import VARY
from services.serving.dependencies import dependencies_of
from services.serving.errors import (
    INVALID_REQUEST,
    DatabaseUnreachable,
    PredictionsMissing,
    PredictionUnknown,
    TableMissing,
    responses,
)
from services.serving.rate_limits import LimitedUser

router = APIRouter(prefix="/api/recommendations", tags=["current user"])


async def _service(request: Request) -> ChurnService:
    dependencies = dependencies_of(request)
    return ChurnService(ChurnRepository(dependencies.database), dependencies.settings)


@router.get(
    "/churn-prediction/",
    summary="How likely the current user is to leave",
    responses=responses(*USER_ERRORS, PredictionUnknown, DatabaseUnreachable, TableMissing, PredictionsMissing)
    | INVALID_REQUEST,
)
async def churn_prediction(
    response: Response, user_id: LimitedUser, service: Annotated[ChurnService, Depends(_service)]
) -> ChurnPrediction:
    """The newest prediction. Predictions are made outside of requests; `Cache-Control` says how long this one holds,
    and `Age` how old it is.
    """
    answer = await service.predict(user_id)
    response.headers["Cache-Control"] = f"private, max-age={answer.max_age}"
    response.headers["Age"] = str(answer.age)
    response.headers["Vary"] = VARY
    return answer.prediction
