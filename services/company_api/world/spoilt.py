"""One order of each sort that order systems are known to spoil, mixed into a generated company.

The same orders for the same seed. Each is an order of the company that goes out spoilt, with as many items as it has,
so what an ingest loads, merges and rejects still adds up. `outcome` is what a careful ingest does with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import msgspec
import numpy as np

from aisle.contracts.company_orders import COMPLETED, Order
from services.company_api.order_book import Array, Coded, ItemColumns, OrderBook, T

Fields = dict[str, Any]
Spoil = Callable[[Fields], None]

#: Stands in an order for bytes that no JSON encoder writes.
_MARK = "(spoilt)"
#: Stands in an order for the id of the first order of its source.
_FIRST_ID = "(id of the first order)"
_LONG = 300
_DEEP = 5_000


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of spoilt order. `raw` replaces the text `_MARK` with its quotes; `outcome` is a reject's reason."""

    spoil: Spoil
    outcome: str | Literal["loaded", "merged"]
    raw: bytes = b""
    n_items: int = 1

    def wire(self, first_id: str, order: Order) -> msgspec.Raw:
        """The order as it goes out, of a source whose first order has the id `first_id`."""
        fields = msgspec.to_builtins(order)
        self.spoil(fields)
        sent = msgspec.json.encode(fields).replace(msgspec.json.encode(_MARK), self.raw)
        return msgspec.Raw(sent.replace(msgspec.json.encode(_FIRST_ID), msgspec.json.encode(first_id)))


def _order(**changes: Any) -> Spoil:
    return lambda fields: fields.update(changes)


def _item(**changes: Any) -> Spoil:
    return lambda fields: fields["items"][0].update(changes)


def _customer(**changes: Any) -> Spoil:
    return lambda fields: fields["customer"].update(changes)


def _without(name: str) -> Spoil:
    return lambda fields: fields.pop(name) and None


def _zoneless(fields: Fields) -> None:
    fields["order_date"] = fields["order_date"].removesuffix("Z")


def _numbers_as_text(fields: Fields) -> None:
    item = fields["items"][0]
    item |= {"price": f"{item['price']:.2f}", "quantity": f"{item['quantity']:.3f}"}


def _doubled(fields: Fields) -> None:
    fields["items"] = [fields["items"][0]] * 2


SORTS: Mapping[str, Sort] = {
    # No JSON, so neither is the page.
    "cut emoji": Sort(_item(title=_MARK), "malformed_order", b'"Tea \xf0\x9f\x98"'),
    "not a number": Sort(_item(price=_MARK), "malformed_order", b"NaN"),
    "infinite number": Sort(_item(quantity=_MARK), "malformed_order", b"-Infinity"),
    "raw newline": Sort(_item(title=_MARK), "malformed_order", b'"Tea\nCup"'),
    "too deep": Sort(_order(extra=_MARK), "malformed_order", b"[" * _DEEP + b"]" * _DEEP),
    # JSON that is not the contract's.
    "price in words": Sort(_item(price="a fair one"), "malformed_order"),
    "items that are none": Sort(_order(items={}), "malformed_order"),
    "no order id": Sort(_without("order_id"), "missing_order_id"),
    "order id too long": Sort(_order(order_id="X" * _LONG), "order_id_too_long"),
    "unknown status": Sort(_order(status="teleported"), "unknown_status"),
    "time without a zone": Sort(_zoneless, "missing_zone"),
    "impossible date": Sort(_order(order_date="0001-01-01T00:00:00Z"), "impossible_order_date"),
    "total past the column": Sort(_order(total=10_000_000_000.0), "number_out_of_range"),
    # One item of an order.
    "product id too long": Sort(_item(id="X" * _LONG), "product_id_too_long"),
    "number past the column": Sort(_item(price=9_999_999_999.99999), "number_out_of_range"),
    "price below the column": Sort(_item(price=0.00001), "price_below_precision"),
    "negative quantity": Sort(_item(quantity=-1.0), "negative_quantity"),
    "blank product id": Sort(_item(id=" "), "missing_product_id"),
    # What is odd and can be understood.
    "equal items": Sort(_doubled, "merged", n_items=2),
    "numbers as text": Sort(_numbers_as_text, "loaded"),
    "reused order id": Sort(_order(order_id=_FIRST_ID), "loaded"),
    "stamp from the future": Sort(_order(updated_at="2999-01-01T00:00:00Z"), "loaded"),
    "placeholder phone": Sort(_customer(phone="03000000000"), "loaded"),
    "markup in a title": Sort(_item(title="[/bold]<script>alert(1)</script>[link=https://example.com]Tea"), "loaded"),
    "control characters in a title": Sort(_item(title="\x1b]8;;https://example.com\x1b\\Tea\x07\u202e"), "loaded"),
    "number like a phone in a title": Sort(_item(title="Mixer 0300-1234567 220V"), "loaded"),
    "fields that nobody knows": Sort(_order(extra={"note": ["x", None, 1e3]}), "loaded"),
}


def spoil(books: Mapping[str, OrderBook]) -> None:
    """Let one order of each sort go out spoilt, each in the source that has the most to choose from."""
    free = {name: _sound_orders(book) for name, book in books.items()}
    for sort in SORTS.values():
        name = max(free, key=lambda name: len(free[name][sort.n_items]))
        positions = free[name][sort.n_items]
        book = books[name]
        book.spoilt[positions.pop(len(positions) // 2)] = partial(sort.wire, str(book.orders.order_id[0]))


def _sound_orders(book: OrderBook) -> dict[int, list[int]]:
    """Positions of the completed orders of customers with a phone that have no dirt, by their number of items."""
    is_sound = (
        np.minimum.reduceat(_is_sound(book.order_items), book.first_item[:-1])
        & _where(book.orders.status, lambda status: status == COMPLETED)
        & _where(book.orders.customer, lambda customer: customer is not None and customer.phone is not None)
    )
    sizes = np.diff(book.first_item)
    return {n_items: np.flatnonzero(is_sound & (sizes == n_items)).tolist() for n_items in (1, 2)}


def _is_sound(order_items: ItemColumns) -> Array:
    with np.errstate(invalid="ignore"):
        numbers = (order_items.quantity > 0) & (order_items.price > 0)
    return np.logical_and(numbers, _where(order_items.product, lambda product: product.id is not None))


def _where(column: Coded[T], is_so: Callable[[T], bool]) -> Array:
    return np.array([is_so(value) for value in column.values], bool)[column.codes]
