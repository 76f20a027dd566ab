"""Answers that a client may keep: an entity tag on each, and 304 for whoever has this very answer already."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, Protocol

import msgspec
from fastapi import Request, Response
from starlette.responses import JSONResponse

_encode = msgspec.json.Encoder().encode
#: The headers on which an answer depends.
VARY = "Authorization, X-API-Key, X-User-ID"
#: Of a route that answers conditionally.
UNCHANGED: dict[int | str, dict[str, object]] = {
    304: {"description": "What the client has, by its `If-None-Match`, is what would be answered"}
}
#: Stands for every tag.
_ANY = "W/*"


class Aged(Protocol):
    """A dataclass of which the age changes with the clock alone."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    age_seconds: int | None


def conditional(request: Request, answer: Aged) -> Response:
    """Return an answer as JSON with its tag, or 304 without a body. Whoever shares a cache with others shares nothing.

    The tag is weak: two answers of one tag may differ in their age.
    """
    body = _encode(answer)
    age = b'"age_seconds":' + _encode(answer.age_seconds)  # no text of an answer holds this: its quotes are escaped
    return tagged(request, body, body.replace(age, b"", 1))


def tagged(request: Request, answer: bytes, stable: bytes | None = None) -> Response:
    """Return an answer that is JSON already; `stable` is what of it does not change with the clock, if that is less."""
    tag = f'W/"{hashlib.blake2b(stable or answer, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": VARY}
    if not _tags_of(request).isdisjoint({tag, _ANY}):
        return Response(status_code=304, headers=headers)
    return Response(answer, media_type=JSONResponse.media_type, headers=headers)


def _tags_of(request: Request) -> set[str]:
    """The tags that the client has; a strong one stands for the weak one of the same name."""
    given = ",".join(request.headers.getlist("if-none-match"))
    return {f"W/{tag.strip().removeprefix('W/')}" for tag in given.split(",") if tag.strip()}
