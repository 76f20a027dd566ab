"""Bodies that are read no further than a limit; of events, JSON in every form in which senders send it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from services.serving.errors import BodyTooLarge, InvalidBody

MAX_BODY_BYTES = 65_536
#: Longer integers are ids, of which no digit may be lost: they become text.
_MAX_DIGITS = 18
_GZIP = 16 + zlib.MAX_WBITS


class SmallBody(APIRoute):
    """A route that refuses a body of more than `MAX_BODY_BYTES` before more of it is held in memory."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route behind the limit. What is raised inside of it would be a 400."""
        handle = super().get_route_handler()

        async def limited(request: Request) -> Response:
            body = await _read(request, MAX_BODY_BYTES)

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, receive))

        return limited


async def read_json(request: Request, max_bytes: int) -> Any:
    """Return what a body says. Raises BodyTooLarge before more than `max_bytes` are held, InvalidBody if unreadable.

    Reads what JSON forbids and SDKs send all the same: NaN, and halves of characters, which become question marks.
    """
    body = await _read(request, max_bytes)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "gzip":
        body = _unpacked(body, max_bytes)
    elif encoding != "identity":
        raise InvalidBody("the Content-Encoding of the body is neither gzip nor identity")
    try:
        value = json.loads(body, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise InvalidBody(f"the body is not JSON: {type(error).__name__}; nothing of it was stored") from error
    return _without_surrogates(value) if b"\\ud" in body.lower() else value


async def _read(request: Request, max_bytes: int) -> bytes:
    chunks, n_bytes = [], 0
    async for chunk in request.stream():
        n_bytes += len(chunk)
        if n_bytes > max_bytes:
            raise _too_large(max_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def _unpacked(packed: bytes, max_bytes: int) -> bytes:
    unpacking = zlib.decompressobj(_GZIP)
    try:
        body = unpacking.decompress(packed, max_bytes + 1)
    except zlib.error as error:
        raise InvalidBody("the body is not gzip, though its Content-Encoding says so") from error
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    if not unpacking.eof:
        raise InvalidBody("the gzip of the body ends too early")
    return body


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body has more than {max_bytes} bytes; send fewer events at a time")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_DIGITS else digits


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, list):
        return [_without_surrogates(element) for element in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(element) for key, element in value.items()}
    return value
