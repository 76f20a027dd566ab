"""Orders out of pages: each one typed, or refused with its reason. One broken order does not spoil its page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from aisle.contracts.company_orders import ORDER_STATUSES, Item, Order
from aisle.ingest.text import tidy

_orders = msgspec.json.Decoder(Order)
#: What a reject may show of an order. The customer is not among it, nor is any field the contract does not know.
_SHOWN_ORDER_FIELDS = frozenset(Order.__struct_fields__) - {"customer", "items"}
_SHOWN_ITEM_FIELDS = frozenset(Item.__struct_fields__)
#: A status is a word; what is longer is a remark, and only its beginning is shown.
_LONGEST_STATUS_WORD = 40
#: Amounts from here on do not fit the warehouse's columns, and are no order of anybody.
LARGEST_NUMBER = 1e10


class Refusal(NamedTuple):
    """Why an order or a line could not be mapped: a reason to count by, and what was found."""

    reason: str
    detail: str


class RefusedOrder(NamedTuple):
    """What can still be told of an order that could not be mapped."""

    refusal: Refusal
    order_id: str | None
    ordered_at: datetime | None
    updated_at: datetime | None
    status: str | None
    n_lines: int
    payload: str


def read_order(raw: msgspec.Raw) -> Order | RefusedOrder:
    """The order in `raw`, with its id and status tidied."""
    try:
        order = _orders.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _refused(raw, Refusal("malformed_order", str(error)))
    refusal = _refusal(order)
    if refusal:
        return _refused(raw, refusal)
    return _tidied(order)


def _refusal(order: Order) -> Refusal | None:
    if tidy(order.order_id) is None:
        return Refusal("missing_order_id", "`$.order_id` is blank")
    if order.status.strip().lower() not in ORDER_STATUSES:
        return Refusal(
            "unknown_status",
            f"`$.status` is {order.status[:_LONGEST_STATUS_WORD]!r}, not one of {', '.join(ORDER_STATUSES)}",
        )
    if order.order_date.tzinfo is None or (order.updated_at and order.updated_at.tzinfo is None):
        return Refusal("malformed_order", "`$.order_date` or `$.updated_at` has no zone")
    if abs(order.total or 0) >= LARGEST_NUMBER:
        return Refusal("malformed_order", f"`$.total` is {order.total}")
    return None


def _tidied(order: Order) -> Order:
    order_id, status = tidy(order.order_id) or "", order.status.strip().lower()
    if (order_id, status) == (order.order_id, order.status):
        return order
    return msgspec.structs.replace(order, order_id=order_id, status=status)


def _refused(raw: msgspec.Raw, refusal: Refusal) -> RefusedOrder:
    try:
        sent = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        sent = None  # not even JSON: nothing can be told but the error
    fields = sent if isinstance(sent, dict) else {}
    order_id, items = _order_id(fields.get("order_id")), fields.get("items")
    if order_id is None:
        refusal = Refusal("missing_order_id", refusal.detail) if fields else refusal
    return RefusedOrder(
        refusal,
        order_id,
        _moment(fields.get("order_date")),
        _moment(fields.get("updated_at")),
        _status_word(fields.get("status")),
        max(1, len(items)) if isinstance(items, list) else 1,
        msgspec.json.encode(without_person(fields)).decode(),
    )


def _order_id(sent: Any) -> str | None:
    return tidy(str(sent)) if isinstance(sent, str | int) and not isinstance(sent, bool) else None


def _status_word(sent: Any) -> str | None:
    return (tidy(sent) or "").lower()[:_LONGEST_STATUS_WORD] or None if isinstance(sent, str) else None


def _moment(sent: Any) -> datetime | None:
    try:
        moment = msgspec.convert(sent, datetime)
    except msgspec.ValidationError:
        return None
    return moment if moment.tzinfo else None


def without_person(fields: dict[str, Any]) -> dict[str, Any]:
    """The order without what might be personal: such values are blanked, their names stay."""
    shown = {name: _plain(value) if name in _SHOWN_ORDER_FIELDS else None for name, value in fields.items()}
    if isinstance(fields.get("customer"), dict):
        shown["customer"] = dict.fromkeys(fields["customer"])
    if isinstance(fields.get("items"), list):
        shown["items"] = [_shown_item(item) for item in fields["items"]]
    return shown


def personal_values(fields: dict[str, Any]) -> list[Any]:
    """What `without_person` blanks."""
    hidden = [value for name, value in fields.items() if name not in {*_SHOWN_ORDER_FIELDS, "items"}]
    items = fields.get("items")
    if not isinstance(items, list):
        return [*hidden, items]
    shown = (item if isinstance(item, dict) else {"": item} for item in items)
    return hidden + [value for item in shown for name, value in item.items() if name not in _SHOWN_ITEM_FIELDS]


def placed_at(fields: dict[str, Any]) -> datetime | None:
    """When the order was placed, as far as it says so; without a zone it is taken for UTC."""
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
