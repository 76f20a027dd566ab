"""The routes of the recommendations: HTTP in, service out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field, StringConstraints

from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.recommendations import LONGEST_ANSWER
from services.serving.auth import require_api_key
from services.serving.conditional import conditional
from services.serving.dependencies import dependencies_of
from services.serving.errors import (
    INVALID_REQUEST,
    UNREADABLE_BODY,
    DatabaseUnreachable,
    GroupUnknown,
    InvalidRequest,
    ItemUnknown,
    RegionUnknown,
    ServingError,
    TableMissing,
    Unauthorized,
    responses,
)
from services.serving.recommendations.campaign import Campaigns
from services.serving.recommendations.questions import Filters, Page, Region
from services.serving.recommendations.repository import RecommendationsRepository
from services.serving.recommendations.schemas import (
    PopularItems,
    Ranking,
    RankingQuestion,
    RegionKind,
    SimilarItems,
    UserRecommendations,
)
from services.serving.recommendations.service import RecommendationsService

router = APIRouter(prefix="/api/v1", tags=["recommendations"], dependencies=[Depends(require_api_key)])


def _service(request: Request) -> RecommendationsService:
    dependencies = dependencies_of(request)
    repository = RecommendationsRepository(dependencies.database, dependencies.groups)
    return RecommendationsService(repository, dependencies.once(Campaigns), dependencies.settings)


Service = Annotated[RecommendationsService, Depends(_service)]

#: An id may hold a slash; NUL cannot be stored, so nobody has it.
_ID = {"min_length": 1, "max_length": LONGEST_ID, "pattern": r"^[^\x00]+$"}
UserId = Annotated[str, Path(**_ID, openapi_examples={"a user": {"value": "3f2a9c"}})]
ItemId = Annotated[str, Path(**_ID, openapi_examples={"an item": {"value": "22423"}})]
Word = Annotated[str, StringConstraints(**_ID)] | None
Price = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] | None
Group = Annotated[
    str | None,
    Query(min_length=1, max_length=63, pattern=r"^[^\x00]+$", description="Dataset group; without it, the first that "
          "has such a list answers"),
]  # fmt: skip


def paging(n_items: int) -> Callable[..., Page]:
    """Return the dependency that reads which part of a list is asked for: `n_items` unless a request says otherwise."""

    def page(
        limit: Annotated[int, Query(ge=1, le=LONGEST_ANSWER, description="Most items to answer with")] = n_items,
        offset: Annotated[int, Query(ge=0, le=LONGEST_ANSWER, description="Items of the list to leave out first")] = 0,
        reasons: Annotated[
            bool, Query(description="Say why each item is there, where the orders show a reason")
        ] = False,
    ) -> Page:
        return Page(limit, offset, reasons)

    return page


@dataclass(frozen=True)
class Narrowing:
    """What items must be. What the marts do not know of an item does not fit."""

    category: Annotated[Word, Query(description="Newest category of the item, in any case")] = None
    min_price: Annotated[Price, Query(description="Least price per unit in the newest order with it")] = None
    max_price: Annotated[Price, Query(description="Greatest price per unit in the newest order with it")] = None
    in_stock: Annotated[bool, Query(description="Sold lately, and so taken to be in stock")] = False
    province: Annotated[Word, Query(description="Ordered in this province")] = None
    city: Annotated[Word, Query(description="Ordered in this city")] = None

    async def filters(self, service: RecommendationsService, in_stock_days: int) -> Filters:
        """Return the filters. Raises InvalidRequest, or RegionUnknown if no order names the place."""
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise InvalidRequest(f"min_price {self.min_price:g} is more than max_price {self.max_price:g}")
        days = in_stock_days if self.in_stock else None
        return Filters(self.category, self.min_price, self.max_price, days, await self._region(service))

    async def _region(self, service: RecommendationsService) -> Region | None:
        if self.province and self.city:
            raise InvalidRequest("province and city are both given: name one of them")
        kind: RegionKind = "province" if self.province else "city"
        name = self.province or self.city
        if name is None:
            return None
        region = await service.region(kind, name)
        if region is None:
            raise RegionUnknown(f"no order names a {kind} {name!r}; compare it with the orders")
        return region


async def _filters(request: Request, service: Service, narrowing: Annotated[Narrowing, Depends()]) -> Filters:
    return await narrowing.filters(service, dependencies_of(request).settings.in_stock_days)


Shown = Annotated[Page, Depends(paging(25))]
#: The defaults of the documented calls `get_recommendations` and `get_similar_items`.
TwentyShown = Annotated[Page, Depends(paging(20))]
TenShown = Annotated[Page, Depends(paging(10))]
Narrowed = Annotated[Filters, Depends(_filters)]

_UNCHANGED: dict[int | str, dict[str, object]] = {
    304: {"description": "What the client has, by its `If-None-Match`, is what would be answered"}
}


def _answers(*errors: type[ServingError]) -> dict[int | str, dict[str, object]]:
    """What every list may answer besides itself."""
    described = responses(Unauthorized, RegionUnknown, *errors, DatabaseUnreachable, TableMissing)
    return {**described, **INVALID_REQUEST, **_UNCHANGED}


@router.get(
    "/recommendations/{user_id:path}",
    summary="Recommendations for one user",
    response_model=UserRecommendations,
    responses=_answers(GroupUnknown),
)
async def recommendations(
    request: Request, service: Service, user_id: UserId, page: TwentyShown, filters: Narrowed, group: Group = None
) -> Response:
    """The user's own list, or, for a user without one, the first that has something to show of: the recommender, if it
    is switched on; what is popular in the named group, if it has a part of the shop; what is popular where the user
    lives, or in the region that is asked for; what is popular in the whole shop. `source` names it.
    """
    return conditional(request, await service.for_user(user_id, page, filters, group))


@router.get(
    "/similar/{item_id:path}",
    summary="Items similar to one item",
    response_model=SimilarItems,
    responses=_answers(ItemUnknown, GroupUnknown),
)
async def similar(
    request: Request, service: Service, item_id: ItemId, page: TenShown, filters: Narrowed, group: Group = None
) -> Response:
    """The item's list; the item itself is never in it.

    An id in other case than the shop's is answered, too, with the id as the shop spells it, if only one item can be
    meant.
    """
    return conditional(request, await service.similar_to(item_id, page, filters, group))


@router.get(
    "/bought-together/{item_id:path}",
    summary="Items frequently bought together with one item",
    response_model=SimilarItems,
    responses=_answers(ItemUnknown),
)
async def bought_together(
    request: Request, service: Service, item_id: ItemId, page: Shown, filters: Narrowed
) -> Response:
    """What is in the same orders as the item, closest first: the score is 1 where neither is ever bought alone."""
    return conditional(request, await service.bought_together(item_id, page, filters))


@router.get("/popular", summary="What is ordered most", response_model=PopularItems, responses=_answers())
async def popular(request: Request, service: Service, page: Shown, filters: Narrowed) -> Response:
    """The products that most orders hold, of the whole shop or of a province or city, all or of a category."""
    return conditional(request, await service.popular(page, filters))


@router.get("/trending", summary="What is ordered more than before", response_model=PopularItems, responses=_answers())
async def trending(request: Request, service: Service, page: Shown, filters: Narrowed) -> Response:
    """The products whose orders grew most between two spans of four weeks, the newest and the one before."""
    return conditional(request, await service.trending(page, filters))


@router.post(
    "/rankings",
    summary="Given items in the order of one user",
    response_model=Ranking,
    responses=responses(Unauthorized, GroupUnknown, DatabaseUnreachable, TableMissing)
    | INVALID_REQUEST
    | UNREADABLE_BODY,
)
async def rankings(service: Service, question: RankingQuestion) -> Ranking:
    """Each given item once: those of the user's list first, then the others by their orders, then the unknown ones."""
    return await service.ranking(question)
