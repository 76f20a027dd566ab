"""The routes of the shop page: the page itself, what it shows, and the requests that it sends."""

from __future__ import annotations

from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import StringConstraints

from aisle.shop import Selection, SelectionRefused
from services.serving.auth import require_login, require_visitor
from services.serving.bodies import SmallBody
from services.serving.dependencies import Dependencies, dependencies_of
from services.serving.errors import (
    INVALID_REQUEST,
    UNREADABLE_BODY,
    BodyTooLarge,
    DatabaseUnreachable,
    InvalidRequest,
    LoginNeeded,
    RateLimited,
    RecommendationFailed,
    RecommendationLate,
    RequestUnknown,
    ServingError,
    TableMissing,
    responses,
)
from services.serving.pages import page
from services.serving.rate_limits import RateLimits
from services.serving.shop.campaign import Recommender
from services.serving.shop.repository import ShopRepository
from services.serving.shop.schemas import (
    AcceptedRequest,
    Carousel,
    EventOutcome,
    Places,
    ShopEvent,
    ShopQuestion,
    ShopResult,
)
from services.serving.shop.service import ShopService, Workflows
from services.serving.shop.site import STATIC

log = structlog.get_logger(__name__)

router = APIRouter(tags=["shop"], route_class=SmallBody)


def _service_of(dependencies: Dependencies) -> ShopService:
    return ShopService(
        ShopRepository(dependencies.database, dependencies.groups),
        dependencies.once(Recommender),
        dependencies.once(Workflows),
        dependencies.interactions,
        dependencies.settings,
    )


async def _service(request: Request) -> ShopService:
    return _service_of(dependencies_of(request))


async def resume(dependencies: Dependencies) -> None:
    """Go on with what a restart has cut off; a warehouse that is away by then answers nothing anyway."""
    try:
        await _service_of(dependencies).resume()
    except ServingError as error:
        log.warning("requests of the shop page are not resumed", reason=error.code)


async def _limit(request: Request) -> None:
    """Count a call of an address, since visitors have no other name, among those of its path: the products of an
    answer that come into view take nothing from the next question. Raises RateLimited.
    """
    address = request.client.host if request.client else ""
    await dependencies_of(request).shared(RateLimits.of).spend(f"{request.url.path}\x1f{address}")


Service = Annotated[ShopService, Depends(_service)]
RequestId = Annotated[
    str,
    Path(
        min_length=1, max_length=64, pattern=r"^shop-[0-9a-f]{32}$",
        openapi_examples={"a request": {"value": "shop-0f8c3a5de1b24c6f9a7d2e4b61c0d835"}},
    ),
]  # fmt: skip
Search = Annotated[
    str | None,
    StringConstraints(strip_whitespace=True, max_length=100, pattern=r"^[^\x00]*$"),
    Query(description="Text in the product's name or id, in any case"),
]
VISITOR, LIMIT = Depends(require_visitor), Depends(_limit)


def _answers(*errors: type[ServingError]) -> dict[int | str, dict[str, object]]:
    return {**responses(LoginNeeded, *errors, DatabaseUnreachable, TableMissing), **INVALID_REQUEST}


@router.get(
    "/shop",
    summary="The shop page",
    dependencies=[Depends(require_login)],
    response_class=Response,
    responses=responses(LoginNeeded),
)
async def shop_page() -> Response:
    """Choose five products, say something about the customer, or both, and see what is recommended."""
    return page("shop.html", here="/shop", api="", files="/shop/static/")


@router.get("/shop/static/{name}", include_in_schema=False)
async def static_file(name: Literal["shop.js", "shop.css"]) -> FileResponse:
    """The page's module and its style; they are the same for everybody."""
    return FileResponse(STATIC / name, headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"})


@router.get(
    "/shop/products",
    summary="Products to choose from",
    dependencies=[VISITOR, LIMIT],
    responses=_answers(RateLimited),
)
async def products(service: Service, search: Search = None) -> Carousel:
    """The most ordered products, of those that match the search if there is one."""
    return await service.products(search or None)


@router.get(
    "/shop/places", summary="Places to choose from", dependencies=[VISITOR, LIMIT], responses=_answers(RateLimited)
)
async def places(service: Service) -> Places:
    """Cities and provinces where customers live, the most populous first."""
    return await service.places()


@router.post(
    "/shop/requests",
    summary="Ask for recommendations",
    status_code=202,
    dependencies=[VISITOR, LIMIT],
    responses=_answers(BodyTooLarge, RateLimited) | UNREADABLE_BODY,
)
async def ask(service: Service, question: ShopQuestion, response: Response) -> AcceptedRequest:
    """Accept a selection. The answer is made meanwhile; `url` says where it will be."""
    try:
        selection = Selection.of(question.mode, question.product_ids, question.metadata.facts)
    except SelectionRefused as error:
        raise InvalidRequest(str(error)) from error
    request_id = await service.accept(selection)
    accepted = _accepted(request_id)
    response.headers["Location"] = accepted.url
    return accepted


@router.get(
    "/shop/requests/{request_id}",
    summary="The answer of a request",
    dependencies=[VISITOR],
    response_model=ShopResult,
    responses={
        **_answers(RequestUnknown, RecommendationFailed, RecommendationLate),
        202: {"model": AcceptedRequest, "description": "It is still being made; ask again after `Retry-After`"},
    },
)
async def answer(service: Service, request_id: RequestId) -> ShopResult | JSONResponse:
    """The recommended products, best first; none of them is among the selected ones."""
    result = await service.find(request_id)
    if result is None:
        return JSONResponse(_accepted(request_id).model_dump(), status_code=202, headers={"Retry-After": "1"})
    return result


@router.post(
    "/shop/requests/{request_id}/events",
    summary="Tell what the visitor saw or did",
    dependencies=[VISITOR, LIMIT],
    responses=_answers(RequestUnknown, BodyTooLarge, RateLimited) | UNREADABLE_BODY,
)
async def tell(service: Service, request_id: RequestId, event: ShopEvent) -> EventOutcome:
    """Store that the whole answer was shown, or that one of its products was seen or clicked; each counts once."""
    return await service.tell(request_id, event)


def _accepted(request_id: str) -> AcceptedRequest:
    return AcceptedRequest(request_id=request_id, url=f"/shop/requests/{request_id}")
