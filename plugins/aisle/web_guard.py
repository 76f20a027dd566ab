"""Which requests a web program answers: those of programs and of pages from its own address, not of other pages.

A web page can make the browser of whoever reads it send requests to this machine, even under a name of its own that it
lets point here (DNS rebinding). The browser gives such a request away by its `Host`, `Origin` or `Sec-Fetch-Site`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

#: Instead of a name: any, where something in front of the program checks `Host`.
ANY = "*"

_READING = ("GET", "HEAD")
_HOST = re.compile(r"(?P<name>[^:@/\[\]]+|\[[^\[\]]+\])(?::\d{1,5})?")


def names_of(text: str) -> tuple[str, ...]:
    """Split a comma-separated list."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


@lru_cache(maxsize=1024)
def address_of(name: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address in a header, IPv6 in brackets; None if it is a name."""
    try:
        return ip_address(name.strip("[]"))
    except ValueError:
        return None


class Hosts:
    """The host names of a program: on any port, or on one port if the name includes it.

    It goes by localhost and by any IP address besides, because nobody can let those point elsewhere.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset({"localhost", *(name.lower() for name in names)})

    @property
    def any(self) -> bool:
        """Whether it accepts every host name."""
        return ANY in self._names

    def know(self, host: str | None) -> bool:
        """Whether it accepts a Host header. Browsers always send one; a load balancer's check may not."""
        if host is None or self.any:
            return True
        matched = _HOST.fullmatch(host.lower())
        if matched is None:
            return False
        return not self._names.isdisjoint((matched[0], matched["name"])) or address_of(matched["name"]) is not None


class Audience:
    """The host names of a program, and the other origins whose pages may call it."""

    def __init__(self, hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        self._hosts = Hosts(hosts)
        self.origins = frozenset(origin.rstrip("/").lower() for origin in origins)

    def refusal(self, method: str, headers: Mapping[str, str]) -> str | None:
        """Return why a request is refused, without quoting it; None if it is allowed.

        `headers` finds lower-case names.
        """
        if not self._hosts.know(headers.get("host")):
            return "This program does not go by the name in the header Host. Ask it by a name that it was given."
        origin = headers.get("origin", "").lower()
        if origin in self.origins:
            return None
        if origin and origin.partition("://")[2] != headers.get("host", "").lower():
            return "Pages of another origin may not ask this program. Ask it from a program, or from its own pages."
        if not _is_bidden(method, headers):
            return "Pages of another site may lead here by a link only."
        return None


class WebGuard:
    """ASGI middleware that answers requests from outside the audience with 403."""

    def __init__(self, app: ASGIApp, audience: Audience, answer: Callable[[str], Response] | None = None) -> None:
        self._app = app
        self._audience = audience
        self._answer = answer or _plain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        reason = self._audience.refusal(scope.get("method", "GET"), Headers(scope=scope))
        if reason is None:
            return await self._app(scope, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        return await self._answer(reason)(scope, receive, send)


def _is_bidden(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a browser says that its user or a page of the same origin sent the request. Programs say nothing.

    Another port of the same machine is the same site: Airflow shows the reports in a frame.
    """
    site = headers.get("sec-fetch-site", "none")
    if site in ("none", "same-origin"):
        return True
    is_visit = method in _READING and headers.get("sec-fetch-mode") == "navigate"
    return is_visit and (site == "same-site" or headers.get("sec-fetch-dest") == "document")


def _plain(reason: str) -> Response:
    return PlainTextResponse(reason, 403)
