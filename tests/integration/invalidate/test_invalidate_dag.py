from __future__ import annotations

from typing import Any

import psycopg
import pytest

LISTS = """
insert into cache.offline_user_recommendations
select 'u' || n, '[]', now(), 'rank', 'g1' from generate_series(1, 3) as n;
insert into cache.offline_similar_items
select 'p' || n, '[]', now(), 'rank', 'g1' from generate_series(1, 2) as n;
create table cache.offline_user_recommendations__previous as table cache.offline_user_recommendations;
"""

pytestmark = pytest.mark.usefixtures("aws_connection")


@pytest.fixture
def cache_url(warehouse_url: str) -> str:
    """URL of a warehouse with three user lists and two item lists."""
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(LISTS.encode())
    return warehouse_url


def rows(url: str, query: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def lists(url: str) -> list[str]:
    """Keys of the live lists."""
    query = (
        "select user_id from cache.offline_user_recommendations"
        " union select product_id from cache.offline_similar_items order by 1"
    )
    return [key for (key,) in rows(url, query)]


@pytest.mark.parametrize(
    ("what", "key", "left"),
    [
        ("user", "u2", ["p1", "p2", "u1", "u3"]),
        ("item", "p1", ["p2", "u1", "u2", "u3"]),
        ("all", None, []),
    ],
)
def test_lists_that_are_asked_for_leave_the_live_cache_and_no_others(
    run_dag: Any, cache_url: str, what: str, key: str | None, left: list[str]
) -> None:
    assert run_dag("invalidate", f"k-{what}", what=what, key=key, reason="wrong price") == {"remove_lists": "success"}
    assert lists(cache_url) == left
    assert rows(cache_url, "select count(*) from cache.offline_user_recommendations__previous") == [(3,)]


def test_who_asked_and_why_is_kept_and_a_second_run_removes_nothing_more(run_dag: Any, cache_url: str) -> None:
    for _ in range(2):
        run_dag("invalidate", "again", what="user", key="u1", reason="asked by support")
    audit = "select kind, subject, asked_by, reason, is_done from ops.interventions"
    assert rows(cache_url, audit) == [("invalidation", "user u1", "dag_test", "asked by support", True)]
    assert lists(cache_url) == ["p1", "p2", "u2", "u3"]


@pytest.mark.parametrize(
    "params",
    [
        {"what": "user", "key": None, "reason": "no key"},
        {"what": "all", "key": "u1", "reason": "a key for all"},
        {"what": "user", "key": "u1", "reason": " "},
    ],
)
def test_params_that_contradict_each_other_or_give_no_reason_change_nothing(
    run_dag: Any, cache_url: str, params: dict[str, Any]
) -> None:
    assert run_dag("invalidate", "refused", **params) == {"remove_lists": "failed"}
    assert len(lists(cache_url)) == 5
    assert rows(cache_url, "select count(*) from ops.interventions") == [(0,)]
