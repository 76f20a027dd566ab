"""Bodies that are read no further than a limit; of events, JSON in every form in which senders send it."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Message

from services.serving.errors import BodyTooLarge, InvalidBody

MAX_BODY_BYTES = 65_536
#: As many ids as an answer has items, each character of them written as an escape of a pair.
MAX_LIST_BYTES = 2 * 1024 * 1024
#: Longer integers are ids, of which no digit may be lost: they become text.
_MAX_DIGITS = 18
_GZIP = 16 + zlib.MAX_WBITS
#: An escape of JSON: a whole character, half of one, or any other.
_ESCAPE = re.compile(
    r"\\(?:u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}|(?P<half>u[Dd][89A-Fa-f][0-9A-Fa-f]{2})|.)",
    re.DOTALL,
)


class SmallBody(APIRoute):
    """A route that refuses a body of more than `max_bytes` before more of it is held in memory, whoever sends it:
    FastAPI itself reads a body to its end before it looks at credentials. Halves of characters become question marks.
    """

    max_bytes: ClassVar[int] = MAX_BODY_BYTES

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route behind the limit. What is raised inside of it would be a 400."""
        handle = super().get_route_handler()

        async def limited(request: Request) -> Response:
            body = await _read(request, self.max_bytes)
            with suppress(ValueError):  # FastAPI says what is wrong with it
                body = text_of(body).encode()

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, receive))

        return limited


class ListBody(SmallBody):
    """The same for a body with a list of ids."""

    max_bytes = MAX_LIST_BYTES


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
        return json.loads(text_of(body), parse_int=_integer)
    except RecursionError as error:
        raise InvalidBody(
            "the body has more lists and objects within each other than can be read; nothing of it was stored"
        ) from error
    except ValueError as error:
        raise InvalidBody(f"the body is not JSON: {type(error).__name__}; nothing of it was stored") from error


def text_of(body: bytes) -> str:
    """Return a JSON body as text, in whichever of its encodings, with question marks for halves of characters: no
    table and no answer can hold them. Raises ValueError for other bytes that are no text.
    """
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    if not text.isascii():
        text = text.encode(errors="replace").decode()
    return _ESCAPE.sub(_whole, text) if "\\ud" in text or "\\uD" in text else text


def _whole(escape: re.Match[str]) -> str:
    return "?" if escape["half"] else escape[0]


async def _read(request: Request, max_bytes: int) -> bytes:
    chunks, n_bytes = [], 0
    try:
        async for chunk in request.stream():
            n_bytes += len(chunk)
            if n_bytes > max_bytes:
                raise _too_large(max_bytes)
            chunks.append(chunk)
    except ClientDisconnect as error:  # no failure of this program
        raise InvalidBody("the connection was closed before the end of the body; nothing of it was stored") from error
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
