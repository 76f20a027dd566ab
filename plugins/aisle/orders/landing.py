"""Landing: turn an order as received into rows of the warehouse, without losing an order item.

Every item received is either a row of its own, counted in `merged_lines` of an equal row, or counted in `n_lines` of a
reject. So for each order: items received = sum(1 + merged_lines) + sum(n_lines).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple  # noqa: TID251 - COPY takes tuples

import msgspec

from aisle.contracts.company_orders import CANCELLED, Item, Order
from aisle.contracts.limits import CLOCK_TOLERANCE, LARGEST_NUMBER, LONGEST_ID, SMALLEST_PRICE, SMALLEST_QUANTITY
from aisle.contracts.text import tidy
from aisle.identity.hashing import Person, PersonHasher
from aisle.orders.currency import Rates
from aisle.orders.reader import Refusal, RefusedOrder, Rules, read_order, refuse_order
from aisle.settings import get_settings
from aisle.sources import Source

#: Raise it when the mapping changes: every order that comes again is then rewritten.
_MAPPING_VERSION = b"2"


class OrderRow(NamedTuple):
    """One version of an order. Without `is_mapped` it has rejects only.

    `order_number` is the id as received, None if unknown; the merge decides which order with this number it is.
    `is_empty`: it has items, and none of them could be mapped. `doubts`: names of values that are not plausible.
    """

    order_number: str | None
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
    doubts: list[str] | None = None


class ItemRow(NamedTuple):
    """One order item; `line_number` is its position in the order as received, from 1.

    `product_id` is the shop's spelling; `product_key` is the same for all spellings of a product.
    """

    line_number: int
    product_id: str
    product_key: str
    product_name: str | None
    category: str | None
    brand: str | None
    quantity: float
    unit_price: float
    base_price: float | None
    merged_lines: int


class RejectRow(NamedTuple):
    """What could not be mapped: an order item, or (without `line_number`) a whole order of `n_lines` items."""

    reject_id: str
    line_number: int | None
    n_lines: int
    reason: str
    detail: str
    status: str | None
    payload: str
    archive_key: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the rules of a source leave out, each with its reason: the order, or items by their place."""

    order: str | None = None
    items: Mapping[int, str] = field(default_factory=dict)


_NOTHING = LeftOut()


@dataclass(frozen=True, slots=True)
class LandedOrder:
    """One order with all its rows, and its customer."""

    order: OrderRow
    items: list[ItemRow]
    rejects: list[RejectRow]
    person: Person | None


def _now() -> datetime:
    return datetime.now(UTC)


class Lander:
    """Lands the orders of one source."""

    def __init__(
        self,
        source: Source,
        hasher: PersonHasher,
        clock: Callable[[], datetime] = _now,
        rates: Rates | None = None,
    ) -> None:
        self._source = source
        self._hasher = hasher
        self._rates = rates or Rates(get_settings().ingest.currency)
        self._clock = clock

    def land(self, raw: msgspec.Raw, archive_key: str, left_out: LeftOut = _NOTHING) -> LandedOrder:
        """Return the rows of one order; `archive_key` is the S3 key of the page as received."""
        rules = Rules(self._source, self._clock() + CLOCK_TOLERANCE)
        read = refuse_order(raw, _by_rule(left_out.order), rules) if left_out.order else read_order(raw, rules)
        if isinstance(read, RefusedOrder):
            return self._land_refused(read, archive_key)
        order = self._rates.converted(read.order, self._source)
        if isinstance(order, Refusal):
            return self._land_refused(refuse_order(raw, order, rules), archive_key)
        person = self._hasher.person(self._source.name, order.customer, order.updated_at or order.order_date)
        items, refused = [], []
        for number, item, reason, times in _distinct_items(order.items, left_out):
            row = (
                _by_rule(reason)
                if reason
                else _item_row(number, item, times, order.status, fold_case=self._source.fold_case)
            )
            if isinstance(row, Refusal):
                refused.append((number, item, times, row))
            else:
                items.append(row)
        order_row = _order_row(order, read.doubts, person, is_empty=bool(refused) and not items)
        said_of_person = person[:5] if person and person.user_id else None
        content_hash = self._content_hash(order_row._replace(updated_at=None), items, refused, said_of_person)
        rejects = [_item_reject(*item_refused, order.status, content_hash, archive_key) for item_refused in refused]
        return LandedOrder(order_row._replace(content_hash=content_hash), items, rejects, person)

    def _land_refused(self, order: RefusedOrder, archive_key: str) -> LandedOrder:
        content_hash = self._content_hash(order.refusal, order.identity)
        row = OrderRow(order.order_id, False, True, content_hash, order.ordered_at, order.updated_at)
        reject = RejectRow(
            f"{content_hash}-0", None, order.n_items, *order.refusal, order.status, order.payload, archive_key
        )
        return LandedOrder(row, [], [reject], None)

    def _content_hash(self, *mapped: Any) -> str:
        """Hash what an order is mapped to, not its bytes, so that only a change of content changes the hash.

        A later `updated_at` alone does not.
        """
        digest = blake2b(digest_size=16, salt=self._source.name.encode(), person=_MAPPING_VERSION)
        digest.update(msgspec.msgpack.encode(mapped))
        return digest.hexdigest()


def _by_rule(reason: str) -> Refusal:
    return Refusal(reason, f"left out as {reason.replace('_', ' ')}")


def _distinct_items(items: list[Item], left_out: LeftOut) -> Iterator[tuple[int, Item, str | None, int]]:
    """Yield each distinct item with its first position, why a rule leaves it out, and how often it was sent so."""
    sent = [(item, left_out.items.get(place)) for place, item in enumerate(items)]
    times = Counter(sent)
    for number, (item, reason) in enumerate(sent, 1):
        n_sent = times.pop((item, reason), 0)
        if n_sent:
            yield number, item, reason, n_sent


def _order_row(order: Order, doubts: list[str], person: Person | None, *, is_empty: bool) -> OrderRow:
    return OrderRow(
        order.order_id,
        True,
        is_empty,
        "",
        order.order_date,
        order.updated_at,
        order.status,
        (person.user_id or None) if person else None,
        _label(order.city),
        _label(order.province),
        _label(order.payment_mode),
        _label(order.brand),
        order.total,
        doubts,
    )


def _item_row(number: int, item: Item, times: int, status: str, *, fold_case: bool) -> ItemRow | Refusal:
    product_id = _label(item.id)
    where = f"`$.items[{number - 1}]"
    if product_id is None:
        return Refusal("missing_product_id", f"{where}.id` is {item.id!r}")
    product_key = _folded(product_id) if fold_case else product_id
    length = max(len(product_id), len(product_key))
    if length > LONGEST_ID:
        return Refusal("product_id_too_long", f"{where}.id` has {length} characters, {LONGEST_ID} are allowed")
    quantity, price = item.quantity, item.price
    if quantity is None:
        return Refusal("missing_quantity", f"{where}.quantity` is null")
    if price is None:
        return Refusal("missing_price", f"{where}.price` is null")
    refusal = _number_refusal(where, quantity, price, item.base_price, status)
    if refusal:
        return refusal
    return ItemRow(
        number, product_id, product_key, _label(item.title), _label(item.category), _label(item.brand),
        quantity, price, item.base_price, times - 1,
    )  # fmt: skip


def _number_refusal(where: str, quantity: float, price: float, base_price: float | None, status: str) -> Refusal | None:
    if max(abs(quantity), abs(price), abs(base_price or 0)) > LARGEST_NUMBER:
        return Refusal("number_out_of_range", f"{where}` has quantity {quantity}, prices {price} and {base_price}")
    if abs(quantity) < SMALLEST_QUANTITY:
        return Refusal("zero_quantity", f"{where}.quantity` is {quantity}")
    if quantity < 0 and status != CANCELLED:
        return Refusal("negative_quantity", f"{where}.quantity` is {quantity} in a {status} order: a stock correction")
    if price < 0:
        return Refusal("negative_price", f"{where}.price` is {price}")
    if 0 < price < SMALLEST_PRICE:
        return Refusal("price_below_precision", f"{where}.price` is {price}, which would be stored as zero")
    return None


def _item_reject(
    number: int, item: Item, times: int, refusal: Refusal, status: str, content_hash: str, archive_key: str
) -> RejectRow:
    payload = msgspec.json.encode(item).decode()
    return RejectRow(f"{content_hash}-{number}", number, times, *refusal, status, payload, archive_key)


#: Products repeat, so their texts are tidied once.
_label = lru_cache(maxsize=65536)(tidy)


@lru_cache(maxsize=65536)
def _folded(product_id: str) -> str:
    """Return the key that all spellings of a product id share; for joins only."""
    return product_id.upper()
