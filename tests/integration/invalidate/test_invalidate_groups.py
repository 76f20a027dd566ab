"""Of two groups, the lists of one go, or those of both."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from aisle.cache.schema import prepare
from aisle.contracts.identity import user_hash

pytestmark = pytest.mark.usefixtures("aws_connection")


@pytest.fixture
def two_caches(warehouse_url: str, shops: Any) -> str:
    """URL of a warehouse where both groups have a list for the users u1 and u2."""
    prepare(shops[1], warehouse_url)
    with psycopg.connect(warehouse_url) as connection:
        for group in shops:
            connection.execute(
                f"insert into {group.cache_schema}.offline_user_recommendations "
                "select 'u' || n, '[]', now(), 'rank', 'g1' from generate_series(1, 2) as n"
            )
    return warehouse_url


def left(url: str) -> tuple[list[str], list[str]]:
    with psycopg.connect(url) as connection:
        return tuple(
            [user for (user,) in connection.execute(f"select user_id from {schema}.offline_user_recommendations")]
            for schema in ("cache", "cache_shop_north")
        )


def test_the_lists_of_one_group_are_dropped_and_the_audit_names_it(run_dag: Any, two_caches: str) -> None:
    run_dag(
        "invalidate", "one", dataset_group="Shop-North", what="user", user_hash=user_hash("u1"), reason="moved away"
    )
    assert left(two_caches) == (["u1", "u2"], ["u2"])
    with psycopg.connect(two_caches) as connection:
        audit = connection.execute("select subject, after from ops.interventions").fetchall()
    assert audit == [(f"Shop-North/user {user_hash('u1')}", "1 lists removed")]


def test_without_a_group_the_lists_of_every_group_are_invalidated(run_dag: Any, two_caches: str) -> None:
    run_dag("invalidate", "every", what="user", user_hash=user_hash("u1"), reason="asked by support")
    assert left(two_caches) == (["u2"], ["u2"])


def test_a_group_that_was_never_published_stops_nothing(run_dag: Any, warehouse_url: str, shops: Any) -> None:
    assert run_dag("invalidate", "early", what="all", key=None, reason="a trial") == {"remove_lists": "success"}
