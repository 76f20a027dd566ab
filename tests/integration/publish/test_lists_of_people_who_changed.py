"""Batch output is older than what orders and erasures have told since: staged lists are those of people of today."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest

from aisle.batch.records import Record
from aisle.cache.staging import Staged, stage
from aisle.groups.dataset_group import dataset_groups
from aisle.warehouse import sql
from tests.waiting import wait_for

JOINED = """
insert into identity.records (record_id, user_id, first_seen_at, first_source, seen_at)
select contact_hash, 'today', now(), 'pos', now() from unnest('{today,former,former too,till}'::text[]) as contact_hash;
insert into identity.record_contacts (record_id, kind, contact_hash) select record_id, 'email', record_id
from identity.records;
insert into identity.placeholders (contact_hash) values ('till');
"""


def stage_lists(url: str, *users: str) -> Staged:
    """Stage a list of each user, whose only product says so."""
    answer = '{"input": {"userId": "%s"}, "output": {"recommendedItems": ["list of %s"], "scores": [1.0]}}'
    lines = [Record("out", number, (answer % (user, user)).encode()) for number, user in enumerate(users, 1)]
    return stage(lines, "users", "g", "engine", dataset_groups()[0], url)


def staged_lists(url: str) -> dict[str, str]:
    """The product of each staged list, by user."""
    lists = "select user_id, recommendations -> 0 ->> 'product_id' from cache.offline_user_recommendations__next"
    with psycopg.connect(url) as connection:
        return dict(connection.execute(lists.encode()).fetchall())


@pytest.mark.parametrize(
    ("users", "of_today"),
    [
        (["former"], "former"),
        (["former", "today"], "today"),
        (["former too", "former"], "former"),
        (["till", "former too"], "former too"),
    ],
)
def test_a_list_under_a_former_id_is_the_customers_of_today(
    warehouse_url: str, users: list[str], of_today: str
) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(JOINED.encode())
    stage_lists(warehouse_url, *users, "other")
    staged = staged_lists(warehouse_url)
    assert (staged["today"], staged["other"]) == (f"list of {of_today}", "list of other")
    assert len(staged) == len(users) + 1


def _is_waiting(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return bool(connection.execute(b"select from pg_locks where not granted").fetchall())


@pytest.mark.parametrize("users", [["gone"], ["gone", "other"], ["other", "gone", "gone"]])
def test_nobody_who_is_erased_while_their_list_is_staged_has_one(warehouse_url: str, users: list[str]) -> None:
    erased = {"request_id": None, "user_ids": ["gone"]}
    with ThreadPoolExecutor(1) as threads:
        with psycopg.connect(warehouse_url, cursor_factory=psycopg.ClientCursor) as erasure:
            erasure.execute(sql("identity/erasure_requests/add_erasures").encode(), erased)
            erasure.execute(sql("identity/personal_data/forget").encode(), erased)
            staging: Future[Staged] = threads.submit(stage_lists, warehouse_url, *users)
            wait_for(lambda: staging.done() or _is_waiting(warehouse_url), "lists that are staged, or wait")
        staging.result()
    assert "gone" not in staged_lists(warehouse_url)
