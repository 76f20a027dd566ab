"""Translation: orders of an endpoint in the names of its company, into the names of the contract.

An order becomes rows, one for each item, whose columns are the paths of its members, such as `buyer.phone` and
`lines.sku`; the source's file names them as it names the columns of a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from aisle.orders.answer import Page
from aisle.orders.fields import FieldCensus, shape_of
from aisle.orders.landing import LeftOut
from aisle.orders.reader import as_sent, written_as_sent
from aisle.orders.spoilt import UNREADABLE
from aisle.sources import Source
from aisle.sources.rows import order_of
from aisle.sources.tables import Row, text_of

_MOST_LEVELS = 6


@dataclass(frozen=True)
class Translated:
    """A page in the contract's names, and what of each of its orders the source's rules leave out."""

    page: Page
    left_out: Sequence[LeftOut]


class Translator:
    """Translates the pages of one source, and counts the fields of its orders."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._items = source.items_member

    def census(self) -> FieldCensus:
        """Return a census that knows the fields of the source, or else those of the contract."""
        return FieldCensus(self._source.knows) if self._source.columns else FieldCensus()

    def translated(self, page: Page, census: FieldCensus) -> Translated:
        """Return the page as its orders mean it. A source that uses the contract's names sends it so."""
        if self._source.columns is None:
            for order in page.orders:
                census.look(order)
            return Translated(page, [LeftOut()] * len(page.orders))
        pairs = [self._order(order, census) for order in page.orders]
        orders = [order for order, _ in pairs]
        body = b'{"data":[' + b",".join(map(bytes, orders)) + b"]}"
        return Translated(replace(page, body=body, orders=orders), [left_out for _, left_out in pairs])

    def _order(self, raw: msgspec.Raw, census: FieldCensus) -> tuple[msgspec.Raw, LeftOut]:
        """Translate an order; one that is no JSON object stays as it came, and is refused for that."""
        census.add_orders(1)
        try:
            fields = as_sent(raw)
        except UNREADABLE:
            return raw, LeftOut()
        if not isinstance(fields, dict):
            return raw, LeftOut()
        items = fields.get(self._items)
        rows = self._rows(fields)
        for column, text in {column: text for row in rows for column, text in row.cells.items()}.items():
            census.count(column, shape_of(text))
        read = order_of(rows, rows if items else [], self._source)
        # Items that are no list are left to be refused for that, as under the contract's names.
        said = {} if isinstance(items, list) else {"items": items}
        order = msgspec.Raw(written_as_sent({**read.order, **said, "unmapped": [fields]}))
        return order, LeftOut(read.left_out, read.items_left_out)

    def _rows(self, fields: dict[str, Any]) -> list[Row]:
        of_order = dict(_leaves({name: value for name, value in fields.items() if name != self._items}))
        items = fields.get(self._items)
        parts = items if isinstance(items, list) and items else [{}]
        return [Row(number, {**of_order, **dict(_leaves({self._items: part}))}) for number, part in enumerate(parts, 1)]


def _leaves(fields: dict[str, Any], path: str = "", levels: int = _MOST_LEVELS) -> Iterator[tuple[str, str]]:
    """Yield the path and text of each value in nested objects; lists count as values."""
    for name, value in fields.items():
        if isinstance(value, dict) and levels:
            yield from _leaves(value, f"{path}{name}.", levels - 1)
        elif text := text_of(value).strip():
            yield f"{path}{name}", text
