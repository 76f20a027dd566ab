"""Refuse what was sent in the clear, where the settings say that a proxy with TLS stands in front."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.serving.errors import https_required


class HttpsOnly:
    """ASGI middleware. The proxy says by `X-Forwarded-Proto` how a request came; health checks need no proxy.

    A client that claims HTTPS over a plain connection deceives nobody but itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/health/") or _came_by_https(scope):
            return await self._app(scope, receive, send)
        return await https_required()(scope, receive, send)


def _came_by_https(scope: Scope) -> bool:
    """Whether the first hop of the way here was encrypted; of several proxies the first one speaks first."""
    said = Headers(scope=scope).get("x-forwarded-proto", scope["scheme"])
    return said.split(",")[0].strip().lower() == "https"
