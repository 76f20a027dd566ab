"""The routes of the recommendations: HTTP in, service out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field, StringConstraints

from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.recommendations import LONGEST_ANSWER
from services.serving.auth import require_api_key
from services.serving.bodies import ListBody
from services.serving.conditional import UNCHANGED, conditional
from services.serving.dependencies import Dependencies, dependencies_of
from services.serving.errors import (
    INVALID_REQUEST,
    UNREADABLE_BODY,
    BodyTooLarge,
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
from services.serving.people import usable_id
from services.serving.recommendations.campaign import Campaigns
from services.serving.recommendations.plain import plain_route
from services.serving.recommendations.questions import Filters, Page, Region, Wishes
from services.serving.recommendations.repository import RecommendationsRepository
from services.serving.recommendations.schemas import (
    PopularItems,
    Ranking,
    RankingQuestion,
    RegionKind,
    SimilarItems,
    UserRecommendations,
)
from services.serving.recommendations.service import NO_WISHES, RecommendationsService


def _make_service(dependencies: Dependencies) -> RecommendationsService:
    repository = RecommendationsRepository(dependencies.database, dependencies.groups, dependencies.lists)
    return RecommendationsService(repository, Campaigns(dependencies.settings), dependencies.settings)


def _service_of(request: Request) -> RecommendationsService:
    return dependencies_of(request).shared(_make_service)


async def _service(request: Request) -> RecommendationsService:
    return _service_of(request)


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


def paging(n_items: int) -> Callable[..., Awaitable[Page]]:
    """Return the dependency that reads which part of a list is asked for: `n_items` unless a request says otherwise."""

    async def page(
        limit: Annotated[int, Query(ge=1, le=LONGEST_ANSWER, description="Most items to answer with")] = n_items,
        offset: Annotated[int, Query(ge=0, le=LONGEST_ANSWER, description="Items of the list to leave out first")] = 0,
        reasons: Annotated[
            bool, Query(description="Say why each item is there, where the orders show a reason")
        ] = False,
    ) -> Page:
        return Page(limit, offset, reasons)

    return page


async def _filters(
    request: Request,
    service: Service,
    *,
    category: Annotated[Word, Query(description="Newest category of the item, in any case")] = None,
    min_price: Annotated[Price, Query(description="Least price per unit in the newest order with it")] = None,
    max_price: Annotated[Price, Query(description="Greatest price per unit in the newest order with it")] = None,
    in_stock: Annotated[bool, Query(description="Sold lately, and so taken to be in stock")] = False,
    province: Annotated[Word, Query(description="Ordered in this province")] = None,
    city: Annotated[Word, Query(description="Ordered in this city")] = None,
) -> Filters:
    """Return what items must be; what the marts do not know of an item does not fit.

    Raises InvalidRequest, or RegionUnknown if no order names the place.
    """
    if min_price is not None and max_price is not None and min_price > max_price:
        raise InvalidRequest(f"min_price {min_price:g} is more than max_price {max_price:g}")
    days = dependencies_of(request).settings.in_stock_days if in_stock else None
    return Filters(category, min_price, max_price, days, await _region(service, province, city))


async def _wishes(
    service: Service,
    device: Annotated[
        Word, Query(description="Context: the user's device, by the name that events have as platform")
    ] = None,
    hour: Annotated[int | None, Query(ge=0, le=23, description="Context: hour of the day (UTC)")] = None,
    near: Annotated[Word, Query(description="Context: the city where the user is; its popular items rise")] = None,
    revenue: Annotated[float, Query(ge=0, le=1, description="Objective: weight of the item's price")] = 0,
    satisfaction: Annotated[float, Query(ge=0, le=1, description="Objective: weight of how welcome the item is")] = 0,
) -> Wishes:
    return Wishes(device, hour, await _region(service, None, near), revenue, satisfaction)


async def _region(service: RecommendationsService, province: str | None, city: str | None) -> Region | None:
    if province and city:
        raise InvalidRequest("province and city are both given: name one of them")
    kind: RegionKind = "province" if province else "city"
    name = province or city
    if name is None:
        return None
    region = await service.region(kind, name)
    if region is None:
        raise RegionUnknown(f"no order names a {kind} {name!r}; compare it with the orders")
    return region


#: The defaults of the documented calls `get_recommendations` and `get_similar_items`.
_FOR_USER, _SIMILAR = 20, 10
Shown = Annotated[Page, Depends(paging(25))]
Narrowed = Annotated[Filters, Depends(_filters)]
Wished = Annotated[Wishes, Depends(_wishes)]

#: What a question without filters filters by.
_NOTHING = Filters()

router = APIRouter(prefix="/api/v1", tags=["recommendations"], dependencies=[Depends(require_api_key)])
#: Their plain questions skip dependency injection; `router` includes them below, before the routes asked less often.
_of_users = APIRouter(route_class=plain_route(_service_of, _FOR_USER, _NOTHING))
_of_items = APIRouter(route_class=plain_route(_service_of, _SIMILAR, _NOTHING))
_of_lists = APIRouter(route_class=ListBody)


def _answers(*errors: type[ServingError]) -> dict[int | str, dict[str, object]]:
    """What every list may answer besides itself."""
    described = responses(Unauthorized, RegionUnknown, *errors, DatabaseUnreachable, TableMissing)
    return {**described, **INVALID_REQUEST, **UNCHANGED}


@_of_users.get(
    "/recommendations/{user_id:path}",
    summary="Recommendations for one user",
    response_model=UserRecommendations,
    responses=_answers(GroupUnknown),
)
async def recommendations(
    request: Request,
    service: Service,
    user_id: UserId,
    page: Annotated[Page, Depends(paging(_FOR_USER))],
    filters: Narrowed,
    wishes: Wished = NO_WISHES,
    group: Group = None,
) -> Response:
    """The user's own list, changed at once by what the user does; or, for a user without one, the first that has
    something to show of: the recommender, if it is switched on; what is similar to what the user did last; what is
    popular in the named group, if it has a part of the shop; what is popular where the user
    lives, or in the region that is asked for; what is popular in the whole shop. `source` names it.

    A user who takes part in an experiment gets the lists of an arm, which `experiment` and `arm` name; a request that
    names a group does not take part.
    """
    dependencies = dependencies_of(request)
    person = await _person(dependencies, user_id) if group is None and dependencies.assigner.experiments else None
    assignment = dependencies.assigner.of(person) if person else None
    if person is None or assignment is None:
        return conditional(request, await service.for_user(user_id, page, filters, group, wishes))
    answer = await service.in_arm(assignment, user_id, page, filters, wishes)
    if answer.arm is not None:
        dependencies.exposures.add(assignment, person)
    return conditional(request, answer)


async def _person(dependencies: Dependencies, sent_id: str) -> str | None:
    """Return whom an experiment assigns: a person, by whichever id a caller names them; None for an id of nobody."""
    usable = usable_id(sent_id)
    return await dependencies.people.user_id(usable) if usable else None


@_of_items.get(
    "/similar/{item_id:path}",
    summary="Items similar to one item",
    response_model=SimilarItems,
    responses=_answers(ItemUnknown, GroupUnknown),
)
async def similar(
    request: Request,
    service: Service,
    item_id: ItemId,
    page: Annotated[Page, Depends(paging(_SIMILAR))],
    filters: Narrowed,
    group: Group = None,
) -> Response:
    """The item's list; the item itself is never in it.

    An id in other case than the shop's is answered, too, with the id as the shop spells it, if only one item can be
    meant.
    """
    return conditional(request, await service.similar_to(item_id, page, filters, group))


router.include_router(_of_users)
router.include_router(_of_items)


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


@_of_lists.post(
    "/rankings",
    summary="Given items in the order of one user",
    response_model=Ranking,
    responses=responses(Unauthorized, GroupUnknown, BodyTooLarge, DatabaseUnreachable, TableMissing)
    | INVALID_REQUEST
    | UNREADABLE_BODY,
)
async def rankings(service: Service, question: RankingQuestion) -> Ranking:
    """Each given item once: those of the user's list first, then the others by their orders, then the unknown ones."""
    return await service.ranking(question)


router.include_router(_of_lists)
