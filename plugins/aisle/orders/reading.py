"""Reading: how far a window has been read, when it is over, and what contradicts its being complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from aisle.orders.answer import Page
from aisle.orders.spoilt import UNREADABLE


class _Mark(msgspec.Struct):
    order_id: Any = None
    updated_at: Any = None
    order_date: Any = None


_marks = msgspec.json.Decoder(_Mark)
_LENGTH_OF_A_DAY = len("2026-01-01")


def _mark(order: msgspec.Raw) -> tuple[Any, Any]:
    """Return the key of an order and its version: id and day, and its times; the whole order if it has no id.

    The id alone is not enough, because counters restart; an edit seldom changes the day.
    """
    try:
        mark = _marks.decode(order)
    except UNREADABLE:
        mark = _Mark()
    if not isinstance(mark.order_id, str | int):
        return bytes(order), None
    order_date = str(mark.order_date)
    return (mark.order_id, order_date[:_LENGTH_OF_A_DAY]), (str(mark.updated_at), order_date)


class Reading:
    """One reading of one window, or of a part of it. Holds the ids of its orders."""

    def __init__(self, asked_orders: int) -> None:
        #: The page to request next.
        self.number = 1
        self._asked_orders = asked_orders
        self._n_orders = 0
        self._cursor: str | None = None
        self._cursors: set[str] = set()
        #: Page and version in which each order came first.
        self._seen: dict[Any, tuple[int, Any]] = {}
        #: (later page, earlier page) → orders that are on both in the same version.
        self._repeats: Counter[tuple[int, int]] = Counter()
        #: Of pages that claim a number of orders: name and number, and how many orders they hold.
        self._sizes: list[tuple[str, int, int]] = []
        #: What each page held, and whether the last one held nothing new.
        self._held: set[frozenset[Any]] = set()
        self._is_idle = False
        self._first: list[Any] = []
        self._last: Page | None = None

    def query(self) -> dict[str, str | int]:
        """Return the part of the query string that requests the next page."""
        if self._cursor is not None:
            return {"cursor": self._cursor}
        return {"page": self.number} if self.number > 1 else {}

    def is_first_again(self, page: Page) -> bool:
        """Whether an API that knows neither cursors nor page numbers has said its only page again.

        A page that holds as many orders as were asked for is not believed to be the only one.
        """
        last = self._last
        return (
            self.number == 2
            and last is not None
            and last.is_envelope
            and last.next_cursor is page.next_cursor is msgspec.UNSET
            and len(self._first) < self._asked_orders
            and self._first == [_mark(order) for order in page.orders]
        )

    def goes_in_circles(self, page: Page) -> bool:
        """Whether a page is an earlier one, the second without anything new, or points back to where the reading was.

        A single page with nothing new may be a last one that has shifted: that is an overlap.
        """
        if not page.orders or self.is_first_again(page):
            return False
        marks = [_mark(order) for order in page.orders]
        is_again = frozenset(marks) in self._held or (self._is_idle and not self._is_news(marks))
        return page.next_cursor in self._cursors or is_again

    def _is_news(self, marks: list[Any]) -> bool:
        return any(key not in self._seen or self._seen[key][1] != version for key, version in marks)

    def take(self, page: Page) -> int:
        """Record a page; return how many of its orders came before in the same version."""
        n_before = self._repeats.total()
        marks = [_mark(order) for order in page.orders]
        self._is_idle = bool(marks) and not self._is_news(marks)
        self._held.add(frozenset(marks))
        for key, version in marks:
            earlier, known = self._seen.setdefault(key, (0, version))
            if earlier and known == version:
                self._repeats[self.number, earlier] += 1
            else:
                self._seen[key] = (self.number, version)
        self._first = self._first or marks
        self._n_orders += len(marks)
        self._sizes += [(name, size, len(marks)) for name, size in page.claims.sizes]
        return self._repeats.total() - n_before

    def is_over(self, page: Page) -> bool:
        """Move past a page; return whether the API says that nothing follows it. A short page does not say so."""
        asked_with, self._last = self._cursor, page
        self.number += 1
        if isinstance(page.next_cursor, str):
            self._cursor = page.next_cursor
            self._cursors.add(page.next_cursor)
            return not page.orders and page.next_cursor == asked_with
        if page.next_cursor is None or not page.orders or self._cursors:
            return True
        return self._claims_end(page)

    def _claims_end(self, page: Page) -> bool:
        """Whether a page without any cursor says in another way that it is the last."""
        claims = page.claims
        totals = [size for name, size in claims.sizes if "total" in name.lower()]
        return bool(
            (claims.no_more and not claims.more)
            or (totals and len(self._seen) in totals)
            or any(number < self.number for _, number in claims.pages)
        )

    def contradictions(self) -> list[str]:
        """Describe what contradicts a complete window; empty if nothing does. Call it once the reading is over."""
        contradictions = [*self._unkept_sizes(), *self._unkept_claims()]
        if not self._is_total_kept():
            contradictions = [*self._overlaps(), *contradictions]
        return contradictions and [
            *contradictions,
            f"{len(self._seen)} different orders came on {self.number - 1} pages",
        ]

    def _is_total_kept(self) -> bool:
        """Whether as many different orders came as were promised: then pages that overlap have lost nothing."""
        totals = [size for name, size, _ in self._sizes if "total" in name.lower()]
        return bool(totals) and set(totals) == {len(self._seen)}

    def _overlaps(self) -> Iterator[str]:
        """A page that holds an order twice has not shifted; pages that share one have, and may have skipped others."""
        for (later, earlier), n_orders in sorted(self._repeats.items()):
            if later != earlier:
                yield f"page {later} repeats {n_orders} orders of page {earlier}"

    def _unkept_sizes(self) -> Iterator[str]:
        """A count may be of its page or of the window; of the latter, with or without repeats."""
        kept = (len(self._seen), self._n_orders)
        unkept = {(name, size): n_orders for name, size, n_orders in self._sizes if size not in (n_orders, *kept)}
        for (name, size), n_orders in unkept.items():
            yield f"`{name}` is {size} on a page of {n_orders} orders"

    def _unkept_claims(self) -> Iterator[str]:
        if self._last is None:
            return
        claims = self._last.claims
        for name in claims.more:
            yield f"`{name}` says that more follow the last page"
        for name, n_pages in claims.pages:
            if n_pages >= self.number:
                yield f"`{name}` is {n_pages}"
        for name in claims.incomplete:
            yield f"`{name}` says that the answer is not complete"
