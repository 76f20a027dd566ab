"""What the repository finds, and what only a database can do: switch, vanish and come back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.batch.records import Record
from aisle.cache.generations import Generation, rollback, switch
from aisle.cache.staging import stage
from aisle.contracts.recommendations import ScoredProduct
from aisle.groups.dataset_group import dataset_groups
from aisle.warehouse import migrate
from services.serving.errors import DatabaseUnreachable, TableMissing
from services.serving.health.repository import live_generation
from services.serving.recommendations.questions import Filters
from services.serving.recommendations.repository import RecommendationsRepository, StoredList
from services.stack.postgres import EmbeddedPostgres
from tests.integration.serving.conftest import opened

FIRST = dataset_groups()[0]
POPULAR = [ScoredProduct("p3", 9.0), ScoredProduct("p1", 4.0), ScoredProduct("p2", 4.0)]
BEST_FIRST = [ScoredProduct("p2", 0.75), ScoredProduct("p1", 0.25)]


#: Before any list of these tests was made; PostgreSQL and the tests have one clock.
STARTED = datetime.now(UTC)


def publish(url: str, generation: str) -> None:
    output = {"recommendedItems": ["p1", "p2"], "scores": [0.25, 0.75]}
    for subject, name, key in (("users", "userId", "u1"), ("items", "itemId", "i1")):
        line = Record("x.out", 1, json.dumps({"input": {name: key}, "output": output}).encode())
        stage([line], subject, generation, "engine", FIRST, url)  # type: ignore[arg-type]
    counts = {"user_lists": 1, "item_lists": 1, "users_asked": 1, "items_asked": 1}
    switch(Generation(generation=generation, solution_versions={}, **counts), FIRST, url)


def create_products(url: str) -> None:
    rows = [
        *[(product.product_id, True, int(product.score)) for product in reversed(POPULAR)],
        ("POST", False, 99),
        ("i1", True, 0),
    ]
    with psycopg.connect(url) as connection:
        connection.execute("create schema core")
        connection.execute("create table core.products (product_id text, is_product boolean, n_orders bigint)")
        connection.cursor().executemany("insert into core.products values (%s, %s, %s)", rows)


@pytest.fixture
def filled(warehouse_url: str) -> str:
    """URL of a warehouse that holds generation g1."""
    publish(warehouse_url, "g1")
    create_products(warehouse_url)
    return warehouse_url


def test_the_repository_finds_the_lists_of_a_user_and_of_an_item(filled: str) -> None:
    async def look() -> tuple[StoredList | None, StoredList | None]:
        async with opened(filled) as serving:
            return await serving.repository.list_of("users", "u1"), await serving.repository.list_of("items", "i1")

    for lists in asyncio.run(look()):
        assert lists is not None
        assert list(lists.products) == BEST_FIRST
        assert (lists.generation, lists.score_kind) == ("g1", "engine")
        assert STARTED <= lists.updated_at <= datetime.now(UTC)


def test_the_repository_knows_what_it_does_not_have(filled: str) -> None:
    async def look() -> tuple[StoredList | None, StoredList | None]:
        async with opened(filled) as serving:
            return await serving.repository.list_of("users", "i1"), await serving.repository.list_of("items", "u1")

    assert asyncio.run(look()) == (None, None)


def test_popular_products_are_those_in_most_orders_and_are_products(filled: str) -> None:
    async def look() -> tuple[Any, ...]:
        async with opened(filled) as serving:
            return (
                await serving.repository.popular(Filters()),
                await serving.repository.popular(Filters(), n_items=2),
            )

    assert asyncio.run(look()) == (POPULAR, POPULAR[:2])


@pytest.mark.parametrize(("asked", "known"), [("I1", ["i1"]), (" i1 ", ["i1"]), ("i1", ["i1"]), ("i", [])])
def test_the_repository_knows_the_spellings_of_an_item(filled: str, asked: str, known: list[str]) -> None:
    async def look() -> list[str]:
        async with opened(filled) as serving:
            return list(await serving.repository.spellings(asked))

    assert asyncio.run(look()) == known


def test_without_marts_there_are_no_spellings(warehouse_url: str) -> None:
    async def look() -> list[str]:
        async with opened(warehouse_url) as serving:
            return list(await serving.repository.spellings("i1"))

    assert asyncio.run(look()) == []


def test_the_repository_names_the_live_generation(filled: str) -> None:
    async def look() -> Any:
        async with opened(filled) as serving:
            return await live_generation(serving.groups)

    live = asyncio.run(look())
    assert (live.generation, live.user_lists, live.item_lists) == ("g1", 1, 1)
    assert live.published_at.tzinfo is not None


def test_prepared_statements_follow_a_switch_and_a_rollback(warehouse_url: str) -> None:
    publish(warehouse_url, "g1")

    async def seen(lists: RecommendationsRepository) -> set[str]:
        stored = [await read for _ in range(8) for read in (lists.list_of("users", "u1"), lists.list_of("items", "i1"))]
        return {part.generation for part in stored if part}

    async def look() -> list[set[str]]:
        async with opened(warehouse_url, pool_size=2) as serving:
            names = [await seen(serving.repository)]
            for generation in ("g2", "g3"):
                await asyncio.to_thread(publish, warehouse_url, generation)
                names.append(await seen(serving.repository))
            await asyncio.to_thread(rollback, FIRST, warehouse_url)
            return [*names, await seen(serving.repository)]

    assert asyncio.run(look()) == [{"g1"}, {"g2"}, {"g3"}, {"g2"}]


def test_requests_in_flight_survive_switches(warehouse_url: str) -> None:
    publish(warehouse_url, "g0")

    async def read(lists: RecommendationsRepository, stopped: asyncio.Event) -> int:
        count = 0
        while not stopped.is_set():
            assert await lists.list_of("users", "u1")
            assert await lists.list_of("items", "i1")
            count += 1
        return count

    async def look() -> list[int]:
        stopped = asyncio.Event()
        async with opened(warehouse_url) as serving, asyncio.TaskGroup() as group:
            readers = [group.create_task(read(serving.repository, stopped)) for _ in range(6)]
            for number in range(1, 6):
                await asyncio.to_thread(publish, warehouse_url, f"g{number}")
            stopped.set()
        return [reader.result() for reader in readers]

    assert min(asyncio.run(look())) > 5


def test_a_warehouse_without_products_is_named(warehouse_url: str) -> None:
    async def look() -> None:
        async with opened(warehouse_url) as serving:
            await serving.repository.popular(Filters())

    with pytest.raises(TableMissing, match="transform"):
        asyncio.run(look())


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server that a test may restart."""
    server = EmbeddedPostgres(tmp_path / "pg")
    server.start()
    yield server
    server.stop()


def test_the_pool_survives_a_restart_of_the_database(own_server: EmbeddedPostgres) -> None:
    url = own_server.url()
    migrate(url)
    publish(url, "g1")

    async def many(lists: RecommendationsRepository) -> list[Any]:
        return await asyncio.gather(*[lists.list_of("users", "u1") for _ in range(8)])

    async def look() -> None:
        async with opened(url) as serving:
            assert all(await many(serving.repository))
            own_server.stop()
            with pytest.raises(DatabaseUnreachable):
                await serving.repository.list_of("users", "u1")
            own_server.start()
            assert all(await many(serving.repository))
            own_server.stop()
            own_server.start()
            assert all(await many(serving.repository))

    asyncio.run(look())
