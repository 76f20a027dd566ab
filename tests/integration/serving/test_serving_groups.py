"""One suite over both back ends: whose list is served, with a group and without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from aisle.cache.schema import prepare
from aisle.contracts.recommendations import ScoredProduct
from services.serving.errors import GroupUnknown
from services.serving.memory_store import MemoryLists, MemoryStore
from services.serving.postgres_store import PostgresStore
from services.serving.store import PopularProducts, Store, StoredList

LISTS = """
insert into {schema}.offline_user_recommendations
select user_id, '[{{"product_id": "p", "score": 1}}]', now(), 'rank', '{generation}'
from unnest('{users}'::text[]) as user_id;
insert into {schema}.offline_similar_items values
('of {generation}', '[{{"product_id": "p", "score": 1}}]', now(), 'rank', '{generation}');
insert into {schema}.generations values ('{generation}', '{state}', 1, 1, 1, 1, '{{}}', now());
"""

#: Most ordered first. The north has an opinion of its own; the first group, with the whole shop, keeps none.
PRODUCTS = """
create schema core;
create table core.products as
select product_id, true as is_product, n_orders
from (values ('mug', 9), ('tea', 4), ('scarf', 1)) as it (product_id, n_orders);
insert into {schema}.popular_products values
('{generation}', 'scarf', 3), ('{generation}', 'tea', 2), ('before', 'mug', 8);
"""
EVERYWHERE, UP_NORTH = ["mug", "tea", "scarf"], ["scarf", "tea"]

Asked = Callable[[Store], Awaitable[Any]]
Ask = Callable[[Asked], Any]


def fill(url: str, schema: str, generation: str, *users: str, state: str = "live") -> None:
    text = LISTS.format(schema=schema, generation=generation, users=f"{{{','.join(users)}}}", state=state)
    with psycopg.connect(url) as connection:
        connection.execute(text.encode())


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(url, pool_size=2, wait_seconds=2)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def remembered() -> AsyncIterator[MemoryStore]:
    def of(generation: str) -> StoredList:
        return StoredList(
            products=[ScoredProduct("p", 1.0)], generation=generation, score_kind="rank", updated_at=datetime.now(UTC)
        )

    first = MemoryLists({"everywhere": of("g"), "at home": of("g")}, {"of g": of("g")})

    def popular(*products: str) -> list[ScoredProduct]:
        return [ScoredProduct(product, 1.0) for product in products]

    theirs = PopularProducts(products=popular(*UP_NORTH), generation="n", counted_at=datetime.now(UTC))
    north = MemoryLists({"everywhere": of("n"), "up north": of("n")}, {"of n": of("n")}, theirs)
    yield MemoryStore({"aisle": first, "Shop-North": north}, popular(*EVERYWHERE))


@pytest.fixture
def two_caches(warehouse_url: str, shops: Any) -> str:
    """URL of a warehouse where both groups have published."""
    prepare(shops[1], warehouse_url)
    fill(warehouse_url, "cache", "g", "everywhere", "at home")
    fill(warehouse_url, "cache_shop_north", "n", "everywhere", "up north")
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(PRODUCTS.format(schema="cache_shop_north", generation="n").encode())
    return warehouse_url


@pytest.fixture(params=["memory", "postgres"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Ask a store in which both groups have lists."""
    if request.param == "memory":
        open_store: Any = remembered
    else:
        url = request.getfixturevalue("two_caches")

        def open_store() -> Any:
            return opened(url)

    async def asked(question: Asked) -> Any:
        async with open_store() as store:
            return await question(store)

    return lambda question: asyncio.run(asked(question))


def generation_of(found: StoredList | None) -> str | None:
    return found.generation if found else None


@pytest.mark.parametrize(
    ("user", "group", "generation"),
    [
        ("up north", None, "n"),
        ("at home", None, "g"),
        ("everywhere", None, "g"),
        ("everywhere", "aisle", "g"),
        ("everywhere", "Shop-North", "n"),
        ("at home", "Shop-North", None),
        ("nobody", None, None),
    ],
)
def test_without_a_group_the_first_that_has_a_list_answers_and_with_one_only_that(
    ask: Ask, user: str, group: str | None, generation: str | None
) -> None:
    assert generation_of(ask(lambda store: store.recommendations(user, group))) == generation


def test_similar_items_are_found_in_every_group_and_in_the_named_one_only(ask: Ask) -> None:
    assert generation_of(ask(lambda store: store.similar("of n"))) == "n"
    assert ask(lambda store: store.similar("of n", "aisle")) is None


def test_an_unknown_group_is_refused_with_the_names_of_those_that_are_there(ask: Ask) -> None:
    with pytest.raises(GroupUnknown, match="'nowhere'; there are for aisle, Shop-North"):
        ask(lambda store: store.recommendations("at home", "nowhere"))


@pytest.mark.parametrize(
    ("group", "products", "generation"),
    [(None, EVERYWHERE, None), ("aisle", EVERYWHERE, None), ("Shop-North", UP_NORTH, "n")],
)
def test_popular_products_are_those_of_the_named_group_or_of_the_whole_shop(
    ask: Ask, group: str | None, products: list[str], generation: str | None
) -> None:
    found = ask(lambda store: store.popular(9, group))
    assert [product.product_id for product in found.products] == products
    assert (found.generation, found.counted_at is not None) == (generation, generation is not None)
    assert len(ask(lambda store: store.popular(1, group)).products) == 1


def test_popular_products_of_an_unknown_group_are_refused(ask: Ask) -> None:
    with pytest.raises(GroupUnknown, match="'nowhere'"):
        ask(lambda store: store.popular(9, "nowhere"))


@pytest.mark.parametrize(
    "missing",
    [
        "drop table cache_shop_north.popular_products",  # published before groups kept any
        "delete from cache_shop_north.popular_products where generation = 'n'",
        "delete from cache_shop_north.generations",
    ],
)
def test_a_group_without_popular_products_shows_those_of_the_whole_shop(two_caches: str, missing: str) -> None:
    with psycopg.connect(two_caches) as connection:
        connection.execute(missing.encode())

    async def look() -> PopularProducts:
        async with opened(two_caches) as store:
            return await store.popular(9, "Shop-North")

    found = asyncio.run(look())
    assert [product.product_id for product in found.products] == EVERYWHERE
    assert found.generation is None


def test_a_group_that_is_published_while_serving_runs_is_found_by_name_at_once(warehouse_url: str, shops: Any) -> None:
    fill(warehouse_url, "cache", "g", "at home")

    async def look() -> list[str | None]:
        async with opened(warehouse_url) as store:
            before = await store.recommendations("at home")
            prepare(shops[1], warehouse_url)
            fill(warehouse_url, "cache_shop_north", "n", "up north")
            named = await store.recommendations("up north", "Shop-North")
            return [generation_of(found) for found in (before, named, await store.recommendations("up north"))]

    assert asyncio.run(look()) == ["g", "n", "n"]


def test_ready_tells_the_generation_of_the_first_group_that_has_one(warehouse_url: str, shops: Any) -> None:
    async def live() -> Any:
        async with opened(warehouse_url) as store:
            return await store.live_generation()

    prepare(shops[1], warehouse_url)
    fill(warehouse_url, "cache_shop_north", "n", "up north")
    assert asyncio.run(live()).generation == "n"
    fill(warehouse_url, "cache", "g", "at home")
    assert asyncio.run(live()).generation == "g"


def test_a_look_up_in_all_groups_is_one_statement(two_caches: str, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    whole = PostgresStore._fetch_once

    async def counting(self: PostgresStore, statement: str, parameters: Any) -> Any:
        statements.append(statement)
        return await whole(self, statement, parameters)

    monkeypatch.setattr(PostgresStore, "_fetch_once", counting)

    async def look() -> None:
        async with opened(two_caches) as store:
            for _ in range(3):
                assert await store.recommendations("up north")

    asyncio.run(look())
    assert len([text for text in statements if "offline_user_recommendations" in text]) == 3
    assert len([text for text in statements if "from cache.groups" in text]) == 1
