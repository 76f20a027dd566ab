"""The warehouse of a shop whose orders are landed by ingest's own code."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row

from aisle.contracts.company_orders import Customer
from aisle.identity.hashing import PersonHasher
from aisle.orders.landing import Lander
from aisle.orders.staging import Staging
from aisle.orders.windows import Window
from aisle.settings import Identity
from aisle.sources import source_named

TEA = {"id": "TEA", "title": "Green tea", "quantity": 2, "price": 10.0}
CUP = {"id": "CUP", "title": "Cup", "quantity": 1, "price": 4.0}


def order_of(number: int, *items: dict[str, Any], age: timedelta = timedelta(minutes=1), **changes: Any) -> Any:
    """Order `number`, placed `age` ago by customer `number`: tea and a cup, if nothing else is said."""
    placed_at = (datetime.now(UTC) - age).isoformat()
    sent = {
        "order_id": f"A{number:04d}",
        "order_date": placed_at,
        "updated_at": placed_at,
        "status": "completed",
        "customer": {"id": f"c{number}", "name": "Zubaida Testperson", "phone": f"0300-{1234567 + number}"},
        "items": list(items or (TEA, CUP)),
    }
    return {**sent, **changes}


class Shop:
    """The warehouse of a shop: orders in, events out."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.hasher = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]

    def land(self, *orders: Any) -> None:
        """Merge orders as a window of ingest does, in one transaction."""
        lander = Lander(source_named("pos"), self.hasher)
        window = Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
        with psycopg.connect(self.url, autocommit=True) as connection:
            staging = Staging(connection)
            staging.clear()
            staging.add(lander.land(msgspec.Raw(json.dumps(order).encode()), "archive/key") for order in orders)
            with connection.transaction():
                staging.merge("pos", window, "run")

    def edit(self, order: dict[str, Any], **changes: Any) -> None:
        """Land a later version of an order."""
        order |= changes | {"updated_at": datetime.now(UTC).isoformat()}
        self.land(order)

    def user_of(self, number: int) -> str:
        """The user id of the customer of order `number`."""
        person = self.hasher.person("pos", Customer(phone=f"0300-{1234567 + number}"), None)
        assert person
        return person.user_id

    def outbox(self, columns: str = "item_id", where: str = "true") -> list[Any]:
        """Rows of the outbox by item and user; of one column its values."""
        query = f"select {columns} from events.outbox where {where} order by item_id, user_id"
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            rows = connection.execute(query.encode()).fetchall()
        return [row[columns] for row in rows] if rows and list(rows[0]) == [columns] else rows

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    def now(self) -> datetime:
        with psycopg.connect(self.url) as connection:
            return connection.execute("select clock_timestamp()").fetchall()[0][0]


def build_marts(shop: Shop, *, items: dict[str, str | None], locations: dict[int, str]) -> None:
    """Marts that know these items by their category, and these customers by where they live."""
    shop.execute(
        "create schema if not exists personalize;"
        "drop table if exists personalize.items, personalize.users;"
        "create table personalize.items (item_id text unique, product_name text, category text, price real);"
        "create table personalize.users (user_id text unique, location text)"
    )
    with psycopg.connect(shop.url) as connection, connection.cursor() as cursor:
        cursor.executemany("insert into personalize.items (item_id, category) values (%s, %s)", list(items.items()))
        people = [(shop.user_of(customer), location) for customer, location in locations.items()]
        cursor.executemany("insert into personalize.users values (%s, %s)", people)
