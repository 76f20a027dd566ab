from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import ParamValidationError
from typer.testing import CliRunner

from aisle.contracts.identity import user_hash
from aisle.groups.dataset_group import dataset_groups
from aisle.stages.invalidate.lists import Lists, invalidate
from services.cli import app

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
    ("asked", "left"),
    [
        ({"what": "user", "user_hash": user_hash("u2")}, ["p1", "p2", "u1", "u3"]),
        ({"what": "item", "key": "p1"}, ["p2", "u1", "u2", "u3"]),
        ({"what": "all"}, []),
    ],
)
def test_lists_that_are_asked_for_leave_the_live_cache_and_no_others(
    run_dag: Any, cache_url: str, asked: dict[str, str], left: list[str]
) -> None:
    assert run_dag("invalidate", f"k-{asked['what']}", **asked, reason="wrong price") == {"remove_lists": "success"}
    assert lists(cache_url) == left
    assert rows(cache_url, "select count(*) from cache.offline_user_recommendations__previous") == [(3,)]


@pytest.mark.parametrize(
    ("key", "left"),
    [
        ("MUG-ß", ["cup", "CUP", "p1", "p2"]),
        (" Mug-ß ", ["cup", "CUP", "p1", "p2"]),
        ("P1", ["cup", "CUP", "mug-ß", "p2"]),
        ("cup", ["CUP", "mug-ß", "p1", "p2"]),
        ("CUP", ["cup", "mug-ß", "p1", "p2"]),
        ("Cup", ["cup", "CUP", "mug-ß", "p1", "p2"]),
        ("mug", ["cup", "CUP", "mug-ß", "p1", "p2"]),
    ],
    ids=["capitals", "spaces", "a capital", "as spelt", "as spelt, too", "one of two", "a part"],
)
def test_an_item_is_found_in_any_spelling_that_can_mean_only_one(cache_url: str, key: str, left: list[str]) -> None:
    with psycopg.connect(cache_url) as connection:
        connection.execute(
            "insert into cache.offline_similar_items select id, '[]', now(), 'rank', 'g1'"
            " from unnest(array['mug-ß', 'cup', 'CUP']) as id"
        )
        n_removed = invalidate(connection, Lists("item", key), dataset_groups())
    statement = 'select product_id from cache.offline_similar_items order by lower(product_id), product_id collate "C"'
    assert sorted(row[0] for row in rows(cache_url, statement)) == sorted(left)
    assert n_removed == 5 - len(left)


def test_who_asked_and_why_is_kept_and_a_second_run_removes_nothing_more(run_dag: Any, cache_url: str) -> None:
    for _ in range(2):
        run_dag("invalidate", "again", what="user", user_hash=user_hash("u1"), reason="asked by support")
    audit = "select kind, subject, asked_by, reason, is_done from ops.interventions"
    subject = f"user {user_hash('u1')}"
    assert rows(cache_url, audit) == [("invalidation", subject, "dag_test", "asked by support", True)]
    assert lists(cache_url) == ["p1", "p2", "u2", "u3"]


@pytest.mark.parametrize(
    "params",
    [
        {"what": "user", "reason": "no user"},
        {"what": "user", "key": "p1", "reason": "an item's key"},
        {"what": "item", "user_hash": user_hash("u1"), "reason": "a user's hash"},
        {"what": "item", "key": "p1", "user_hash": user_hash("u1"), "reason": "both"},
        {"what": "all", "key": "p1", "reason": "a key for all"},
        {"what": "user", "user_hash": user_hash("u1"), "reason": " "},
    ],
)
def test_params_that_contradict_each_other_or_give_no_reason_change_nothing(
    run_dag: Any, cache_url: str, params: dict[str, Any]
) -> None:
    assert run_dag("invalidate", "refused", **params) == {"remove_lists": "failed"}
    assert len(lists(cache_url)) == 5
    assert rows(cache_url, "select count(*) from ops.interventions") == [(0,)]


@pytest.mark.parametrize("given", ["0123456789abcdef0123456789abcdef", "u1", "+923001234567", user_hash("u1").upper()])
def test_a_user_id_is_refused_before_airflow_keeps_it(run_dag: Any, cache_url: str, given: str) -> None:
    with pytest.raises(ParamValidationError):
        run_dag("invalidate", "told", what="user", user_hash=given, reason="asked by support")
    with sqlite3.connect(Path(os.environ["AIRFLOW_HOME"]) / "airflow.db") as database:
        assert not any(f'"{given}"' in statement for statement in database.iterdump())


def test_airflow_keeps_no_trace_of_the_user_whose_list_was_taken_out(
    run_dag: Any, cache_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    user_id = "5e1fcafe5e1fcafe5e1fcafe5e1fcafe"
    with psycopg.connect(cache_url) as connection:
        statement = "insert into cache.offline_user_recommendations values (%s, '[]', now(), 'rank', 'g1')"
        connection.execute(statement.encode(), (user_id,))
    printed = CliRunner().invoke(app, ["user-hash"], input=f"{user_id}\n").output.split()[-1]
    run_dag("invalidate", "quiet", what="user", user_hash=printed, reason="asked by support")
    assert user_id not in lists(cache_url)
    said = capfd.readouterr()
    with sqlite3.connect(Path(os.environ["AIRFLOW_HOME"]) / "airflow.db") as database:
        kept = "\n".join(database.iterdump())
    assert printed in kept
    assert user_id not in kept + said.out + said.err
    with psycopg.connect(cache_url) as connection:
        assert connection.execute(b"select identity.user_hash(%s)", (user_id,)).fetchone() == (printed,)
