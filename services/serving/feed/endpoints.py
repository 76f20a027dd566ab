"""The routes of the current user: HTTP in, service out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from aisle.contracts.recommendations import LONGEST_ANSWER
from services.serving.auth import USER_ERRORS
from services.serving.bodies import SmallBody
from services.serving.conditional import UNCHANGED, conditional, tagged
from services.serving.dependencies import dependencies_of
from services.serving.errors import (
    INVALID_REQUEST,
    UNREADABLE_BODY,
    BodyTooLarge,
    DatabaseUnreachable,
    PersonErased,
    RecommendationUnknown,
    ServingError,
    TableMissing,
    responses,
)
from services.serving.feed.algorithms import Algorithms, Catalogues
from services.serving.feed.repository import FeedRepository
from services.serving.feed.schemas import (
    MAX_TOP_K,
    Algorithm,
    Feedback,
    GivenFeedback,
    Interaction,
    LoggedInteraction,
    RecommendedContents,
    Stats,
)
from services.serving.feed.service import Caller, FeedService
from services.serving.interactions.events import LONGEST_SENT_ID, SENT_ID
from services.serving.rate_limits import LimitedUser
from services.serving.recommendations.endpoints import Service as Recommendations
from services.serving.recommendations.questions import Page
from services.serving.recommendations.schemas import UserRecommendations

router = APIRouter(prefix="/api", tags=["current user"], route_class=SmallBody)


async def _caller(
    request: Request,
    user_id: LimitedUser,
    session_id: Annotated[
        str | None,
        Header(
            alias="X-Session-ID",
            min_length=1,
            max_length=LONGEST_SENT_ID,
            pattern=SENT_ID,
            description="Id of the visit",
        ),
    ] = None,
) -> Caller:
    return Caller(user_id, request.state.request_id, session_id)


async def _service(request: Request, recommendations: Recommendations) -> FeedService:
    dependencies = dependencies_of(request)
    repository = FeedRepository(dependencies.database, dependencies.groups)
    algorithms = Algorithms(recommendations, repository, dependencies.once(Catalogues), dependencies.settings)
    return FeedService(recommendations, algorithms, repository, dependencies)


CurrentCaller = Annotated[Caller, Depends(_caller)]
Service = Annotated[FeedService, Depends(_service)]


def _answers(*errors: type[ServingError]) -> dict[int | str, dict[str, object]]:
    return responses(*USER_ERRORS, *errors, DatabaseUnreachable, TableMissing) | INVALID_REQUEST


@router.get(
    "/feed/personalized/",
    summary="The feed of the current user",
    response_model=UserRecommendations,
    responses=_answers() | UNCHANGED,
)
async def personalized_feed(
    request: Request,
    caller: CurrentCaller,
    service: Service,
    limit: Annotated[int, Query(ge=1, le=LONGEST_ANSWER, description="Most entries to answer with")] = 20,
    offset: Annotated[int, Query(ge=0, le=LONGEST_ANSWER, description="Entries to leave out first")] = 0,
) -> Response:
    """What is recommended to the user of the token; to a user of whom nothing is known, what is popular (`source`).

    What is answered is stored as one impression, once for each `X-Request-ID`. It is no view: who is shown an item has
    not looked at it yet.
    """
    return conditional(request, await service.personalized(caller, Page(limit, offset)))


@router.get(
    "/recommendations/recommendations/",
    summary="Recommendations for the current user, by one algorithm",
    response_model=RecommendedContents,
    responses=_answers() | UNCHANGED,
)
async def recommended_contents(
    request: Request,
    caller: CurrentCaller,
    service: Service,
    algorithm: Annotated[
        Algorithm,
        Query(description="`collaborative`: by what others do; `content`: by what the items are; `hybrid`: by both"),
    ] = "hybrid",
    top_k: Annotated[int, Query(ge=1, le=MAX_TOP_K, description="Number of recommendations")] = 10,
) -> Response:
    """The best items by one algorithm. `X-Recommendation-ID` names the list, `X-Recommendation-Source` what it is made
    of. An algorithm that knows nothing of the user answers with what is popular.
    """
    answer = await service.recommend(caller, algorithm, top_k)
    response = tagged(request, answer.contents.model_dump_json().encode())
    response.headers["X-Recommendation-ID"] = answer.recommendation_id
    response.headers["X-Recommendation-Source"] = answer.sources
    return response


@router.post(
    "/recommendations/interactions/",
    summary="Log what the current user did",
    status_code=201,
    responses=_answers(PersonErased, BodyTooLarge) | UNREADABLE_BODY,
)
async def interactions(caller: CurrentCaller, service: Service, interaction: Interaction) -> LoggedInteraction:
    """Store one interaction, once for each `X-Request-ID`."""
    return await service.log(caller, interaction)


@router.post(
    "/recommendations/feedback/",
    summary="Say what the current user made of a recommendation",
    responses=_answers(RecommendationUnknown, PersonErased, BodyTooLarge) | UNREADABLE_BODY,
)
async def feedback(caller: CurrentCaller, service: Service, given: Feedback) -> GivenFeedback:
    """Write to the newest recommendation of this item to the user. A click counts as an interaction; a dismissed item
    is not recommended again until the user comes back to it.
    """
    return await service.give_feedback(caller, given)


@router.get(
    "/recommendations/stats/",
    summary="What the current user was recommended, and did",
    responses=_answers(),
)
async def stats(caller: CurrentCaller, service: Service) -> Stats:
    """The figures of the user of the token."""
    return await service.stats(caller.user_id)
