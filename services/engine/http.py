"""The engine over HTTP: `POST` speaks the API of the three services, `GET /` and `/health/…` are for people.

The event loop checks host, origin, path, size and signature of a call; a thread then answers it.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from aisle import look
from personalize_kinds.kinds import KINDS
from services.engine import protocol
from services.engine.app import Engine, Reply
from services.engine.callers import Callers, Cors
from services.engine.errors import (
    AccessDenied,
    FrontDoorError,
    MissingAuthenticationToken,
    NotFound,
    RequestTooLarge,
    ServiceUnavailable,
    UnknownOperation,
)
from services.engine.pages import FOLDERS, Site
from services.engine.protocol import CONTROL, Operation
from services.engine.resources import DEFAULT_REGION
from services.engine.settings import EngineSettings
from services.engine.signature import AccessKeys, SignedRequest
from services.engine.telemetry import Telemetry

log = structlog.get_logger()

#: The largest request that the models allow is ten items of 32,000 characters, each of up to six bytes in JSON.
MAX_BODY_BYTES = 4 * 2**20

_CREDENTIAL_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[a-z0-9\-]{1,32})/")
#: A page loads its own files only, so a browser must not load what a hostile name might inject.
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; img-src 'self'; "
    "style-src 'self' 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "Vary": "Accept",
}
_OTHER_VERBS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(settings: EngineSettings) -> Starlette:
    """Build the ASGI application. It opens the data folder in the background; calls get a 503 until that is done."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.opening = asyncio.create_task(run_in_threadpool(Engine.open, settings))
        app.state.opening.add_done_callback(_end_unless_open)
        yield
        (await app.state.opening).close()

    routes = [
        Route("/{path:path}", call, methods=["POST"]),
        Route("/", overview, methods=["GET"]),
        Route("/static/{name}", page_asset, methods=["GET"]),
        *(Route(f"/{folder}/{{arn:path}}", page, methods=["GET"]) for folder in FOLDERS),
        Route("/metrics", metrics, methods=["GET"]),
        Route("/health/live", live, methods=["GET"]),
        Route("/health/ready", ready, methods=["GET"]),
        Route("/{path:path}", call_with_another_verb, methods=_OTHER_VERBS),
    ]
    keys = AccessKeys.parse(settings.access_keys.get_secret_value())
    callers = Callers.parse(settings.allowed_hosts, settings.cors_origins, signed=bool(keys))
    middleware = [Middleware(_Guard, callers), Middleware(Cors, callers.origins)]
    app = Starlette(routes=routes, lifespan=lifespan, middleware=middleware)
    app.state.telemetry = Telemetry()
    app.state.keys = keys
    return app


def exit_code(app: Starlette) -> int:
    """Return 1 if the data folder could not be opened, else 0."""
    opening: asyncio.Task[Engine] | None = getattr(app.state, "opening", None)
    failed = opening is not None and opening.done() and not opening.cancelled() and opening.exception() is not None
    return int(failed)


async def call(request: Request) -> Response:
    """Answer one call of any of the three services."""
    started = time.monotonic()
    request_id = str(uuid.uuid4())
    name = path = request.scope["path"]
    service = CONTROL if path == "/" else protocol.RUNTIME
    operation = None
    try:
        operation = operation_of(path, request.headers)
        name, service = operation.name, operation.service
        reply = await _answer(request, operation, request_id)
    except FrontDoorError as error:
        reply = Reply.of(error, protocol.front_door_status(error, service))
    except ClientDisconnect:
        return Response(status_code=400)
    seconds = time.monotonic() - started
    request.app.state.telemetry.answered(operation.name if operation else None, reply.status, seconds)
    log.info(
        "call", operation=name, status=reply.status, error=reply.error, request_id=request_id,
        milliseconds=round(seconds * 1000, 1),
    )  # fmt: skip
    return _response(reply, service, request_id)


async def call_with_another_verb(request: Request) -> Response:
    """Answer any method but POST, which is the only one of the API, with an error."""
    try:
        operation_of(request.scope["path"], {"x-amz-target": "AmazonPersonalize.ListRecipes"})
        error = UnknownOperation(f"{request.method} is not a method of the API; every operation is a POST", status=405)
    except UnknownOperation as unknown:
        error = unknown
    return _response(Reply.of(error, error.status), protocol.RUNTIME, str(uuid.uuid4()))


async def overview(request: Request) -> Response:
    """Show every resource and its status: a page for a browser, JSON for a program."""
    if "text/html" in request.headers.get("accept", ""):
        return await _page(request, Site.overview)
    try:
        _refuse_unsigned(request)
        store = engine_of(request).store
    except FrontDoorError as error:
        return _response(Reply.of(error, error.status), protocol.RUNTIME, str(uuid.uuid4()))
    listed = await run_in_threadpool(
        lambda: {
            kind.list_member: [
                {"arn": resource.arn, "status": resource.status, "failureReason": resource.body.get("failureReason")}
                for resource in store.page(kind)
            ]
            for kind in KINDS.values()
        }
    )
    return JSONResponse(listed, headers={"Vary": "Accept"})


async def page(request: Request) -> Response:
    """Show one resource; `?for=` names the user or item whose recommendations a solution version shows."""
    arn, asked = request.path_params["arn"], request.query_params.get("for") or None
    return await _page(request, lambda site: site.resource(arn, asked))


async def metrics(request: Request) -> Response:
    """Return the metrics for Prometheus. No signature is needed: collectors do not sign, and these are only counts."""
    try:
        text = await run_in_threadpool(request.app.state.telemetry.text, engine_of(request))
    except ServiceUnavailable as error:
        return PlainTextResponse(str(error), 503)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def live(_request: Request) -> Response:
    """Answer 200 as soon as the process listens."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """Answer 200 once the data folder is open, 503 before."""
    try:
        engine_of(request)
    except ServiceUnavailable:
        return JSONResponse({"status": "opening"}, 503)
    return JSONResponse({"status": "ok"})


def operation_of(path: str, headers: Mapping[str, str]) -> Operation:
    """Return the operation that a call names. Raises UnknownOperation."""
    return protocol.control_operation(headers.get("x-amz-target", "")) if path == "/" else protocol.data_operation(path)


def engine_of(request: Request) -> Engine:
    """Return the engine. Raises ServiceUnavailable until it is open."""
    opening: asyncio.Task[Engine] = request.app.state.opening
    if not opening.done():
        raise ServiceUnavailable("The engine is opening its data; try again in a moment")
    return opening.result()


def region_of(authorization: str) -> str:
    """Return the region in a signature's credential scope, or the default region of an unsigned call."""
    matched = _CREDENTIAL_SCOPE.search(authorization)
    return matched["region"] if matched else DEFAULT_REGION


async def _answer(request: Request, operation: Operation, request_id: str) -> Reply:
    body = await _body(request)
    keys: AccessKeys = request.app.state.keys
    if keys:
        query = request.scope["query_string"].decode("latin-1")
        keys.check(SignedRequest(request.method, request.scope["path"], query, request.headers, body))
    region = region_of(request.headers.get("authorization", ""))
    return await run_in_threadpool(engine_of(request).answer, operation, body, region, request_id)


async def _body(request: Request) -> bytes:
    """Read the whole body. Raises RequestTooLarge as soon as it exceeds the limit."""
    chunks, size = [], 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise RequestTooLarge(f"The body has more than {MAX_BODY_BYTES} bytes, which no operation needs; send less")
    return b"".join(chunks)


async def _page(request: Request, render: Callable[[Site], str]) -> Response:
    """Render a page. Pages are closed where calls must be signed, which a browser cannot do."""
    try:
        _refuse_unsigned(request)
        engine = engine_of(request)
        content = await run_in_threadpool(render, Site(engine.store, engine.files))
    except FrontDoorError as error:
        return PlainTextResponse(str(error), error.status)
    except NotFound as error:
        return PlainTextResponse(str(error), 404)
    return HTMLResponse(content, headers=_PAGE_HEADERS)


async def page_asset(request: Request) -> Response:
    """Answer with a file that the pages load."""
    asset = look.ASSETS.get(request.path_params["name"])
    if asset is None:
        return PlainTextResponse("No such file", 404)
    return FileResponse(asset.path, media_type=asset.media_type, headers=look.ASSET_HEADERS)


def _refuse_unsigned(request: Request) -> None:
    if request.app.state.keys:
        raise MissingAuthenticationToken("This page is closed while ENGINE_ACCESS_KEYS is set; ask with signed calls")


def _response(reply: Reply, service: str, request_id: str) -> Response:
    headers = {"x-amzn-RequestId": request_id}
    if reply.error and service != CONTROL:
        headers["x-amzn-ErrorType"] = reply.error
    return Response(reply.body, reply.status, headers, media_type=protocol.CONTENT_TYPES[service])


class _Guard:
    """Refuses calls from unknown hosts and origins before their body is read."""

    def __init__(self, app: ASGIApp, callers: Callers) -> None:
        self._app = app
        self._callers = callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._app
        if scope["type"] == "http":
            try:
                self._callers.check(Headers(scope=scope))
            except AccessDenied as error:
                log.info("refused", error=error.code, reason=str(error))
                answer = _response(Reply.of(error, error.status), protocol.RUNTIME, str(uuid.uuid4()))
        await answer(scope, receive, send)


def _end_unless_open(opening: asyncio.Task[Engine]) -> None:
    """End the process, as a signal would, if the data folder could not be opened."""
    if not opening.cancelled() and (failure := opening.exception()):
        log.error("could not open", reason=str(failure), exc_info=failure)
        os.kill(os.getpid(), signal.SIGTERM)
