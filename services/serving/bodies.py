"""Bodies that are read no further than a limit."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from services.serving.errors import BodyTooLarge

MAX_BODY_BYTES = 65_536


class SmallBody(APIRoute):
    """A route that refuses a body of more than `MAX_BODY_BYTES` before more of it is held in memory."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route behind the limit. What is raised inside of it would be a 400."""
        handle = super().get_route_handler()

        async def limited(request: Request) -> Response:
            body = await _read(request)

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, receive))

        return limited


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"the body has more than {MAX_BODY_BYTES:,} bytes: send less")
    return bytes(body)
