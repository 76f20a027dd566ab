"""Serving reads as a role of its own: the lists and which products there are, and nothing about a person."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.sql import Identifier

from aisle.warehouse import READER, admit_reader, connect, create_cache, sql
from services.serving.health.repository import live_generation
from tests.integration.serving.conftest import opened

PASSWORD = "of the reader"
INSERT_LISTS = """
insert into {}.offline_user_recommendations
values ('user', '[{{"product_id": "P1", "score": 1.0}}]', now(), 'score', 'g1')
"""


@pytest.fixture
def reader_url(warehouse_url: str) -> Iterator[str]:
    admit_reader(warehouse_url, PASSWORD)
    server = psycopg.conninfo.conninfo_to_dict(warehouse_url)
    yield psycopg.conninfo.make_conninfo(**{**server, "user": READER, "password": PASSWORD})
    with connect(warehouse_url) as connection:
        connection.execute(f"drop owned by {READER}".encode())


def _write_list(connection: psycopg.Connection, schema: str) -> None:
    connection.execute(psycopg.sql.SQL(INSERT_LISTS).format(Identifier(schema)))


def test_lists_are_found_by_the_reader(warehouse_url: str, reader_url: str) -> None:
    with connect(warehouse_url) as connection:
        _write_list(connection, "cache")

    async def look() -> str:
        async with opened(reader_url, pool_size=1) as serving:
            kept = await serving.repository.list_of("users", "user")
            assert await live_generation(serving.groups) is None
        assert kept is not None
        return kept.generation

    assert asyncio.run(look()) == "g1"


@pytest.mark.parametrize(
    "table",
    ["identity.customers", "identity.erasure_requests", "raw.company__orders", "events.outbox", "ops.receipts"],
)
def test_nothing_about_a_person_is_shown_to_the_reader(reader_url: str, table: str) -> None:
    with connect(reader_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"select * from {table}".encode())


@pytest.mark.parametrize(
    "statement",
    [
        "delete from cache.offline_user_recommendations",
        "update cache.groups set place = 0",
        "create table cache.planted (n integer)",
        "create table public.planted (n integer)",
        "drop table cache.generations",
    ],
)
def test_nothing_is_changed_by_the_reader_even_where_it_lifts_its_own_default(reader_url: str, statement: str) -> None:
    with psycopg.connect(reader_url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute(statement.encode())
        connection.execute("set default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_lists_of_a_group_that_is_published_later_are_shown_too(warehouse_url: str, reader_url: str) -> None:
    with connect(warehouse_url) as connection:
        create_cache(connection, "cache_wholesale")
        connection.execute(sql("cache/schemas/share_with_readers").encode(), {"schema": "cache_wholesale"})
        _write_list(connection, "cache_wholesale")
    with connect(reader_url) as connection:
        shown = connection.execute("select user_id from cache_wholesale.offline_user_recommendations").fetchall()
    assert shown == [("user",)]


def test_an_existing_warehouse_is_opened_to_the_reader(warehouse_url: str) -> None:
    """Groups that were published, and products that were built, before there was such a role."""
    with connect(warehouse_url) as connection:
        create_cache(connection, "cache_wholesale")
        connection.execute("create schema core")
        connection.execute("create table core.products (product_id text, is_product boolean, n_orders bigint)")
    admit_reader(warehouse_url, "the first")
    admit_reader(warehouse_url, PASSWORD)
    server = psycopg.conninfo.conninfo_to_dict(warehouse_url)
    with connect(psycopg.conninfo.make_conninfo(**{**server, "user": READER, "password": PASSWORD})) as connection:
        for table in ("cache_wholesale.popular_products", "core.products"):
            assert connection.execute(f"select count(*) from {table}".encode()).fetchone() == (0,)
