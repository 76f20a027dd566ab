"""Two groups publish side by side: what becomes of the lists of one leaves those of the other alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import msgspec
import psycopg
import pytest

from aisle.batch.records import Record
from aisle.cache.generations import Generation, generation_in_state, rollback, switch
from aisle.cache.schema import prepare
from aisle.cache.staging import stage
from aisle.errors import ConfigurationError
from aisle.groups.dataset_group import DatasetGroup, dataset_group

NORTH = "cache_shop_north"


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def line(**asked: str) -> Record:
    return Record("x.out", 1, json.dumps({"input": asked, "output": {"recommendedItems": ["p1", "p2"]}}).encode())


def staged_users(url: str, group: DatasetGroup, generation: str) -> Generation:
    """A generation of one user of the group's own, and of no items."""
    stage([line(userId=f"of {group.name}")], "users", generation, "engine", group, url)
    return Generation(
        generation=generation, user_lists=1, item_lists=0, users_asked=1, items_asked=0, solution_versions={},
        subjects=("users",),
    )  # fmt: skip


@pytest.fixture
def published(warehouse_url: str, shops: tuple[DatasetGroup, ...]) -> str:
    """URL of a warehouse where each of two groups has published twice."""
    for group in shops:
        prepare(group, warehouse_url)
        for generation in ("g1", "g2"):
            assert switch(staged_users(warehouse_url, group, generation), group, warehouse_url)
    return warehouse_url


def live(url: str, shops: tuple[DatasetGroup, ...]) -> list[str | None]:
    return [generation_in_state("live", group, url) for group in shops]


def test_each_group_has_a_schema_with_the_same_tables_and_serving_is_notified(published: str) -> None:
    assert rows(published, "select dataset_group, schema_name, place from cache.groups order by place") == [
        ("aisle", "cache", 1),
        ("Shop-North", NORTH, 2),
    ]
    shape = (
        "select table_name::text, column_name::text, data_type::text, is_nullable::text "
        "from information_schema.columns where table_schema = '{}' and table_name <> 'groups' order by 1, 2"
    )
    assert rows(published, shape.format(NORTH)) == rows(published, shape.format("cache"))
    for schema, user in (("cache", "of aisle"), (NORTH, "of Shop-North")):
        assert rows(published, f"select user_id from {schema}.offline_user_recommendations") == [(user,)]


def test_a_rollback_of_one_group_leaves_the_other(published: str, shops: tuple[DatasetGroup, ...]) -> None:
    assert rollback(shops[1], published) == "g1"
    assert live(published, shops) == ["g2", "g1"]


def test_a_group_that_was_never_published_has_nothing_to_go_back_to(
    warehouse_url: str, shops: tuple[DatasetGroup, ...]
) -> None:
    prepare(shops[1], warehouse_url)
    with pytest.raises(ConfigurationError, match=f"in {NORTH}.generations"):
        rollback(shops[1], warehouse_url)


def test_lists_that_a_group_no_longer_needs_are_dropped_with_its_next_generation(
    published: str, shops: tuple[DatasetGroup, ...]
) -> None:
    both = staged_users(published, shops[1], "g3")
    stage([line(itemId="p1")], "items", "g3", "engine", shops[1], published)
    switch(msgspec.structs.replace(both, subjects=("users", "items")), shops[1], published)
    items = f"select product_id from {NORTH}.offline_similar_items"
    assert rows(published, items) == [("p1",)]
    switch(staged_users(published, shops[1], "g4"), shops[1], published)
    assert rows(published, items) == []
    assert rollback(shops[1], published) == "g3"
    assert rows(published, items) == [("p1",)]


def test_a_stage_that_is_killed_leaves_the_other_group_alone(published: str, shops: tuple[DatasetGroup, ...]) -> None:
    program = f"""
import os, signal
from aisle.groups.dataset_group import dataset_groups
from aisle.batch.records import Record
from aisle.cache.staging import stage
def dying():
    yield Record("x.out", 1, b'{{"input": {{"userId": "u"}}, "output": {{"recommendedItems": ["p"]}}}}')
    os.kill(os.getpid(), signal.SIGKILL)
stage(dying(), "users", "g3", "engine", dataset_groups()[1], {published!r})
"""
    new = staged_users(published, shops[0], "g3")
    died = subprocess.run([sys.executable, "-c", program], check=False, env=os.environ)
    assert died.returncode == -signal.SIGKILL
    assert switch(new, shops[0], published)
    assert live(published, shops) == ["g3", "g2"]
    assert switch(staged_users(published, shops[1], "g3"), shops[1], published)
    assert live(published, shops) == ["g3", "g3"]


def test_a_reader_of_the_first_groups_lists_reads_those_of_any_other_through_every_switch(
    warehouse_url: str, shops: tuple[DatasetGroup, ...]
) -> None:
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute("create role shop_reader")
        connection.execute("grant usage on schema cache to shop_reader")
        connection.execute("grant select on all tables in schema cache to shop_reader")
        try:
            for generation in ("g1", "g2"):
                prepare(shops[1], warehouse_url)
                switch(staged_users(warehouse_url, shops[1], generation), shops[1], warehouse_url)
            connection.execute("set role shop_reader")
            generations = connection.execute(f"select generation from {NORTH}.offline_user_recommendations".encode())
            assert generations.fetchall() == [("g2",)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"delete from {NORTH}.offline_user_recommendations".encode())
        finally:
            connection.execute("reset role")
            connection.execute("drop owned by shop_reader")
            connection.execute("drop role shop_reader")


def test_a_group_that_leaves_the_file_is_served_no_more_and_keeps_its_tables(
    published: str, shops: tuple[DatasetGroup, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    from aisle.cache import schema

    monkeypatch.setattr(schema, "dataset_groups", lambda: shops[:1])
    prepare(dataset_group("aisle"), published)
    assert rows(published, "select dataset_group from cache.groups") == [("aisle",)]
    assert rows(published, "select * from cache.schemas()") == [("cache",), (NORTH,)]
