"""The popular products of a group that has a part of the shop: counted with its generation, live as long as that is."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.batch.records import Record
from aisle.cache import popular
from aisle.cache.generations import Generation, NothingStaged, generation_in_state, rollback, switch
from aisle.cache.schema import cache_sql, prepare
from aisle.cache.staging import stage
from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.settings import get_settings
from aisle.warehouse import migrate
from tests.waiting import wait_for_blocked_session

FILE = """
groups:
  - name: aisle
    datasets: {interactions: {}}
    solutions: {for-you: {recipe: aws-user-personalization}}
  - name: tea
    where: {items: {category: [tea]}}
    datasets: {interactions: {}}
    solutions: {for-you: {recipe: aws-user-personalization}}
"""
MARTS = """
create schema core;
create schema personalize;
create table personalize.items as
select * from (values ('assam', 'tea'), ('ceylon', 'tea'), ('dust', 'tea'), ('mug', 'cups')) as it (item_id, category);
create table core.products as select item_id as product_id, true as is_product, 1 as n_orders from personalize.items;
create table personalize.interactions (user_id text, item_id text, event_type text);
"""
#: Two orders with mugs, two with Ceylon, two with Assam, and a click.
BOUGHT = ("mug", "mug", "ceylon", "ceylon", "assam", "assam")


@pytest.fixture
def tea(tmp_path: Path, warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatasetGroup]:
    """The second of two groups, which has a part of the shop."""
    file = tmp_path / "resources.yaml"
    file.write_text(FILE)
    monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(file))
    get_settings.cache_clear()
    prepare(dataset_groups()[1], warehouse_url)
    yield dataset_groups()[1]
    get_settings.cache_clear()


@pytest.fixture
def shop(warehouse_url: str) -> str:
    """URL of a warehouse where something was bought."""
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(MARTS.encode())
    buy(warehouse_url, *BOUGHT)
    buy(warehouse_url, "dust", event_type="click")
    return warehouse_url


def buy(url: str, *items: str, event_type: str = "purchase") -> None:
    with psycopg.connect(url) as connection:
        rows = [(item, event_type) for item in items]
        connection.cursor().executemany("insert into personalize.interactions values ('u', %s, %s)", rows)


def new(generation: str) -> Generation:
    counts = {"user_lists": 1, "item_lists": 0, "users_asked": 1, "items_asked": 0}
    return Generation(generation=generation, solution_versions={}, subjects=("users",), **counts)


def publish(url: str, group: DatasetGroup, generation: str) -> None:
    line = json.dumps({"input": {"userId": "u"}, "output": {"recommendedItems": ["p1"]}}).encode()
    stage([Record("x.out", 1, line)], "users", generation, "engine", group, url)
    assert switch(new(generation), group, url)


def shown(url: str, group: DatasetGroup) -> list[tuple[Any, ...]]:
    """What serving reads: product, orders, generation."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(cache_sql("cache/popular_products/look_up", group), {"n_items": 9}).fetchall()
    return [row[:3] for row in rows]


def kept(url: str, group: DatasetGroup) -> set[str]:
    """The generations whose popular products are there."""
    with psycopg.connect(url) as connection:
        generations = connection.execute(f"select generation from {group.cache_schema}.popular_products".encode())
        return {generation for (generation,) in generations}


def test_the_purchases_of_the_groups_own_items_are_counted_and_ties_go_by_product(
    shop: str, tea: DatasetGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    buy(shop, "dust")
    publish(shop, tea, "g1")
    assert shown(shop, tea) == [("assam", 2.0, "g1"), ("ceylon", 2.0, "g1"), ("dust", 1.0, "g1")]
    monkeypatch.setattr(popular, "LONGEST_ANSWER", 1)
    publish(shop, tea, "g2")
    assert shown(shop, tea) == [("assam", 2.0, "g2")]


def test_a_group_that_has_the_whole_shop_keeps_none(shop: str, tea: DatasetGroup) -> None:
    publish(shop, dataset_groups()[0], "g1")
    assert kept(shop, dataset_groups()[0]) == set()


def test_they_change_with_the_lists_and_come_back_with_them(shop: str, tea: DatasetGroup) -> None:
    publish(shop, tea, "g1")
    buy(shop, "ceylon")
    assert shown(shop, tea)[0] == ("assam", 2.0, "g1")
    publish(shop, tea, "g2")
    assert shown(shop, tea)[0] == ("ceylon", 3.0, "g2")
    assert rollback(tea, shop) == "g1"
    assert shown(shop, tea)[0] == ("assam", 2.0, "g1")
    publish(shop, tea, "g3")
    assert shown(shop, tea)[0] == ("ceylon", 3.0, "g3")
    assert kept(shop, tea) == {"g1", "g3"}  # what the rollback left can come back no more


def test_a_generation_that_is_published_again_is_counted_again_and_a_switch_that_was_done_is_not(
    shop: str, tea: DatasetGroup
) -> None:
    publish(shop, tea, "g1")
    buy(shop, "ceylon")
    assert not switch(new("g1"), tea, shop)
    assert shown(shop, tea)[0] == ("assam", 2.0, "g1")
    publish(shop, tea, "g1")
    assert shown(shop, tea)[0] == ("ceylon", 3.0, "g1")


def test_a_switch_that_fails_leaves_nothing(shop: str, tea: DatasetGroup) -> None:
    publish(shop, tea, "g1")
    with pytest.raises(NothingStaged):
        switch(new("g2"), tea, shop)
    assert kept(shop, tea) == {"g1"}


def test_what_is_no_product_any_more_is_left_out_at_once(shop: str, tea: DatasetGroup) -> None:
    publish(shop, tea, "g1")
    with psycopg.connect(shop) as connection:
        connection.execute("update core.products set is_product = false where product_id = 'assam'")
    assert shown(shop, tea) == [("ceylon", 2.0, "g1")]


def test_lists_are_published_without_marts_and_the_log_says_what_is_missing(
    warehouse_url: str, tea: DatasetGroup, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="aisle.cache.popular"):
        publish(warehouse_url, tea, "g1")
    assert generation_in_state("live", tea, warehouse_url) == "g1"
    assert 'relation "personalize.interactions" does not exist' in caplog.text
    assert "then publish-tea again" in caplog.text


def test_readers_do_not_wait_while_they_are_counted(shop: str, tea: DatasetGroup) -> None:
    publish(shop, tea, "g1")
    lists = f"select generation from {tea.cache_schema}.offline_user_recommendations"
    with ThreadPoolExecutor(1) as other, psycopg.connect(shop) as mart:
        mart.execute("lock table personalize.interactions")
        switching = other.submit(publish, shop, tea, "g2")
        wait_for_blocked_session(shop)  # the count, for its mart
        with psycopg.connect(shop, options="-c statement_timeout=300") as reader:
            assert reader.execute(lists.encode()).fetchall() == [("g1",)]
        mart.rollback()
        switching.result()
    assert shown(shop, tea)[0] == ("assam", 2.0, "g2")


def test_a_session_older_than_the_table_reads_it_too(shop: str, tea: DatasetGroup) -> None:
    look_up = cache_sql("cache/popular_products/look_up", tea)
    with psycopg.connect(shop, autocommit=True) as connection:
        for schema in ("cache", tea.cache_schema):
            connection.execute(f"drop table {schema}.popular_products".encode())
        connection.execute("create role old_reader")
        try:
            connection.execute("grant usage on schema cache, core to old_reader")
            connection.execute("grant select on all tables in schema cache, core to old_reader")
            migrate(shop)
            prepare(tea, shop)
            publish(shop, tea, "g1")
            connection.execute("set role old_reader")
            assert len(connection.execute(look_up, {"n_items": 9}).fetchall()) == 2
            assert connection.execute("select from cache.popular_products").fetchall() == []
        finally:
            connection.execute("reset role")
            connection.execute("drop owned by old_reader")
            connection.execute("drop role old_reader")
