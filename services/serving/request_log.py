"""One JSON line per request, under a request id that the answer carries too."""

from __future__ import annotations

import logging
import re
import sys
import time
import uuid
from typing import Any

import msgspec
import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.serving.metrics import SECONDS

log = structlog.get_logger(__name__)

REQUEST_ID = "X-Request-ID"
_USABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestLog:
    """ASGI middleware. Logs the route's template, never the path: a path names a user."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                seconds = time.perf_counter() - started
                SECONDS.labels(_route(scope), str(status)).observe(seconds)
                log.info(
                    "request", method=scope["method"], route=_route(scope), status=status, ms=round(1000 * seconds, 2)
                )
        return None


def configure_logging() -> None:
    """JSON lines on stderr, for our own logger and for those of the libraries.

    Ours writes bytes itself: the way through the logging module takes longer than a look-up.
    """
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    render = structlog.processors.JSONRenderer(serializer=_encode)
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render_text],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def _encode(entry: Any, **_: Any) -> bytes:
    return msgspec.json.encode(entry, enc_hook=repr)


def _render_text(_: Any, __: str, entry: structlog.types.EventDict) -> str:
    return _encode(entry).decode()


def _request_id(headers: Headers) -> str:
    """The caller's own id if it is harmless to log, else a new one."""
    given = headers.get(REQUEST_ID, "")
    return given if _USABLE_ID.fullmatch(given) else uuid.uuid4().hex


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "(no such route)")
