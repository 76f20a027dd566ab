"""Whose list is served, with a group and without."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest

from aisle.cache.schema import prepare
from services.serving.database import Database
from services.serving.errors import GroupUnknown
from services.serving.health.repository import live_generation
from services.serving.recommendations.questions import Filters
from services.serving.recommendations.repository import PopularProducts, RecommendationsRepository, StoredList
from tests.integration.serving.conftest import opened

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

Asked = Callable[[RecommendationsRepository], Awaitable[Any]]
Ask = Callable[[Asked], Any]


def fill(url: str, schema: str, generation: str, *users: str, state: str = "live") -> None:
    text = LISTS.format(schema=schema, generation=generation, users=f"{{{','.join(users)}}}", state=state)
    with psycopg.connect(url) as connection:
        connection.execute(text.encode())


@pytest.fixture
def two_caches(warehouse_url: str, shops: Any) -> str:
    """URL of a warehouse where both groups have published."""
    prepare(shops[1], warehouse_url)
    fill(warehouse_url, "cache", "g", "everywhere", "at home")
    fill(warehouse_url, "cache_shop_north", "n", "everywhere", "up north")
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(PRODUCTS.format(schema="cache_shop_north", generation="n").encode())
    return warehouse_url


@pytest.fixture
def ask(two_caches: str) -> Ask:
    """Ask a repository in which both groups have lists."""

    async def asked(question: Asked) -> Any:
        async with opened(two_caches) as serving:
            return await question(serving.repository)

    return lambda question: asyncio.run(asked(question))


def generation_of(stored: StoredList | None) -> str | None:
    return stored.generation if stored else None


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
    assert generation_of(ask(lambda lists: lists.list_of("users", user, group))) == generation


def test_similar_items_are_found_in_every_group_and_in_the_named_one_only(ask: Ask) -> None:
    assert generation_of(ask(lambda lists: lists.list_of("items", "of n"))) == "n"
    assert ask(lambda lists: lists.list_of("items", "of n", "aisle")) is None


def test_an_unknown_group_is_refused_with_the_names_of_those_that_are_there(ask: Ask) -> None:
    with pytest.raises(GroupUnknown, match=r"'nowhere'.*aisle, Shop-North"):
        ask(lambda lists: lists.list_of("users", "at home", "nowhere"))


def test_popular_products_of_a_group_are_its_own_and_one_with_the_whole_shop_keeps_none(ask: Ask) -> None:
    north = ask(lambda lists: lists.popular_of_group("Shop-North"))
    assert [product.product_id for product in north.products] == UP_NORTH
    assert (north.generation, north.counted_at is not None) == ("n", True)
    assert ask(lambda lists: lists.popular_of_group("aisle")) is None
    everywhere = ask(lambda lists: lists.popular(Filters(), n_items=2))
    assert [product.product_id for product in everywhere] == EVERYWHERE[:2]


def test_popular_products_of_an_unknown_group_are_refused(ask: Ask) -> None:
    with pytest.raises(GroupUnknown, match="'nowhere'"):
        ask(lambda lists: lists.popular_of_group("nowhere"))


@pytest.mark.parametrize(
    "missing",
    [
        "drop table cache_shop_north.popular_products",  # published before groups kept any
        "delete from cache_shop_north.popular_products where generation = 'n'",
        "delete from cache_shop_north.generations",
    ],
)
def test_a_group_without_popular_products_keeps_none(two_caches: str, missing: str) -> None:
    with psycopg.connect(two_caches) as connection:
        connection.execute(missing.encode())

    async def look() -> PopularProducts | None:
        async with opened(two_caches) as serving:
            return await serving.repository.popular_of_group("Shop-North")

    assert asyncio.run(look()) is None


def test_a_group_that_is_published_while_serving_runs_is_found_by_name_at_once(warehouse_url: str, shops: Any) -> None:
    fill(warehouse_url, "cache", "g", "at home")

    async def look() -> list[str | None]:
        async with opened(warehouse_url) as serving:
            before = await serving.repository.list_of("users", "at home")
            prepare(shops[1], warehouse_url)
            fill(warehouse_url, "cache_shop_north", "n", "up north")
            named = await serving.repository.list_of("users", "up north", "Shop-North")
            return [
                generation_of(stored)
                for stored in (before, named, await serving.repository.list_of("users", "up north"))
            ]

    assert asyncio.run(look()) == ["g", "n", "n"]


def test_ready_names_the_generation_of_the_first_group_that_has_one(warehouse_url: str, shops: Any) -> None:
    async def live() -> Any:
        async with opened(warehouse_url) as serving:
            return await live_generation(serving.groups)

    prepare(shops[1], warehouse_url)
    fill(warehouse_url, "cache_shop_north", "n", "up north")
    assert asyncio.run(live()).generation == "n"
    fill(warehouse_url, "cache", "g", "at home")
    assert asyncio.run(live()).generation == "g"


def test_a_look_up_in_all_groups_is_one_statement(two_caches: str, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    whole = Database._fetch_once

    async def counting(self: Database, statement: str, parameters: Any) -> Any:
        statements.append(statement)
        return await whole(self, statement, parameters)

    monkeypatch.setattr(Database, "_fetch_once", counting)

    async def look() -> None:
        async with opened(two_caches) as serving:
            for _ in range(3):
                assert await serving.repository.list_of("users", "up north")

    asyncio.run(look())
    assert len([text for text in statements if "offline_user_recommendations" in text]) == 3
    assert len([text for text in statements if "from cache.groups" in text]) == 1
