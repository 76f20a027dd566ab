"""The workflow of a request: accept, recommend, store; and what is said of it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from aisle.shop import BETA, RankedProduct, Selection, ShopAnswer, anonymous_user, answer
from services.serving.errors import InvalidRequest, RecommendationFailed, RecommendationLate, RequestUnknown
from services.serving.interactions.events import IncomingEvent, event_id_of
from services.serving.interactions.service import Interactions
from services.serving.metrics import ANSWERS
from services.serving.settings import ServingSettings
from services.serving.shop.campaign import Recommender
from services.serving.shop.repository import Product, ShopRepository, StoredRequest
from services.serving.shop.schemas import (
    Carousel,
    EventOutcome,
    Place,
    Places,
    RecommendedProduct,
    ShopEvent,
    ShopProduct,
    ShopResult,
)

log = structlog.get_logger(__name__)

#: Products that the carousel shows.
N_SHOWN = 60
#: Requests that one process answers at a time; further ones wait.
_AT_A_TIME = 4
#: The failure of a request whose time was up before its answer was made.
_TOOK_TOO_LONG = TimeoutError.__name__


class Workflows:
    """What goes on after a request is accepted. Work that a restart cuts off is begun again by the next process."""

    def __init__(self, _settings: ServingSettings) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self.turns = asyncio.Semaphore(_AT_A_TIME)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside the requests."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


class ShopService:
    """Accepts selections, has them answered, and finds the answers."""

    def __init__(
        self,
        repository: ShopRepository,
        recommender: Recommender,
        workflows: Workflows,
        interactions: Interactions,
        settings: ServingSettings,
    ) -> None:
        self._repository = repository
        self._recommender = recommender
        self._workflows = workflows
        self._interactions = interactions
        self._seconds = settings.shop_seconds

    async def products(self, search: str | None) -> Carousel:
        """Return the products to choose from."""
        products = await self._repository.products(search, N_SHOWN)
        return Carousel(products=[ShopProduct(**_shown(product)) for product in products])

    async def places(self) -> Places:
        """Return the places that the form offers."""
        return Places(places=[Place(kind=kind, name=name) for kind, name in await self._repository.places()])

    async def accept(self, selection: Selection) -> str:
        """Keep a request and begin to answer it; return its id. Raises InvalidRequest for unknown products."""
        known = await self._repository.details(selection.product_ids)
        if unknown := [product_id for product_id in selection.product_ids if product_id not in known]:
            raise InvalidRequest(f"no order names the products {', '.join(unknown)}; GET /shop/products lists some")
        user_id = anonymous_user()
        await self._repository.accept(user_id, selection)
        self._workflows.start(self._answer(user_id, selection, self._seconds))
        return user_id

    async def resume(self) -> None:
        """Answer what another process accepted and did not live to answer, if there is time left.

        One that is still at work does no harm: the first answer counts.
        """
        for user_id, selection, waited in await self._repository.unfinished(self._seconds):
            self._workflows.start(self._answer(user_id, selection, self._seconds - waited))

    async def find(self, user_id: str) -> ShopResult | None:
        """Return the answer of a request, None while it is being made.

        Raises RequestUnknown, RecommendationFailed, RecommendationLate.
        """
        request = await self._repository.find(user_id)
        if request is None:
            raise RequestUnknown("there is no such request: it was never accepted, or is forgotten; send it again")
        if request.answer is not None:
            return await self._result(user_id, request, request.answer)
        if request.failure not in (None, _TOOK_TOO_LONG):
            raise RecommendationFailed(f"recommending has failed ({request.failure}); send the selection again")
        if request.failure == _TOOK_TOO_LONG or request.seconds > self._seconds:
            raise RecommendationLate(
                f"no recommendation within {self._seconds:g} s; send the selection again, or look into the API's log"
            )
        return None

    async def tell(self, user_id: str, event: ShopEvent) -> EventOutcome:
        """Store what a visitor saw or did. Raises RequestUnknown, InvalidRequest for a product that was not shown."""
        request = await self._repository.find(user_id)
        if request is None or request.answer is None:
            raise RequestUnknown("no such request has an answer: it was never accepted, has none, or is forgotten")
        shown = tuple(product.product_id for product in request.answer.products)
        is_click, is_of_all = event.event_type == "click", event.event_type == "initial_impression"
        if not is_of_all and event.item_id not in shown:
            raise InvalidRequest(f"a {event.event_type} is of one of the recommended products: name it by its item_id")
        item_id = None if is_of_all else event.item_id
        (outcome,) = await self._interactions.store(
            [
                IncomingEvent(
                    event_id=event_id_of("shop", user_id, event.event_type, item_id),
                    source="shop",
                    event_type=event.event_type,
                    occurred_at=datetime.now(UTC),
                    session_id=user_id,
                    item_id=item_id if is_click else None,
                    item_ids=() if is_click else (item_id,) if item_id else shown,
                    platform="web",
                    recommendation_id=user_id,
                    request_id=user_id,
                )
            ]
        )
        return EventOutcome(is_processed=outcome.is_processed, reason=outcome.reason)

    async def _answer(self, user_id: str, selection: Selection, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds), self._workflows.turns:
                made = await self._recommend(user_id, selection)
            await self._repository.store(user_id, made)
            ANSWERS.labels("shop", made.source).inc()
        except Exception as error:  # nobody awaits this work: the request must tell
            log.error("shop request failed", reason=type(error).__name__, exc_info=error)
            await self._repository.store(user_id, None, type(error).__name__)

    async def _recommend(self, user_id: str, selection: Selection) -> ShopAnswer:
        now = datetime.now(UTC)
        of_campaign = await asyncio.to_thread(self._recommender.recommend, user_id, selection, now)
        return of_campaign or answer(selection, await self._repository.evidence(selection))

    async def _result(self, user_id: str, request: StoredRequest, made: ShopAnswer) -> ShopResult:
        known = await self._repository.details(
            [product_id for ranked in made.products for product_id in (ranked.product_id, *ranked.goes_with)]
        )
        return ShopResult(
            request_id=user_id,
            mode=request.mode,
            beta=request.mode in BETA,
            source=made.source,
            place=made.place,
            generation=made.generation,
            items=[_recommended(ranked, made, known) for ranked in made.products],
            accepted_at=request.accepted_at,
            seconds=round(request.seconds, 3),
        )


def _shown(product: Product) -> dict[str, Any]:
    return {
        "item_id": product.product_id,
        "name": product.name,
        "category": product.category,
        "price": product.price,
    }


def _recommended(ranked: RankedProduct, made: ShopAnswer, known: Mapping[str, Product]) -> RecommendedProduct:
    product = known.get(ranked.product_id, Product(ranked.product_id, None, None, None))
    return RecommendedProduct(**_shown(product), score=ranked.score, reason=_reason(ranked.goes_with, made, known))


def _reason(goes_with: Sequence[str], made: ShopAnswer, known: Mapping[str, Product]) -> str | None:
    """Being similar to what was selected is a better reason than that everybody buys it."""
    if goes_with and made.source != "popular_in_region":
        names = [(known[item_id].name if item_id in known else None) or item_id for item_id in goes_with[:2]]
        return f"goes with {' and '.join(names)}"
    if made.source == "campaign":
        return None
    return f"popular in {made.place}" if made.place else "popular"
