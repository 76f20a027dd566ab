"""Who may call: the `Host` that a call was sent to, and the `Origin` of the page that sent it.

Any page that somebody opens can make the browser call an address of the reader's own machine. Where calls must be
signed that is harmless; an engine without access keys answers pages of this machine at most. A name that is made to
point at this machine (DNS rebinding) turns a foreign page into one of the engine's own origin, so the host that a call
names must be an IP address, localhost, or a name from the settings.
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

#: What a page may read besides the body; SDKs correct a clock that is wrong by `Date`.
_EXPOSED = ("x-amzn-RequestId", "x-amzn-ErrorType", "Date")
#: Seconds for which a browser need not ask again. Browsers cap it at less.
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
        """From `https://shop.example,loopback` or `*`. Raises ConfigurationError for what needs signed calls."""
        names = frozenset(names_of(text.lower()))
        listed = names - {ANY, LOOPBACK}
        for origin in sorted(listed):
            if not _ORIGIN.fullmatch(origin):
                raise ConfigurationError(
                    f"ENGINE_CORS_ORIGINS has '{origin}', which is no origin; write https://shop.example without a path"
                )
        if not signed and (foreign := sorted(name for name in names - {LOOPBACK} if not _is_of_this_machine(name))):
            raise ConfigurationError(
                f"ENGINE_CORS_ORIGINS has '{foreign[0]}', but without ENGINE_ACCESS_KEYS any page of it could change "
                "everything in this engine; set access keys, or allow loopback alone"
            )
        return cls(listed, LOOPBACK in names, ANY in names)

    def allow(self, origin: str) -> bool:
        """Whether pages of an origin, as a browser names it, may read answers."""
        origin = origin.lower()
        return self.any or origin in self.listed or (self.loopback and _is_of_this_machine(origin))


@dataclass(frozen=True)
class Callers:
    """What is asked of the headers of every call before anything else."""

    hosts: Hosts
    origins: Origins
    signed: bool

    @classmethod
    def parse(cls, hosts: str, origins: str, *, signed: bool) -> Callers:
        """From the settings. `signed` says that calls need a signature. Raises ConfigurationError."""
        known = Hosts(names_of(hosts))
        if known.any and not signed:
            raise ConfigurationError(
                "ENGINE_ALLOWED_HOSTS has '*', but without ENGINE_ACCESS_KEYS any page could change everything in this "
                "engine by a name of its own; set access keys, or list the names"
            )
        return cls(known, Origins.parse(origins, signed=signed), signed)

    def check(self, headers: Mapping[str, str]) -> None:
        """Return if the call may go on to its signature. Raises AccessDenied."""
        host = headers.get("host")
        if host is not None and not self.hosts.know(host):
            raise AccessDenied(
                f"The call was sent to the host '{host[:_SHOWN_CHARACTERS]}', which is no name of this engine; "
                "call it by localhost or an IP address, or add the name to ENGINE_ALLOWED_HOSTS"
            )
        origin = headers.get("origin")
        if origin is not None and not self.signed and not self.origins.allow(origin):
            raise AccessDenied(
                f"The call comes from a page of '{origin[:_SHOWN_CHARACTERS]}', and this engine has no access keys; "
                "set ENGINE_ACCESS_KEYS and add the origin to ENGINE_CORS_ORIGINS"
            )


class Cors(CORSMiddleware):
    """Answers a browser's question before a call, and lets pages of allowed origins read the answers."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        super().__init__(app, allow_methods=["POST"], allow_headers=["*"], expose_headers=_EXPOSED, max_age=_MAX_AGE)
        self._origins = origins

    def is_allowed_origin(self, origin: str) -> bool:
        return self._origins.allow(origin)


def _is_of_this_machine(origin: str) -> bool:
    """Whether a page is served by this machine, as browsers take those below localhost to be, too."""
    matched = _ORIGIN.fullmatch(origin)
    if not matched:
        return False
    host, address = matched["host"], address_of(matched["host"])
    return host == "localhost" or host.endswith(".localhost") or (address is not None and address.is_loopback)
