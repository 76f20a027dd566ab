"""Check the `Host` that a call was sent to and the `Origin` of the page that sent it.

Any page in a browser can call an address of the machine that the browser runs on. That is harmless where calls must be
signed; an engine without access keys answers only pages of its own machine. With DNS rebinding a foreign page gets the
engine's own origin, so the host of a call must be an IP address, localhost, or a name from the settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from aisle.errors import ConfigurationError
from aisle.web_guard import ANY, Hosts, address_of, names_of
from services.engine.errors import AccessDenied

LOOPBACK = "loopback"

#: Headers that a page may read; SDKs correct a wrong clock by `Date`.
_EXPOSED = ("x-amzn-RequestId", "x-amzn-ErrorType", "Date")
#: Seconds for which a browser may cache a preflight response. Browsers cap it lower.
_MAX_AGE = 86_400
_SHOWN_CHARACTERS = 100
_ORIGIN = re.compile(r"https?://(?P<host>[a-z\d.\-_]+|\[[\da-f:.]+\])(?::\d{1,5})?")


@dataclass(frozen=True)
class Origins:
    """The origins whose pages may read answers: those listed, those of this machine, or all."""

    listed: frozenset[str]
    loopback: bool = False
    any: bool = False

    @classmethod
    def parse(cls, text: str, *, signed: bool) -> Origins:
        """Parse `https://shop.example,loopback` or `*`. Raises ConfigurationError where calls need to be signed."""
        names = frozenset(names_of(text.lower()))
        listed = names - {ANY, LOOPBACK}
        for origin in sorted(listed):
            if not _ORIGIN.fullmatch(origin):
                raise ConfigurationError(
                    f"ENGINE_CORS_ORIGINS has '{origin}', which is not an origin; write https://shop.example, "
                    "without a path"
                )
        if not signed and (foreign := sorted(name for name in names - {LOOPBACK} if not _is_of_this_machine(name))):
            raise ConfigurationError(
                f"ENGINE_CORS_ORIGINS has '{foreign[0]}', but without ENGINE_ACCESS_KEYS any page of it could change "
                "everything in this engine; set access keys, or allow loopback alone"
            )
        return cls(listed, LOOPBACK in names, ANY in names)

    def allow(self, origin: str) -> bool:
        """Return whether pages of an origin, as a browser names it, may read answers."""
        origin = origin.lower()
        return self.any or origin in self.listed or (self.loopback and _is_of_this_machine(origin))


@dataclass(frozen=True)
class Callers:
    """The check of every call's headers, which comes before all others."""

    hosts: Hosts
    origins: Origins
    signed: bool

    @classmethod
    def parse(cls, hosts: str, origins: str, *, signed: bool) -> Callers:
        """Parse the settings; `signed` says whether calls need a signature. Raises ConfigurationError."""
        known = Hosts(names_of(hosts))
        if known.any and not signed:
            raise ConfigurationError(
                "ENGINE_ALLOWED_HOSTS has '*', but without ENGINE_ACCESS_KEYS any page could change everything in this "
                "engine by a name of its own; set access keys, or list the names"
            )
        return cls(known, Origins.parse(origins, signed=signed), signed)

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise AccessDenied unless the call comes from an allowed host and origin."""
        host = headers.get("host")
        if host is not None and not self.hosts.know(host):
            raise AccessDenied(
                f"The call was sent to the host '{host[:_SHOWN_CHARACTERS]}', which is not a name of this engine; "
                "call it by localhost or an IP address, or add the name to ENGINE_ALLOWED_HOSTS"
            )
        origin = headers.get("origin")
        if origin is not None and not self.signed and not self.origins.allow(origin):
            raise AccessDenied(
                f"The call comes from a page of '{origin[:_SHOWN_CHARACTERS]}', and this engine has no access keys; "
                "set ENGINE_ACCESS_KEYS and add the origin to ENGINE_CORS_ORIGINS"
            )


class Cors(CORSMiddleware):
    """Answers preflight requests, and lets pages of allowed origins read answers."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        super().__init__(app, allow_methods=["POST"], allow_headers=["*"], expose_headers=_EXPOSED, max_age=_MAX_AGE)
        self._origins = origins

    def is_allowed_origin(self, origin: str) -> bool:
        return self._origins.allow(origin)


def _is_of_this_machine(origin: str) -> bool:
    """Return whether an origin is this machine. Names below localhost are, as in browsers."""
    matched = _ORIGIN.fullmatch(origin)
    if not matched:
        return False
    host, address = matched["host"], address_of(matched["host"])
    return host == "localhost" or host.endswith(".localhost") or (address is not None and address.is_loopback)
