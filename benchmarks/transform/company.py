"""The generated company in the raw tables, without the wire between: for measurements of transform."""

from __future__ import annotations

from hashlib import blake2b
from math import inf, isfinite
from typing import Any

import numpy as np
import psycopg

from aisle.contracts.company_orders import Customer
from aisle.sources import api_sources
from services.company_api.order_book import OrderBook
from services.company_api.world.company import generate
from services.company_api.world.scales import ScaleName

_ORDERS = """
copy raw.company__orders (
    source, order_id, order_number, ordered_at, updated_at, status, user_id, city, province, payment_mode, brand,
    content_hash, run_key
) from stdin
"""
_ITEMS = """
copy raw.company__order_items (
    source, order_id, line_number, product_id, product_key, product_name, category, brand, quantity, unit_price,
    base_price
) from stdin
"""
_SPELLINGS = """
insert into raw.company__product_spellings (product_key, product_id)
select product_key, min(product_id) from raw.company__order_items group by product_key
on conflict (product_key) do nothing
"""


def fill(url: str, scale: ScaleName, copies: int = 1, seed: int = 7) -> None:
    """Store the company of `scale` in empty raw tables, `copies` times: other orders and people, the same products."""
    books = generate(scale, seed).books
    with psycopg.connect(url) as connection:
        for copy in range(copies):
            for source, book in zip(api_sources(), books.values(), strict=True):
                _copy_orders(connection, source.name, book, copy)
                _copy_items(connection, source.name, book, copy)
        connection.execute(_SPELLINGS)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")


def _copy_orders(connection: psycopg.Connection[Any], source: str, book: OrderBook, copy: int) -> None:
    columns = book.orders
    n_orders = len(book)
    texts = (columns.status, columns.customer, columns.city, columns.province, columns.payment_mode, columns.brand)
    rows = zip(
        columns.order_id.tolist(),
        columns.ordered_at.astype("datetime64[s]").tolist(),
        columns.updated_at.astype("datetime64[s]").tolist(),
        *(text.rows(0, n_orders) for text in texts),
        strict=True,
    )
    with connection.cursor().copy(_ORDERS) as target:
        for order_id, ordered_at, updated_at, status, customer, *places in rows:
            own_id = _own(order_id, copy)
            moments = (f"{ordered_at}+00", f"{updated_at}+00")
            person = _person(source, customer, copy)
            target.write_row((source, own_id, own_id, *moments, status, person, *places, own_id, "benchmark"))


def _copy_items(connection: psycopg.Connection[Any], source: str, book: OrderBook, copy: int) -> None:
    order_ids = np.repeat(book.orders.order_id, np.diff(book.first_item)).tolist()
    lines = (np.arange(len(book.order_items)) - np.repeat(book.first_item[:-1], np.diff(book.first_item)) + 1).tolist()
    with connection.cursor().copy(_ITEMS) as target:
        items = book.order_items.items(0, len(book.order_items))
        for order_id, line, item in zip(order_ids, lines, items, strict=True):
            if item.id is None or item.id.strip() == "" or item.price is None or not 0 <= item.price < inf:
                continue
            if not item.quantity or not isfinite(item.quantity):
                continue
            key = item.id.strip().upper()
            texts = (item.id.strip(), key, item.title, item.category, item.brand)
            target.write_row((source, _own(order_id, copy), line, *texts, item.quantity, item.price, item.base_price))


def _own(order_id: str, copy: int) -> str:
    return f"{order_id}-{copy}" if copy else order_id


def _person(source: str, customer: Customer | None, copy: int) -> str | None:
    if customer is None:
        return None
    mark = customer.phone or customer.email or f"{source} {customer.id}"
    return blake2b(f"{copy} {mark}".encode(), digest_size=16).hexdigest()
