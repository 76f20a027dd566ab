"""Orders as columns, and as the wire's orders once a page is asked for.

Two million order items are six numpy arrays here and would be gigabytes as objects, so an `Order` exists only while
its page is being answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from aisle.contracts.company_orders import CANCELLED, Customer, Day, Item, Order
from aisle.sources import SOURCES_FOLDER, read_sources

Array = npt.NDArray[Any]
#: The sources that are simulated, by place.
SOURCES = tuple(
    next(source for source in read_sources(SOURCES_FOLDER) if source.name == name) for name in ("pos", "oe")
)
T = TypeVar("T")

#: Editing an order moves `updated_at` by this much: never the wall clock, so equal servers give equal answers.
EDIT_STEP = timedelta(hours=1)


@dataclass
class Coded(Generic[T]):
    """A column of few distinct values: row i holds `values[codes[i]]`."""

    values: list[T]
    codes: Array

    def rows(self, start: int, stop: int) -> list[T]:
        return [self.values[code] for code in self.codes[start:stop].tolist()]

    def take(self, positions: Array) -> Coded[T]:
        return Coded(self.values, self.codes[positions])

    def put(self, position: int, value: T) -> None:
        if value not in self.values:
            self.values = [*self.values, value]
        self.codes[position] = self.values.index(value)

    @classmethod
    def constant(cls, value: T, rows: int) -> Coded[T]:
        return cls([value], np.zeros(rows, np.int32))


@dataclass(frozen=True, slots=True)
class Product:
    """What an order item says about its product. A product may have several: a file may spell it in many ways."""

    id: str | None
    title: str | None = None
    base_price: float | None = None
    category: str | None = None
    brand: str | None = None


@dataclass
class OrderColumns:
    """One row per order. Times are `datetime64[us]` in UTC; a walk-in's customer is None."""

    order_id: Array
    ordered_at: Array
    updated_at: Array
    status: Coded[str]
    customer: Coded[Customer | None]
    city: Coded[str | None]
    province: Coded[str | None]
    payment_mode: Coded[str | None]
    brand: Coded[str | None]

    def take(self, positions: Array) -> OrderColumns:
        return OrderColumns(*(getattr(self, column.name).take(positions) for column in fields(self)))


@dataclass
class ItemColumns:
    """One row per order item. A missing quantity or price is NaN, which the wire shows as null."""

    product: Coded[Product]
    quantity: Array
    price: Array

    def __len__(self) -> int:
        return len(self.quantity)

    def take(self, positions: Array) -> ItemColumns:
        return ItemColumns(self.product.take(positions), self.quantity[positions], self.price[positions])

    def items(self, start: int, stop: int) -> list[Item]:
        prices = self.price[start:stop].tolist()
        quantities = self.quantity[start:stop].tolist()
        products = self.product.rows(start, stop)
        return [
            Item(product.id, product.title, quantity, price, product.base_price, product.category, product.brand)
            for product, quantity, price in zip(products, quantities, prices, strict=True)
        ]


@dataclass
class OrderBook:
    """The orders of one source by (order_date, order_id). Order i owns items first_item[i]:first_item[i + 1]."""

    orders: OrderColumns
    order_items: ItemColumns
    first_item: Array
    #: By position: how an order goes out instead of as itself.
    spoilt: dict[int, Callable[[Order], msgspec.Raw]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.orders.order_id)

    def window(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Positions of the orders with start <= order_date < end. Both times carry a zone."""
        bounds = [np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us") for moment in (start, end)]
        first, stop = np.searchsorted(self.orders.ordered_at, np.array(bounds)).tolist()
        return first, stop

    def ids(self, start: int, stop: int) -> list[str]:
        ids: list[str] = self.orders.order_id[start:stop].tolist()
        return ids

    def page(self, start: int, stop: int) -> list[Order | msgspec.Raw]:
        """The orders at positions [start, stop) as the wire sends them."""
        orders = enumerate(self.sound_page(start, stop), start)
        return [self.spoilt[position](order) if position in self.spoilt else order for position, order in orders]

    def sound_page(self, start: int, stop: int) -> list[Order]:
        """The orders at positions [start, stop) as the company has them."""
        if start >= stop:
            return []
        bounds = self.first_item[start : stop + 1].tolist()
        items = self.order_items.items(bounds[0], bounds[-1])
        columns = self.orders
        rows = zip(
            self.ids(start, stop),
            _moments(columns.ordered_at[start:stop]),
            columns.status.rows(start, stop),
            [items[a - bounds[0] : b - bounds[0]] for a, b in pairwise(bounds)],
            _moments(columns.updated_at[start:stop]),
            columns.customer.rows(start, stop),
            columns.city.rows(start, stop),
            columns.province.rows(start, stop),
            columns.payment_mode.rows(start, stop),
            columns.brand.rows(start, stop),
            self._totals(start, stop),
            strict=True,
        )
        return [Order(*row) for row in rows]

    def days(self, start: int, stop: int) -> list[Day]:
        """The book's word on each day (UTC) that has orders among the positions [start, stop)."""
        dates = self.orders.ordered_at[start:stop].astype("datetime64[D]")
        firsts = [start + first for first in np.unique(dates, return_index=True)[1].tolist()]
        return [self._day(*bounds) for bounds in pairwise([*firsts, stop])]

    def _day(self, start: int, stop: int) -> Day:
        edited_at = self.orders.updated_at[start:stop]
        digest = blake2b(edited_at.tobytes(), digest_size=16)
        digest.update("\n".join(self.ids(start, stop)).encode())
        newest = _moments(edited_at.max(keepdims=True))[0]
        return Day(
            _moments(self.orders.ordered_at[start : start + 1])[0].date(), stop - start, newest, digest.hexdigest()
        )

    def edit(self, position: int, *, quantity: float | None = None, city: str | None = None) -> None:
        """Change an order after the fact: the quantity of its first item (one more by default) or its city."""
        if quantity is None and city is None:
            quantity = float(self.order_items.quantity[self.first_item[position]]) + 1
        if quantity is not None:
            self.order_items.quantity[self.first_item[position]] = quantity
        if city is not None:
            self.orders.city.put(position, city)
        self.orders.updated_at[position] += np.timedelta64(EDIT_STEP)

    def cancel(self, position: int) -> None:
        self.orders.status.put(position, CANCELLED)
        self.orders.updated_at[position] += np.timedelta64(EDIT_STEP)

    def _totals(self, start: int, stop: int) -> list[float]:
        bounds = self.first_item[start : stop + 1]
        span = slice(bounds[0], bounds[-1])
        paid = np.nan_to_num(self.order_items.quantity[span] * self.order_items.price[span])
        totals: list[float] = np.add.reduceat(paid, bounds[:-1] - bounds[0]).round(2).tolist()
        return totals


@dataclass
class Company:
    """Everything the two endpoints serve, and what `/health` says about it."""

    books: dict[str, OrderBook]
    #: People, not accounts: one person may be known to both systems, or twice to one.
    customers: int
    #: Rows of the file that are served, or the number of order items.
    source_rows: int
    #: Rows of the file that are not, and what there is to say about its rows.
    refused_rows: int = 0
    notes: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, int | str | None]:
        filled = [book for book in self.books.values() if len(book)]
        first = min((book.orders.ordered_at[0] for book in filled), default=None)
        last = max((book.orders.ordered_at[-1] for book in filled), default=None)
        return {
            "orders": sum(len(book) for book in filled),
            "order_lines": sum(len(book.order_items) for book in filled),
            "customers": self.customers,
            "products": len({id_ for book in filled for id_ in _product_ids(book)}),
            "first_order_at": None if first is None else _moments(np.array([first]))[0].isoformat(),
            "last_order_at": None if last is None else _moments(np.array([last]))[0].isoformat(),
            "source_rows": self.source_rows,
            "refused_rows": self.refused_rows,
        }


def shelve(orders: OrderColumns, source: Array, order_items: ItemColumns, order_of_item: Array) -> dict[str, OrderBook]:
    """One sorted book per source.

    Shapes   source (orders,): place in SOURCES. order_of_item (order items,): position of its order.
    Items of one order keep the order they have here.
    """
    by_time = np.lexsort((orders.order_id, orders.ordered_at))
    return {
        named.name: _book(orders, by_time[source[by_time] == place], order_items, order_of_item)
        for place, named in enumerate(SOURCES)
    }


def _book(orders: OrderColumns, chosen: Array, order_items: ItemColumns, order_of_item: Array) -> OrderBook:
    rank = np.full(len(orders.order_id), -1, np.int32)
    rank[chosen] = np.arange(len(chosen), dtype=np.int32)
    rank_of_item = rank[order_of_item]
    by_order = np.argsort(rank_of_item, kind="stable")[np.count_nonzero(rank_of_item < 0) :]
    sizes = np.bincount(rank_of_item[by_order], minlength=len(chosen))
    return OrderBook(orders.take(chosen), order_items.take(by_order), np.concatenate([[0], np.cumsum(sizes)]))


def _product_ids(book: OrderBook) -> set[str]:
    products = (book.order_items.product.values[code] for code in np.unique(book.order_items.product.codes))
    return {product.id for product in products if product.id is not None}


def _moments(times: Array) -> list[datetime]:
    return [moment.replace(tzinfo=UTC) for moment in times.astype("datetime64[us]").tolist()]
