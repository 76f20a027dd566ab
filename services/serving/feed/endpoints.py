"""The route of the feed: HTTP in, service out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from aisle.contracts.recommendations import LONGEST_ANSWER
from services.serving.auth import USER_ERRORS
from services.serving.conditional import conditional
from services.serving.errors import INVALID_REQUEST, DatabaseUnreachable, TableMissing, responses
from services.serving.rate_limits import LimitedUser
from services.serving.recommendations.endpoints import Service as Recommendations
from services.serving.recommendations.questions import Filters, Page
from services.serving.recommendations.schemas import UserRecommendations

router = APIRouter(prefix="/api/feed", tags=["feed"])


@router.get(
    "/personalized/",
    summary="The feed of the current user",
    response_model=UserRecommendations,
    responses=responses(*USER_ERRORS, DatabaseUnreachable, TableMissing) | INVALID_REQUEST,
)
async def personalized_feed(
    request: Request,
    user_id: LimitedUser,
    recommendations: Recommendations,
    limit: Annotated[int, Query(ge=1, le=LONGEST_ANSWER, description="Most entries to answer with")] = 20,
    offset: Annotated[int, Query(ge=0, le=LONGEST_ANSWER, description="Entries to leave out first")] = 0,
) -> Response:
    """What is recommended to the user of the token; to a user of whom nothing is known, what is popular (`source`)."""
    feed = await recommendations.for_user(user_id, Page(limit, offset), Filters(), None)
    return conditional(request, feed)
