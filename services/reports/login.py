"""Access to the reports: HTTP Basic authentication with one password."""

from __future__ import annotations

import base64
import binascii
import hmac

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

USER = "admin"
#: Told to everybody: whether the program is up.
OPEN_PATHS = ("/health",)


class LogIn:
    """ASGI middleware that answers requests without the password with 401."""

    def __init__(self, app: ASGIApp, password: str) -> None:
        self._app = app
        self._expected = f"{USER}:{password}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS or self._knows(Headers(scope=scope)):
            return await self._app(scope, receive, send)
        refused = PlainTextResponse(
            f"Log in as {USER} with the password of the reports (REPORTS_PASSWORD).", 401,
            {"WWW-Authenticate": 'Basic realm="Aisle: reports", charset="UTF-8"'},
        )  # fmt: skip
        return await refused(scope, receive, send)

    def _knows(self, headers: Headers) -> bool:
        kind, _, encoded = headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        return kind.lower() == "basic" and hmac.compare_digest(given, self._expected)
