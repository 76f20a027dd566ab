"""What can go wrong on demand: one class per kind, and the list of those that are armed.

A fault does one of three things to an answer: it changes the orders behind it (and behind all later ones), it bends
the page, or it spoils the response. At most one fault strikes a request: the first in the list whose turn it is, so a
list reads as a script.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from services.company_api.order_book import OrderBook
from services.company_api.paging import Selection

JSON = "application/json"
#: Becomes half of an emoji on the wire.
_SPOILT_TITLE = "spoilt title"


@dataclass
class Page:
    """What one answer carries. A bent page may hold orders that are no `Order`."""

    orders: list[Any]
    next_cursor: str | None
    #: What the envelope says besides.
    members: dict[str, Any] = field(default_factory=dict)


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="none"):
    """When a fault strikes, and three hooks that do nothing until a kind fills one."""

    #: None: both.
    source: Literal["pos", "oe"] | None = None
    #: How often it strikes; None: for ever.
    times: Annotated[int, msgspec.Meta(ge=1)] | None = 1
    #: How many requests that it could strike pass first.
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    #: Only a page that holds this order.
    order_id: str | None = None

    needs_orders: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        return str(self.__struct_config__.tag)

    def change(self, book: OrderBook, selection: Selection) -> None:
        """Change the orders themselves, before the page is made."""

    def bend(self, page: Page, book: OrderBook, selection: Selection) -> Page:
        """Change what the page says."""
        return page

    async def respond(self, body: bytes) -> Response:
        """Send the page, or something else."""
        return Response(body, media_type=JSON)

    def _target(self, book: OrderBook, selection: Selection) -> int:
        """Position of the order meant: the one named, else the page's first."""
        if self.order_id is None:
            return selection.start
        return selection.start + book.ids(selection.start, selection.stop).index(self.order_id)


class Throttle(Fault, tag="throttle"):
    """429: come back later."""

    retry_after_seconds: Annotated[int, msgspec.Meta(ge=0)] = 1

    async def respond(self, body: bytes) -> Response:
        headers = {"Retry-After": str(self.retry_after_seconds)}
        return JSONResponse({"detail": "too many requests; see Retry-After"}, 429, headers)


class Error(Fault, tag="error"):
    """500: the server broke."""

    async def respond(self, body: bytes) -> Response:
        return JSONResponse({"detail": "the order system is not available"}, 500)


class Slow(Fault, tag="slow"):
    """The right answer, late."""

    seconds: Annotated[float, msgspec.Meta(ge=0)] = 1.0

    async def respond(self, body: bytes) -> Response:
        await asyncio.sleep(self.seconds)
        return await super().respond(body)


class CutOff(Fault, tag="cut_off"):
    """The body ends in the middle. Content-Length says what was `sent`, or what the `whole` body would have been."""

    declares: Literal["sent", "whole"] = "whole"

    async def respond(self, body: bytes) -> Response:
        half = body[: len(body) // 2]
        return Response(half, media_type=JSON) if self.declares == "sent" else _Unfinished(half, len(body))


class MalformedOrder(Fault, tag="malformed_order"):
    """One order breaks the contract: a price that is no number, no order_id at all, or a title that is no JSON."""

    breaks: Literal["price", "order_id", "title"] = "price"
    needs_orders = True

    def bend(self, page: Page, book: OrderBook, selection: Selection) -> Page:
        place = self._target(book, selection) - selection.start
        order = msgspec.to_builtins(page.orders[place])
        if self.breaks == "order_id":
            del order["order_id"]
        elif self.breaks == "title":
            order["items"][0]["title"] = _SPOILT_TITLE
        else:
            order["items"][0]["price"] = "a fair one"
        return Page([*page.orders[:place], order, *page.orders[place + 1 :]], page.next_cursor)

    async def respond(self, body: bytes) -> Response:
        return await super().respond(body.replace(_SPOILT_TITLE.encode(), b"\\ud83d"))


class Overlap(Fault, tag="overlap"):
    """The page begins with the last order of the page before and ends before its own last one, which never comes."""

    needs_orders = True

    def bend(self, page: Page, book: OrderBook, selection: Selection) -> Page:
        if selection.start == selection.first:
            return page
        before = book.page(selection.start - 1, selection.start)
        return Page([*before, *page.orders[:-1]], page.next_cursor)


class Claim(Fault, tag="claim"):
    """The envelope says more than the contract: these members, such as `errors` or a `total`."""

    members: dict[str, Any]

    def bend(self, page: Page, book: OrderBook, selection: Selection) -> Page:
        return Page(page.orders, page.next_cursor, self.members)


class DuplicatePage(Fault, tag="duplicate_page"):
    """Orders come twice: `this` page doubled in one answer, or the `previous` page again, with a cursor back here."""

    repeats: Literal["this", "previous"] = "this"
    needs_orders = True

    def bend(self, page: Page, book: OrderBook, selection: Selection) -> Page:
        if self.repeats == "this":
            return Page(page.orders * 2, page.next_cursor)
        previous = selection.previous()
        return Page(list(book.page(previous.start, previous.stop)), selection.cursor)


class LateEdit(Fault, tag="late_edit"):
    """From this answer on, an order has another quantity on its first line, or another city; updated_at moves."""

    quantity: float | None = None
    city: str | None = None
    needs_orders = True

    def change(self, book: OrderBook, selection: Selection) -> None:
        book.edit(self._target(book, selection), quantity=self.quantity, city=self.city)


class Cancel(Fault, tag="cancel"):
    """An order is cancelled, from this answer on; updated_at moves."""

    needs_orders = True

    def change(self, book: OrderBook, selection: Selection) -> None:
        book.cancel(self._target(book, selection))


AnyFault = Throttle | Error | Slow | CutOff | MalformedOrder | Overlap | Claim | DuplicatePage | LateEdit | Cancel
NO_FAULT = Fault()


def read_faults(text: str | bytes) -> list[AnyFault]:
    """Faults from a JSON list. Raises msgspec.ValidationError that says what is wrong, and where."""
    return msgspec.json.decode(text, type=list[AnyFault])


@dataclass
class Armed:
    """A fault on the list: how many requests it could have struck, and how many it did."""

    fault: AnyFault
    seen: int = 0
    struck: int = 0

    def sees(self, source: str, book: OrderBook, selection: Selection) -> bool:
        """Whether the fault could strike this request; if so, the request counts."""
        fault = self.fault
        fits = (
            fault.source in (None, source)
            and (not fault.needs_orders or selection.start < selection.stop)
            and (fault.order_id is None or fault.order_id in book.ids(selection.start, selection.stop))
        )
        self.seen += fits
        return fits

    def is_due(self) -> bool:
        return self.seen > self.fault.after and (self.fault.times is None or self.struck < self.fault.times)


@dataclass
class FaultList:
    """The armed faults, in the order in which they take their turn."""

    armed: list[Armed] = field(default_factory=list)

    def arm(self, faults: Iterable[AnyFault]) -> None:
        self.armed.extend(Armed(fault) for fault in faults)

    def clear(self) -> None:
        self.armed.clear()

    def strike(self, source: str, book: OrderBook, selection: Selection) -> Fault:
        """The fault that strikes this request, or NO_FAULT. All that could have struck count the request."""
        candidates = [armed for armed in self.armed if armed.sees(source, book, selection)]
        for armed in candidates:
            if armed.is_due():
                armed.struck += 1
                return armed.fault
        return NO_FAULT

    def listing(self) -> list[dict[str, Any]]:
        """Every armed fault with how often it has struck."""
        return [{**msgspec.to_builtins(armed.fault), "struck": armed.struck} for armed in self.armed]


class _Unfinished(Response):
    """A response that stops before the length it declared, so that the server closes the connection."""

    def __init__(self, body: bytes, declared_length: int) -> None:
        super().__init__(body, headers={"Content-Length": str(declared_length)}, media_type=JSON)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
