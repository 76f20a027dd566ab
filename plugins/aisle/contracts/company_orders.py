"""The company's order API on the wire: what its endpoints send.

Endpoints  those of the sources (`aisle.sources`), such as `GET /get_pos_orders`.
Query      `start_date`, `end_date` (ISO 8601, half-open on `order_date`), `limit`, and `cursor` or `page` (from 1).
Answer     a JSON list of orders, or `{"data": [orders], "next_cursor": str | null}`.

An endpoint may offer its own word on each day of `order_date` (UTC), so that what changed long ago can be found:
`GET /get_pos_orders/days` with `start_date` and `end_date` gives `{"data": [days]}`. Empty days may be left out.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec

#: What an order's `status` may mean; a source's file has its words for them. Only COMPLETED orders become interactions.
COMPLETED, PENDING, CANCELLED = "completed", "pending", "cancelled"
ORDER_STATUSES = (COMPLETED, PENDING, CANCELLED)


class Customer(msgspec.Struct, frozen=True):
    """Who ordered, as the source system knows them. Every field may be absent: a walk-in has none."""

    id: str | None = None
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None


class Item(msgspec.Struct, frozen=True):
    """One order item. `price` is what was paid per unit, `base_price` the list price."""

    id: str | None = None
    title: str | None = None
    quantity: float | None = None
    price: float | None = None
    base_price: float | None = None
    category: str | None = None
    brand: str | None = None


class Order(msgspec.Struct, frozen=True):
    """One order with its items. Times carry a zone; `updated_at` moves with every edit.

    `currency` is the code of its amounts (ISO 4217); without it they are in the source's.
    """

    order_id: str
    order_date: datetime
    status: str
    items: list[Item]
    updated_at: datetime | None = None
    customer: Customer | None = None
    city: str | None = None
    province: str | None = None
    payment_mode: str | None = None
    brand: str | None = None
    total: float | None = None
    currency: str | None = None


class Day(msgspec.Struct, frozen=True):
    """What an order system says of one day. `hash` is a text that changes when any order of the day changes.

    Of a word that no column could keep, or whose time has no zone, nothing is believed.
    """

    day: date
    n_orders: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    newest_updated_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    hash: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")] | None = None
