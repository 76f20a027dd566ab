"""A shop whose warehouse is filled by hand, and the serving API over it."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from fastapi.testclient import TestClient
from psycopg.sql import SQL, Identifier, Literal

from aisle.contracts.recommendations import LIST_TABLES, Subject
from aisle.warehouse import CACHE_SCHEMA, create_cache
from services.serving.app import create_app
from services.serving.settings import ServingSettings

KEY = "a-key-of-the-tests"
#: As in AISLE_IDENTITY__HASH_KEY of all tests.
HASH_KEY = "key-of-the-tests"
#: The live generation of every shop.
GENERATION = "g2"

MARTS = """
create schema if not exists core;
create table core.products (
    product_id text primary key, is_product boolean, n_orders bigint, product_name text, category text,
    last_price numeric, last_sold_at timestamptz
);
create table core.popular_products (
    region_kind text, region text, product_id text, n_orders bigint, n_recent_orders bigint, n_earlier_orders bigint
);
create table core.products_bought_together (
    product_id text, with_product_id text, n_orders bigint, score double precision
);
create table core.regions (region_kind text, region text, region_name text, n_orders bigint, n_customers bigint);
create table core.region_customers (region_kind text, region text, user_id text, last_purchased_at timestamptz);
create schema if not exists personalize;
create table personalize.interactions (
    user_id text, item_id text, event_type text, event_value real, timestamp bigint
);
"""


def api_settings(**more: Any) -> ServingSettings:
    given = {
        "database_url": "postgresql://nowhere",
        "api_key_hashes": hashlib.sha256(KEY.encode()).hexdigest(),
        "identity_hash_key": HASH_KEY,
        **more,
    }
    return ServingSettings(**given)


class Shop:
    """What a test says of products, lists and customers, in the tables where publish and dbt would write it."""

    def __init__(self, url: str, opened: ExitStack) -> None:
        self.url = url
        self._opened = opened
        self._connection = opened.enter_context(psycopg.connect(url, autocommit=True))
        self.run(MARTS)

    def run(self, statement: str, **values: Any) -> None:
        self._connection.execute(statement.encode(), values or None)

    def api(self, key: str | None = KEY, **settings: Any) -> TestClient:
        """The API over this shop, open until the test ends."""
        app = create_app(api_settings(**{"database_url": self.url, **settings}))
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        client = TestClient(app, "http://localhost", headers=headers, raise_server_exceptions=False)
        return self._opened.enter_context(client)

    def product(self, product_id: str, n_orders: int = 1, **columns: Any) -> None:
        row = {"product_id": product_id, "n_orders": n_orders, "is_product": True, **columns}
        names, places = ", ".join(row), ", ".join(f"%({name})s" for name in row)
        self.run(f"insert into core.products ({names}) values ({places})", **row)

    def publish(self, generation: str = GENERATION, schema: str = CACHE_SCHEMA) -> None:
        """Make a generation live, with whatever lists there are."""
        statement = SQL(
            "insert into {}.generations values (%(generation)s, 'live', 1, 1, 1, 1, %(versions)s, now())"
        ).format(Identifier(schema))
        versions = json.dumps({"users": "arn:of-users", "items": "arn:of-items"})
        self.run(statement.as_string(), generation=generation, versions=versions)

    def list_of(
        self, subject: Subject, key: str, *products: tuple[str, float], age: timedelta = timedelta(minutes=5),
        schema: str = CACHE_SCHEMA, generation: str = GENERATION,
    ) -> None:  # fmt: skip
        """Write one list into the live table."""
        elements = json.dumps([{"product_id": product_id, "score": score} for product_id, score in products])
        statement = SQL("insert into {} values (%(key)s, %(products)s, %(at)s, 'engine', %(generation)s)").format(
            Identifier(schema, LIST_TABLES[subject].name)
        )
        written_at = (datetime.now(UTC) - age).replace(tzinfo=None)
        self.run(statement.as_string(), key=key, products=elements, at=written_at, generation=generation)

    def scored(self, subject: Subject, key: str, *scores: float, **more: Any) -> None:
        """Write one list whose products are p0, p1, …"""
        self.list_of(subject, key, *[(f"p{place}", score) for place, score in enumerate(scores)], **more)

    def region(self, name: str, *user_ids: str, kind: str = "city", **orders: int) -> None:
        """Let there be a region, the users who live there, and how many of its orders hold which product."""
        key = name.upper()
        self.run("insert into core.regions values (%(kind)s, %(key)s, %(name)s, 1, 1)", kind=kind, key=key, name=name)
        for user_id in user_ids:
            self.run(
                "insert into core.region_customers values (%(kind)s, %(key)s, %(user)s, now())",
                kind=kind, key=key, user=user_id,
            )  # fmt: skip
        for product_id, n_orders in orders.items():
            self.ordered(product_id, n_orders, region=(kind, key))

    def ordered(
        self, product_id: str, n_orders: int, *, recently: int = 0, earlier: int = 0,
        region: tuple[str, str] = ("all", "ALL"),
    ) -> None:  # fmt: skip
        """Let so many orders of a region, or of the whole shop, hold a product."""
        row = (*region, product_id, n_orders, recently, earlier)
        with psycopg.connect(self.url) as connection:
            connection.execute("insert into core.popular_products values (%s, %s, %s, %s, %s, %s)", row)

    def purchased(self, user_id: str, *item_ids: str) -> None:
        for item_id in item_ids:
            self.run(
                "insert into personalize.interactions values (%(user)s, %(item)s, 'purchase', 1, 1)",
                user=user_id, item=item_id,
            )  # fmt: skip

    def bought_together(self, product_id: str, **scores: float) -> None:
        for other, score in scores.items():
            self.run(
                "insert into core.products_bought_together values (%(product)s, %(other)s, 2, %(score)s)",
                product=product_id, other=other, score=score,
            )  # fmt: skip

    def groups(self, *names: str) -> None:
        """Let there be these dataset groups in their order; the first one has schema `cache`."""
        self.run("delete from cache.groups")
        for place, name in enumerate(names):
            schema = CACHE_SCHEMA if place == 0 else f"cache_{name}"
            with psycopg.connect(self.url) as connection:
                create_cache(connection, schema)
                row = SQL("insert into cache.groups values ({}, {}, {})").format(*map(Literal, (name, schema, place)))
                connection.execute(row)

    def did(
        self, user_id: str, event_type: str, item_id: str, *, weight: float | None = None,
        ago: timedelta = timedelta(minutes=1), platform: str | None = None,
    ) -> None:  # fmt: skip
        """Let a user have done something to an item."""
        self.run(
            "insert into serving.interactions (event_id, source, user_id, session_id, weights_version, occurred_at,"
            " event_type, item_id, weight, platform) values (gen_random_uuid()::text, 'api', %(user)s, 's', '1',"
            " %(at)s, %(event_type)s, %(item)s, %(weight)s, %(platform)s)",
            user=user_id, at=datetime.now(UTC) - ago, event_type=event_type, item=item_id, weight=weight,
            platform=platform,
        )  # fmt: skip
