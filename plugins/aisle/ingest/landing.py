"""Landing: an order as the company sent it becomes rows of the warehouse. No line is lost on the way.

Every line sent is one of: a row of its own, counted in `merged_lines` of an equal row, or counted in `n_lines` of a
reject. So lines sent = sum(1 + merged_lines) + sum(n_lines), for each order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from aisle.contracts.company_orders import CANCELLED, Item, Order, SourceName
from aisle.ingest.identity import Person, PersonHasher
from aisle.ingest.orders import LARGEST_NUMBER, Refusal, RefusedOrder, read_order
from aisle.ingest.text import tidy

#: Raise it when the mapping below changes: every order that comes again is then written anew.
_MAPPING_VERSION = b"1"


class OrderRow(NamedTuple):
    """One version of an order. Without `is_mapped` it has rejects only; without `order_id` nobody knows which it is.

    `is_empty`: it has items, and none of them could be mapped.
    """

    order_id: str | None
    is_mapped: bool
    is_empty: bool
    content_hash: str
    ordered_at: datetime | None
    updated_at: datetime | None
    status: str | None = None
    user_id: str | None = None
    city: str | None = None
    province: str | None = None
    payment_mode: str | None = None
    brand: str | None = None
    total_amount: float | None = None


class ItemRow(NamedTuple):
    """One line of an order; `line_number` is its place in the order as sent, from 1."""

    line_number: int
    product_id: str
    product_name: str | None
    category: str | None
    brand: str | None
    quantity: float
    unit_price: float
    base_price: float | None
    merged_lines: int


class RejectRow(NamedTuple):
    """What could not be mapped: a line, or (without `line_number`) a whole order of `n_lines` lines."""

    reject_id: str
    line_number: int | None
    n_lines: int
    reason: str
    detail: str
    status: str | None
    payload: str
    archive_key: str


class LandedOrder(NamedTuple):
    """One order with all that it becomes."""

    order: OrderRow
    items: list[ItemRow]
    rejects: list[RejectRow]
    person: Person | None


class Lander:
    """Lands the orders of one source."""

    def __init__(self, source: SourceName, hasher: PersonHasher) -> None:
        self._source = source
        self._hasher = hasher

    def land(self, raw: msgspec.Raw, archive_key: str) -> LandedOrder:
        """Rows of one order; `archive_key` says where it can be read as it came."""
        order = read_order(raw)
        if isinstance(order, RefusedOrder):
            return self._land_refused(order, raw, archive_key)
        person = self._hasher.person(self._source, order.customer, order.updated_at or order.order_date)
        content_hash = self._content_hash(raw, person)
        items, rejects = [], []
        for number, item, times in _distinct_lines(order):
            row = _item_row(number, item, times, order.status)
            if isinstance(row, Refusal):
                rejects.append(_line_reject(row, number, item, times, order.status, content_hash, archive_key))
            else:
                items.append(row)
        is_empty = bool(rejects) and not items
        return LandedOrder(_order_row(order, is_empty, content_hash, person), items, rejects, person)

    def _land_refused(self, order: RefusedOrder, raw: msgspec.Raw, archive_key: str) -> LandedOrder:
        content_hash = self._content_hash(raw, None)
        row = OrderRow(order.order_id, False, True, content_hash, order.ordered_at, order.updated_at)
        reject = RejectRow(
            f"{content_hash}-0", None, order.n_lines, *order.refusal, order.status, order.payload, archive_key
        )
        return LandedOrder(row, [], [reject], None)

    def _content_hash(self, raw: msgspec.Raw, person: Person | None) -> str:
        """Of the order as sent and of all else its rows depend on: a new hash key or mapping is a change, too."""
        digest = blake2b(raw, digest_size=16, salt=self._source.encode(), person=_MAPPING_VERSION)
        digest.update(person.user_id.encode() if person else b"")
        return digest.hexdigest()


def _distinct_lines(order: Order) -> Iterator[tuple[int, Item, int]]:
    """Each different line at its first place, and how often it was sent."""
    times = Counter(order.items)
    for number, item in enumerate(order.items, 1):
        n_sent = times.pop(item, 0)
        if n_sent:
            yield number, item, n_sent


def _order_row(order: Order, is_empty: bool, content_hash: str, person: Person | None) -> OrderRow:
    return OrderRow(
        order.order_id,
        True,
        is_empty,
        content_hash,
        order.order_date,
        order.updated_at,
        order.status,
        person.user_id if person else None,
        _label(order.city),
        _label(order.province),
        _label(order.payment_mode),
        _label(order.brand),
        order.total,
    )


def _item_row(number: int, item: Item, times: int, status: str) -> ItemRow | Refusal:
    product_id = _product_id(item.id)
    if product_id is None:
        return Refusal("missing_product_id", f"`$.items[{number - 1}].id` is {item.id!r}")
    quantity, price = item.quantity, item.price
    if quantity is None:
        return Refusal("missing_quantity", f"`$.items[{number - 1}].quantity` is null")
    if price is None:
        return Refusal("missing_price", f"`$.items[{number - 1}].price` is null")
    refusal = _number_refusal(number, quantity, price, item.base_price, status)
    if refusal:
        return refusal
    return ItemRow(
        number, product_id, _label(item.title), _label(item.category), _label(item.brand),
        quantity, price, item.base_price, times - 1,
    )  # fmt: skip


def _number_refusal(
    number: int, quantity: float, price: float, base_price: float | None, status: str
) -> Refusal | None:
    where = f"`$.items[{number - 1}]"
    if max(abs(quantity), abs(price), abs(base_price or 0)) >= LARGEST_NUMBER:
        return Refusal("number_out_of_range", f"{where}` has quantity {quantity}, prices {price} and {base_price}")
    if abs(quantity) < 0.0005:  # would be stored as 0.000
        return Refusal("zero_quantity", f"{where}.quantity` is {quantity}")
    if quantity < 0 and status != CANCELLED:
        return Refusal("negative_quantity", f"{where}.quantity` is {quantity} in a {status} order: a stock correction")
    if price < 0:
        return Refusal("negative_price", f"{where}.price` is {price}")
    return None


def _line_reject(
    refusal: Refusal, number: int, item: Item, times: int, status: str, content_hash: str, archive_key: str
) -> RejectRow:
    payload = msgspec.json.encode(item).decode()
    return RejectRow(f"{content_hash}-{number}", number, times, *refusal, status, payload, archive_key)


#: Products repeat, so their texts are tidied once.
_label = lru_cache(maxsize=65536)(tidy)


@lru_cache(maxsize=65536)
def _product_id(sent: str | None) -> str | None:
    """A product's code: codes that differ by case or spaces around them are one product."""
    return (tidy(sent) or "").upper() or None
