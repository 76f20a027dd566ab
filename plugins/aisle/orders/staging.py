"""Staging: one window's rows in temporary tables, page by page, then merged into raw at one stroke.

Rows wait in the database, so memory holds one page however long the window is, and a run that dies leaves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from psycopg import ClientCursor, Connection

from aisle.contracts.limits import CLOCK_TOLERANCE
from aisle.identity.components import settle
from aisle.identity.hashing import Person
from aisle.orders.landing import ItemRow, LandedOrder, OrderRow, RejectRow
from aisle.orders.windows import Window
from aisle.outbox.queue import queue_purchases
from aisle.settings import get_settings
from aisle.warehouse import sql

_COPY_ORDERS = f"copy staged_orders (version, {', '.join(OrderRow._fields)}) from stdin"
_COPY_ITEMS = f"copy staged_order_items (version, {', '.join(ItemRow._fields)}) from stdin"
_COPY_REJECTS = f"copy staged_rejects (version, {', '.join(RejectRow._fields)}) from stdin"
_COPY_PEOPLE = f"copy staged_people (version, {', '.join(Person._fields)}) from stdin"


class Staging:
    """The staged rows of one window at a time, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._versions = count(1)

    def clear(self) -> None:
        """Make the tables, or empty them."""
        self._connection.execute(sql("raw/staged/create").encode())

    def add(self, orders: Iterable[LandedOrder]) -> None:
        """Stage the orders of a page."""
        landed = list(zip(self._versions, orders, strict=False))
        self._copy(_COPY_ORDERS, ((version, *order.order) for version, order in landed))
        self._copy(_COPY_ITEMS, ((version, *item) for version, order in landed for item in order.items))
        self._copy(_COPY_REJECTS, ((version, *reject) for version, order in landed for reject in order.rejects))
        self._copy(_COPY_PEOPLE, ((version, *order.person) for version, order in landed if order.person))

    def merge(self, source: str, window: Window, run_key: str) -> None:
        """Write what has changed to raw and identity; its purchases, to the outbox.

        Belongs in the transaction that proves the window.
        """
        values = {
            "source": source,
            "run_key": run_key,
            "window_start": window.start,
            "window_end": window.end,
            "clock_tolerance": CLOCK_TOLERANCE,
            "max_people_per_contact": get_settings().identity.max_people_per_contact,
        }
        # A script of several statements takes parameters only when they are bound on this side.
        cursor = ClientCursor(self._connection)
        cursor.execute(sql("identity/phone_forms/apply").encode())
        cursor.execute(sql("identity/erasures/suppress").encode())
        cursor.execute(sql("identity/phone_forms/keep").encode())
        cursor.execute(sql("identity/records/merge").encode(), values)
        cursor.execute(sql("identity/placeholders/find").encode(), values)
        cursor.execute(sql("identity/placeholders/set_aside").encode())
        cursor.execute(sql("identity/contacts/merge").encode())
        settle(cursor)
        cursor.execute(sql("raw/order_ids/settle").encode(), values)
        cursor.execute(sql("raw/order_ids/doubt_replacements").encode(), values)
        cursor.execute(sql("raw/company__orders/merge").encode(), values)
        cursor.execute(sql("ops/vanished_orders/note").encode(), values)
        cursor.execute(sql("identity/records/assign_orders").encode(), values)
        cursor.execute(sql("identity/customers/merge").encode())
        cursor.execute(sql("identity/records/rename_users").encode())
        queue_purchases(cursor, source)

    def _copy(self, statement: str, rows: Iterator[tuple[Any, ...]]) -> None:
        with self._connection.cursor().copy(statement.encode()) as copy:
            for row in rows:
                copy.write_row(row)
