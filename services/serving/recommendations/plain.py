"""Routes whose plain questions, a list without filters, skip dependency injection: it takes longer than the look-up."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.recommendations import LONGEST_ANSWER
from services.serving.auth import check_api_key
from services.serving.recommendations.questions import Filters, Page

_PLAIN = re.compile(rb"(?:limit=([1-9][0-9]{0,2}))?")


def plain_route(service_of: Callable[[Request], Any], n_items: int, filters: Filters) -> type[APIRoute]:
    """Return a class of routes with one parameter in their path and `n_items` as the default length.

    A question with nothing but a valid `limit` goes straight to the endpoint, with the arguments that injection would
    have given it. Any other goes the documented way, which also says what is wrong with it.
    """

    class PlainRoute(APIRoute):
        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            (key,) = scope["path_params"].values()
            page = _plain_page(scope["query_string"], n_items)
            if page is None or not _is_id(key) or scope["method"] != "GET":
                return await super().handle(scope, receive, send)
            request = Request(scope, receive)
            check_api_key(request)
            answer: Response = await self.endpoint(request, service_of(request), key, page, filters)
            return await answer(scope, receive, send)

    return PlainRoute


def _plain_page(query: bytes, n_items: int) -> Page | None:
    """The page that a query asks for; None if it asks for more than a length."""
    matched = _PLAIN.fullmatch(query)
    limit = int(matched[1] or n_items) if matched else None
    return None if limit is None or limit > LONGEST_ANSWER else Page(limit)


def _is_id(key: str) -> bool:
    return 0 < len(key) <= LONGEST_ID and "\x00" not in key
