"""Answers that a client may keep: an entity tag on each, and 304 for whoever has this very answer already."""

from __future__ import annotations

import hashlib

from fastapi import Request, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

#: What of an answer changes with the clock alone.
_CLOCK = {"age_seconds"}
#: Stands for every tag.
_ANY = "W/*"


def conditional(request: Request, answer: BaseModel) -> Response:
    """Return an answer as JSON with its tag, or 304 without a body. Whoever shares a cache with others shares nothing.

    The tag is weak: two answers of one tag may differ in their age.
    """
    stable = answer.model_dump_json(exclude=_CLOCK)
    tag = f'W/"{hashlib.blake2b(stable.encode(), digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, X-API-Key, X-User-ID"}
    if not _tags_of(request).isdisjoint({tag, _ANY}):
        return Response(status_code=304, headers=headers)
    return Response(answer.model_dump_json(), media_type=JSONResponse.media_type, headers=headers)


def _tags_of(request: Request) -> set[str]:
    """The tags that the client has; a strong one stands for the weak one of the same name."""
    given = ",".join(request.headers.getlist("if-none-match"))
    return {f"W/{tag.strip().removeprefix('W/')}" for tag in given.split(",") if tag.strip()}
