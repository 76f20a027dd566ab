"""The routes of the recommendations: HTTP in, service out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.recommendations import LONGEST_ANSWER
from services.serving.auth import require_api_key
from services.serving.errors import (
    INVALID_REQUEST,
    DatabaseUnreachable,
    GroupUnknown,
    ItemUnknown,
    TableMissing,
    Unauthorized,
    responses,
)
from services.serving.neighbours import neighbours_of
from services.serving.recommendations.repository import RecommendationsRepository
from services.serving.recommendations.schemas import SimilarItems, UserRecommendations
from services.serving.recommendations.service import RecommendationsService

router = APIRouter(prefix="/api/v1", tags=["recommendations"], dependencies=[Depends(require_api_key)])


def _service(request: Request) -> RecommendationsService:
    neighbours = neighbours_of(request)
    repository = RecommendationsRepository(neighbours.database, neighbours.groups)
    return RecommendationsService(repository, neighbours.settings)


Service = Annotated[RecommendationsService, Depends(_service)]

#: An id may hold a slash; NUL cannot be stored, so nobody has it.
Id = Annotated[str, Path(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00]+$")]
Group = Annotated[
    str | None,
    Query(min_length=1, max_length=63, description="Dataset group; without it, the first that has such a list answers"),
]
Limit = Annotated[int, Query(ge=1, le=LONGEST_ANSWER, description="Most items to answer with")]


@router.get(
    "/recommendations/{user_id:path}",
    summary="Recommendations for one user",
    responses=responses(Unauthorized, GroupUnknown, DatabaseUnreachable, TableMissing) | INVALID_REQUEST,
)
async def recommendations(service: Service, user_id: Id, limit: Limit = 25, group: Group = None) -> UserRecommendations:
    """The user's own list, or, for a user without one, the most ordered products (`source` is `popular`).

    These are the named group's where it has a part of the shop, else those of the whole shop.
    """
    return await service.for_user(user_id, limit, group)


@router.get(
    "/similar/{item_id:path}",
    summary="Items similar to one item",
    responses=responses(Unauthorized, ItemUnknown, GroupUnknown, DatabaseUnreachable, TableMissing) | INVALID_REQUEST,
)
async def similar(service: Service, item_id: Id, limit: Limit = 25, group: Group = None) -> SimilarItems:
    """The item's list; the item itself is never in it.

    An id in other case than the shop's is answered, too, with the id as the shop spells it, if only one item can be
    meant.
    """
    return await service.similar_to(item_id, limit, group)
