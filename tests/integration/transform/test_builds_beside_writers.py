"""Orders are edited, people merged and erased while a build runs: it ends well, and the next one has everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.stages.transform import extent, project
from aisle.warehouse import sql
from tests.integration.transform.conftest import Company
from tests.integration.transform.recomputed import differences_from_a_recomputation

MUG, CUP = {"product_id": "MUG"}, {"product_id": "CUP"}
ITEMS, PURCHASES = "intermediate.int_order_items__classified", "intermediate.int_purchases__by_order"

_EDIT = """
create function public.edit_meanwhile() returns trigger language plpgsql as $$
begin
    {statement};
    return null;
end
$$;
create trigger edit_meanwhile after insert on {table} for each statement execute function public.edit_meanwhile()
"""


@contextmanager
def _edited_when_written(company: Company, table: str, statement: str) -> Iterator[None]:
    """Run a statement as soon as a build has written `table`, which all of its further models see."""
    with psycopg.connect(company.url, autocommit=True) as connection:
        connection.execute(_EDIT.format(table=table, statement=statement).encode())
        yield
        connection.execute(b"drop function public.edit_meanwhile cascade")


@pytest.fixture
def settled(company: Company, monkeypatch: pytest.MonkeyPatch) -> Company:
    """Orders of three people, of which the last build has seen all; every further build is an incremental one."""
    monkeypatch.setattr(extent, "LARGEST_SHARE", 2)
    for number, user_id in enumerate(["ann", "ann", "ben", "cid", None]):
        company.ordered(str(number), MUG, CUP, user_id=user_id, city="Lahore")
    company.build()
    return company


@pytest.mark.timeout(600)
@pytest.mark.parametrize("table", [ITEMS, PURCHASES])
@pytest.mark.parametrize(
    "edit",
    [
        "update raw.company__orders set user_id = 'new' where order_id = 'edited'",
        "update raw.company__orders set user_id = 'ben' where order_id = 'edited'",
        "update raw.company__orders set user_id = null where order_id = 'edited'",
        "update raw.company__orders set user_id = 'ann' where user_id = 'ben'",
    ],
)
def test_an_order_that_becomes_anothers_while_a_build_runs_is_theirs_in_the_next(
    settled: Company, edit: str, table: str
) -> None:
    settled.ordered("edited", MUG, user_id="eve", city="Multan")
    settled.ordered("bens", CUP, user_id="ben")
    with _edited_when_written(settled, table, edit):
        settled.build()
    assert settled.build().extent.is_full is False
    assert differences_from_a_recomputation(settled.url) == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "edit",
    [
        "update raw.company__orders set status = 'cancelled' where order_id = 'edited'",
        "update raw.company__orders set ordered_at = '2024-05-01', city = 'Quetta' where order_id = 'edited'",
        "delete from raw.company__orders where order_id = 'edited'",
        "update raw.company__order_items set product_id = 'PAN', product_key = 'PAN' where order_id = 'edited'",
    ],
)
def test_an_order_that_changes_again_while_a_build_runs_is_right_in_the_next(settled: Company, edit: str) -> None:
    settled.ordered("edited", MUG, user_id="eve", city="Multan")
    with _edited_when_written(settled, ITEMS, edit):
        settled.build()
    assert settled.build().extent.is_full is False
    assert differences_from_a_recomputation(settled.url) == []


@pytest.mark.timeout(600)
def test_a_person_who_is_erased_while_a_build_runs_is_in_no_table_behind_the_next(settled: Company) -> None:
    settled.ordered("last", MUG, user_id="ann")
    forget = "perform identity.forget(array['ann'])"
    with _edited_when_written(settled, ITEMS, forget):
        settled.build()
    build = settled.build()
    assert (build.extent.is_full, build.extent.reason) == (True, "a person was erased")
    with psycopg.connect(settled.url) as connection:
        assert connection.execute(sql("identity/personal_data/forget").encode(), {"user_ids": ["ann"]}).fetchall() == []
    assert differences_from_a_recomputation(settled.url) == []


#: Tables with people, in which a build may write what it has read before an erasure was committed.
WITH_PEOPLE = (
    "intermediate.int_orders__read",
    ITEMS,
    PURCHASES,
    "intermediate.int_changes__customers",
    "core.customers",
    "core.orders",
    "core.region_customers",
    "personalize.interactions",
    "personalize.users",
)


@contextmanager
def _erased_before_it_is_written(monkeypatch: pytest.MonkeyPatch, user_id: str) -> Iterator[None]:
    """Erase a person between what a build reads and what it writes: all of its tables have the person."""
    build = project._dbt

    def build_what_was_read(*command: str, warehouse: str, run_folder: Path) -> list[Any]:
        results = build(*command, warehouse=warehouse, run_folder=run_folder)
        with psycopg.connect(warehouse) as connection:
            for number, table in enumerate(WITH_PEOPLE):
                connection.execute(f"create temp table read_{number} as table {table}".encode())
            erased = {"request_id": None, "user_ids": [user_id]}
            psycopg.ClientCursor(connection).execute(sql("identity/erasure_requests/add_erasures").encode(), erased)
            connection.execute(sql("identity/personal_data/forget").encode(), erased)
            for number, table in enumerate(WITH_PEOPLE):
                connection.execute(f"delete from {table}".encode())
                connection.execute(f"insert into {table} table read_{number}".encode())
        return results

    with monkeypatch.context() as patched:
        patched.setattr(project, "_dbt", build_what_was_read)
        yield


@pytest.mark.timeout(600)
def test_nothing_that_a_build_leaves_tells_of_a_person_who_was_erased_while_it_ran(
    settled: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled.ordered("last", MUG, user_id="ann", city="Multan")
    with _erased_before_it_is_written(monkeypatch, "ann"):
        settled.build()
    known = settled.rows("select distinct user_id from identity.users_of_marts() as known order by user_id")
    assert [row["user_id"] for row in known] == ["ben", "cid"]
    assert settled.rows("select count(*) as n from core.orders where order_id = 'last' and user_id is null") == [
        {"n": 1}
    ], "the order stays"
    build = settled.build()
    assert (build.extent.is_full, build.extent.reason) == (True, "a person was erased")
    assert differences_from_a_recomputation(settled.url) == []


@pytest.mark.timeout(600)
def test_a_person_who_ordered_again_after_an_erasure_stays(settled: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    with _erased_before_it_is_written(monkeypatch, "ann"):
        settled.build()
    settled.ordered("again", MUG, user_id="ann")
    with _erased_before_it_is_written(monkeypatch, "ben"):
        settled.build()
    assert settled.rows("select user_id from personalize.users order by user_id") == [
        {"user_id": "ann"}, {"user_id": "cid"},
    ]  # fmt: skip


def test_a_build_does_not_run_beside_another(company: Company) -> None:
    company.ordered("1", MUG)
    with psycopg.connect(company.url) as other:
        assert other.execute(sql("ops/mart_builds/take_turn").encode()).fetchone() == (True,)
        with pytest.raises(project.TransformBroken, match="another build"):
            company.build()
    assert company.rows("select * from ops.mart_builds") == []
    assert company.build().extent.reason == "there was no build before"
