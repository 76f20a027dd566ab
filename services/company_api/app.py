"""The order API as a web application: `create_app(settings)`."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
import structlog
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from aisle.errors import ConfigurationError
from aisle.sources import Source
from aisle.web_guard import WebGuard
from services.company_api.faults import JSON, AnyFault, FaultList, Page, read_faults
from services.company_api.order_book import SOURCES, Company
from services.company_api.order_file import read_company
from services.company_api.paging import PageQuery, Span, select
from services.company_api.settings import CompanyApiSettings, Shape
from services.company_api.world.company import generate

log = structlog.get_logger("company_api")

#: Taken from the request, or made, and given back: the same id stands in both sides' logs.
REQUEST_ID = "X-Request-ID"


def create_app(settings: CompanyApiSettings) -> FastAPI:
    """The API over the orders that `settings` names. Raises ConfigurationError if these cannot be had."""
    started = time.perf_counter()
    company = _company(settings)
    faults = FaultList()
    faults.arm(_faults_at_start(settings.faults, company))
    app = FastAPI(openapi_url=None)  # without the token only /health answers
    authorised = [Depends(_token_check(settings.token.get_secret_value()))]
    for source in SOURCES:
        answer = _page_endpoint(source, company, faults, settings)
        app.get(source.path, dependencies=authorised, name=f"{source.title} orders", response_model=None)(answer)
        app.get(f"{source.path}/days", dependencies=authorised, response_model=None)(_days_endpoint(source, company))
    _add_fault_endpoints(app, company, faults, authorised)

    summary = company.summary()
    log.info("orders ready", seconds=round(time.perf_counter() - started, 2), **summary)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", **summary}

    app.add_middleware(WebGuard, audience=settings.audience)
    return app


def _company(settings: CompanyApiSettings) -> Company:
    if settings.orders:
        return read_company(settings.orders)
    return generate(settings.scale, settings.seed, spoilt=settings.spoilt)


def _page_endpoint(
    source: Source, company: Company, faults: FaultList, settings: CompanyApiSettings
) -> Callable[..., Awaitable[Response]]:
    book = company.books[source.name]

    async def page_of_orders(query: Annotated[PageQuery, Query()], request: Request) -> Response:
        started = time.perf_counter()
        selection = select(book, query, settings.page_cap)
        fault = faults.strike(source.name, book, selection)
        fault.change(book, selection)
        orders = book.page(selection.start, selection.stop)
        page = fault.bend(Page(list(orders), selection.next_cursor), book, selection)
        response = await fault.respond(_encode(page, query.shape or settings.shape))
        response.headers[REQUEST_ID] = request.headers.get(REQUEST_ID) or uuid.uuid4().hex
        log.info(
            "page answered", request_id=response.headers[REQUEST_ID], source=source.name, fault=fault.kind,
            status=response.status_code, orders=len(page.orders), seconds=round(time.perf_counter() - started, 4),
        )  # fmt: skip
        return response

    return page_of_orders


def _days_endpoint(source: Source, company: Company) -> Callable[..., Awaitable[Response]]:
    book = company.books[source.name]

    async def days_of_orders(query: Annotated[Span, Query()]) -> Response:
        days = book.days(*book.window(query.start_date, query.end_date))
        return Response(msgspec.json.encode({"data": days}), media_type=JSON)

    return days_of_orders


def _add_fault_endpoints(app: FastAPI, company: Company, faults: FaultList, authorised: list[Any]) -> None:
    @app.get("/faults", dependencies=authorised)
    async def list_faults() -> list[dict[str, Any]]:
        return faults.listing()

    @app.post("/faults", dependencies=authorised, status_code=201)
    async def arm_faults(request: Request) -> list[dict[str, Any]]:
        body = await request.body()
        try:
            faults.arm(_known(read_faults(body), company))
        except (msgspec.DecodeError, ValueError) as error:
            raise RequestValidationError([{"type": "fault", "loc": ("body",), "msg": str(error)}]) from error
        return faults.listing()

    @app.delete("/faults", dependencies=authorised, status_code=204)
    async def clear_faults() -> None:
        faults.clear()


def _faults_at_start(text: str, company: Company) -> list[AnyFault]:
    try:
        return _known(read_faults(text), company)
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigurationError(
            f"arming the faults {text!r} at start: {error}; see README.md for the kinds"
        ) from error


def _known(faults: list[AnyFault], company: Company) -> list[AnyFault]:
    """The faults, or ValueError: one that waits for an order nobody has would wait for ever."""
    for fault in faults:
        books = [book for name, book in company.books.items() if fault.source in (None, name)]
        if fault.order_id is not None and not any((book.orders.order_id == fault.order_id).any() for book in books):
            raise ValueError(f"no order {fault.order_id!r} in {fault.source or 'any source'}; name one that is served")
    return faults


def _token_check(token: str) -> Callable[[Request], Awaitable[None]]:
    expected = f"Bearer {token}".encode()

    async def check(request: Request) -> None:
        given = request.headers.get("Authorization", "").encode()
        if not secrets.compare_digest(given, expected):
            raise HTTPException(
                401, "this needs the header 'Authorization: Bearer <token>' with the right token",
                {"WWW-Authenticate": "Bearer"},
            )  # fmt: skip

    return check


def _encode(page: Page, shape: Shape) -> bytes:
    """NaN, which stands for a missing number, becomes null."""
    return msgspec.json.encode(
        page.orders if shape == "list" else {"data": page.orders, "next_cursor": page.next_cursor, **page.members}
    )
