"""Read the orders of a page: each becomes typed, or refused with a reason. A broken order does not spoil its page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple  # noqa: TID251 - stored hashes of orders contain it as a tuple
from zoneinfo import ZoneInfo

import msgspec

from aisle.contracts.company_orders import Item, Order
from aisle.contracts.limits import EARLIEST_MOMENT, LARGEST_NUMBER, LONGEST_ID
from aisle.contracts.text import tidy
from aisle.orders.spoilt import BROKEN_CHARACTER, UNREADABLE, legible
from aisle.sources import Source

_orders = msgspec.json.Decoder(Order)
#: Decodes any JSON without floats, which would lose digits of an id.
_exact = msgspec.json.Decoder(float_hook=Decimal)
_exactly = msgspec.json.Encoder(decimal_format="number")
#: How deep an order is read; the contract has four levels. Python's recursion limit will not do: it differs by
#: process, because copying a DAG raises it.
_MOST_LEVELS = 50
_TOO_DEEP = "(nested too deep)"
#: The fields of an order that a reject may show: not the customer, and none that the contract does not name.
_SHOWN_ORDER_FIELDS = frozenset(Order.__struct_fields__) - {"customer", "items"}
_SHOWN_ITEM_FIELDS = frozenset(Item.__struct_fields__)
_NUMBERS = frozenset({"total", "quantity", "price", "base_price"})
_PLAIN_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?", re.ASCII)
#: A status is a word; of a longer remark only the beginning is shown.
_LONGEST_STATUS_WORD = 40

#: The doubt about an order that is accepted without its implausible `updated_at`.
IMPOSSIBLE_VERSION = "updated_at_is_impossible"


@dataclass(frozen=True, slots=True)
class Rules:
    """How to read orders: as their source has them, and up to the latest possible time."""

    source: Source
    latest_moment: datetime


class Refusal(NamedTuple):
    """Why an order or order item could not be mapped: a reason to count by, and the details."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReadOrder:
    """An accepted order: times have a zone; an impossible `updated_at` is None, and is in `doubts`."""

    order: Order
    doubts: list[str]


@dataclass(frozen=True, slots=True)
class RefusedOrder:
    """What is known of an order that could not be mapped; `identity` is compared to find repeats."""

    refusal: Refusal
    order_id: str | None
    ordered_at: datetime | None
    updated_at: datetime | None
    status: str | None
    n_items: int
    payload: str
    identity: bytes


def as_sent(raw: msgspec.Raw | bytes) -> Any:
    """Return an order as plain values with every digit of a number, for `written_as_sent`. Raises UNREADABLE."""
    return _exact.decode(raw)


def written_as_sent(value: Any) -> bytes:
    """Write plain values as JSON, numbers as they were sent."""
    return _exactly.encode(value)


def read_order(raw: msgspec.Raw, rules: Rules) -> ReadOrder | RefusedOrder:
    """Return the order in `raw`, with its id, status and times tidied, or why it cannot be read."""
    try:
        order = _decode(raw)
    except UNREADABLE as error:
        return refuse_order(raw, Refusal("malformed_order", _without_values(error)), rules)
    order = _with_zones(order, rules.source.zone)
    refusal = _refusal(order, rules)
    return refuse_order(raw, refusal, rules) if refusal else _believed(order, rules)


def _decode(raw: msgspec.Raw) -> Order:
    """Decode an order. A text may come as a number and a number as text; both are read exactly."""
    try:
        return _orders.decode(raw)
    except msgspec.ValidationError:
        return msgspec.convert(_as_meant(as_sent(raw)), Order)


def _as_meant(value: Any, name: str = "", levels: int = _MOST_LEVELS) -> Any:
    """Return what field `name` means by `value`: a plain number is text in a name or id, text a number in a price."""
    if isinstance(value, dict | list) and not levels:
        return _TOO_DEEP
    if isinstance(value, dict):
        return {key: _as_meant(inner, key, levels - 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_meant(inner, levels=levels - 1) for inner in value]
    return _as_number(value) if name in _NUMBERS else as_text(value)


def _as_number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    return Decimal(text) if _PLAIN_NUMBER.fullmatch(text) else text or None


def as_text(value: Any) -> Any:
    """Return a plain number as the text of its digits, anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return value
    text = str(value)
    return text.removesuffix(".0") if _PLAIN_NUMBER.fullmatch(text) else value


def _without_values(error: BaseException) -> str:
    """Say what is wrong with an order; messages of msgspec name places and types, those of others might hold data."""
    return str(error) if isinstance(error, msgspec.DecodeError) else f"not readable as JSON ({type(error).__name__})"


def _with_zones(order: Order, zone: ZoneInfo | None) -> Order:
    if zone is None or (order.order_date.tzinfo and (order.updated_at is None or order.updated_at.tzinfo)):
        return order
    return msgspec.structs.replace(
        order, order_date=_in_zone(order.order_date, zone), updated_at=_in_zone(order.updated_at, zone)
    )


def _in_zone(moment: Any, zone: ZoneInfo) -> Any:
    """Add the zone: the first of an hour that occurs twice; a skipped hour as if the clock had not been put forward."""
    return moment.replace(tzinfo=zone, fold=0) if moment and moment.tzinfo is None else moment


def _refusal(order: Order, rules: Rules) -> Refusal | None:
    order_id = tidy(order.order_id)
    if order_id is None:
        return Refusal("missing_order_id", "`$.order_id` is blank")
    if len(order_id) > LONGEST_ID:
        return Refusal("order_id_too_long", f"`$.order_id` has {len(order_id)} characters, {LONGEST_ID} are allowed")
    if rules.source.status_of(order.status) is None:
        shown, known = order.status[:_LONGEST_STATUS_WORD], ", ".join(rules.source.status_words)
        return Refusal("unknown_status", f"`$.status` is {shown!r}, not one of {known}")
    return _time_refusal(order, rules) or _total_refusal(order.total)


def _time_refusal(order: Order, rules: Rules) -> Refusal | None:
    if order.order_date.tzinfo is None or (order.updated_at and order.updated_at.tzinfo is None):
        return Refusal(
            "missing_zone",
            f"`$.order_date` or `$.updated_at` has no zone; `time_zone` in {rules.source.file} says in which it is",
        )
    if not _is_possible(order.order_date, rules):
        return Refusal(
            "impossible_order_date",
            f"`$.order_date` is {order.order_date.isoformat()}, not between {EARLIEST_MOMENT.date()} and now",
        )
    return None


def _total_refusal(total: float | None) -> Refusal | None:
    if abs(total or 0) <= LARGEST_NUMBER:
        return None
    return Refusal("number_out_of_range", f"`$.total` is {total}; up to {LARGEST_NUMBER} is possible")


def _is_possible(moment: datetime, rules: Rules) -> bool:
    return EARLIEST_MOMENT <= moment <= rules.latest_moment


def _believed(order: Order, rules: Rules) -> ReadOrder:
    stamp = order.updated_at
    doubts = [IMPOSSIBLE_VERSION] if stamp and not _is_possible(stamp, rules) else []
    order = msgspec.structs.replace(
        order,
        order_id=tidy(order.order_id) or "",
        status=rules.source.status_of(order.status) or "",
        order_date=order.order_date.astimezone(UTC),
        updated_at=stamp.astimezone(UTC) if stamp and not doubts else None,
    )
    return ReadOrder(order, doubts)


def refuse_order(raw: msgspec.Raw, refusal: Refusal, rules: Rules) -> RefusedOrder:
    """Return what is known of an order that is refused. One that cannot be read and has no id is refused for that."""
    try:
        sent = _as_meant(as_sent(raw))
        identity = msgspec.json.encode(sent, order="sorted")
    except UNREADABLE:
        sent, identity = _as_meant(legible(raw)), bytes(raw)  # not even JSON: read what is legible
    fields = sent if isinstance(sent, dict) else {}
    order_id, items = fields.get("order_id"), fields.get("items")
    order_id = tidy(order_id) if isinstance(order_id, str) and BROKEN_CHARACTER not in order_id else None
    if order_id is None and fields and refusal.reason == "malformed_order":
        refusal = Refusal("missing_order_id", refusal.detail)
    return RefusedOrder(
        refusal,
        order_id if order_id and len(order_id) <= LONGEST_ID else None,
        _moment(fields.get("order_date"), rules),
        _moment(fields.get("updated_at"), rules),
        _status_word(fields.get("status")),
        max(1, len(items)) if isinstance(items, list) else 1,
        msgspec.json.encode(without_person(fields), order="sorted").decode(),
        identity,
    )


def _status_word(sent: Any) -> str | None:
    return (tidy(sent) or "").lower()[:_LONGEST_STATUS_WORD] or None if isinstance(sent, str) else None


def _moment(sent: Any, rules: Rules) -> datetime | None:
    """Return the time, or None if it is missing, unreadable or impossible."""
    try:
        moment = msgspec.convert(sent, datetime)
    except msgspec.ValidationError:
        return None
    moment = _in_zone(moment, rules.source.zone) if rules.source.zone else moment
    return moment.astimezone(UTC) if moment.tzinfo and _is_possible(moment, rules) else None


def without_person(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the order with values that might be personal blanked; their names stay."""
    shown = {name: _plain(value) if name in _SHOWN_ORDER_FIELDS else None for name, value in fields.items()}
    if isinstance(fields.get("customer"), dict):
        shown["customer"] = dict.fromkeys(fields["customer"])
    if isinstance(fields.get("items"), list):
        shown["items"] = [_shown_item(item) for item in fields["items"]]
    return shown


def personal_values(fields: dict[str, Any]) -> list[Any]:
    """Return the values that `without_person` blanks."""
    hidden = [value for name, value in fields.items() if name not in {*_SHOWN_ORDER_FIELDS, "items"}]
    items = fields.get("items")
    if not isinstance(items, list):
        return [*hidden, items]
    shown = (item if isinstance(item, dict) else {"": item} for item in items)
    return hidden + [value for item in shown for name, value in item.items() if name not in _SHOWN_ITEM_FIELDS]


def placed_at(fields: dict[str, Any]) -> datetime | None:
    """Return when the order was placed, or None if it does not say; a time without a zone counts as UTC."""
    try:
        moment = msgspec.convert(fields.get("order_date"), datetime)
    except msgspec.ValidationError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _shown_item(item: Any) -> Any:
    if not isinstance(item, dict):
        return None
    return {name: _plain(value) if name in _SHOWN_ITEM_FIELDS else None for name, value in item.items()}


def _plain(value: Any) -> Any:
    return None if isinstance(value, dict | list) else value
