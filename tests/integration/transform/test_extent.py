"""A build computes what changed where that is enough, everything otherwise, and says why."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from aisle.stages.transform import extent, project
from aisle.warehouse import sql
from tests.integration.transform.conftest import Company

MUG = {"product_id": "MUG"}
TABLES = ["raw.company__orders"]


def _extent(company: Company, definition: str = "same", *, is_finished: bool = True, **asked: bool) -> tuple[bool, str]:
    """Begin a build, and end it well if `is_finished`; return whether it is full, and why."""
    with psycopg.connect(company.url) as connection:
        begun = extent.begin(connection, definition, **asked)
        if is_finished:
            extent.finish(connection, begun, TABLES)
    return begun.is_full, begun.reason


def _run(company: Company, statement: str, **values: Any) -> None:
    with psycopg.connect(company.url) as connection:
        connection.execute(statement.encode(), values)


@pytest.fixture
def settled(company: Company) -> Company:
    """Ten orders, of which the last build has seen all."""
    for number in range(10):
        company.ordered(str(number), MUG)
    assert _extent(company) == (True, "there was no build before")
    return company


def test_only_what_changed_is_computed_where_that_is_enough(settled: Company) -> None:
    assert _extent(settled) == (False, "0 of 10 orders have changed")
    settled.ordered("new", MUG)
    assert _extent(settled) == (False, "1 of 11 orders have changed")
    assert _extent(settled) == (False, "0 of 11 orders have changed")


@pytest.mark.parametrize(
    "change",
    [
        "update raw.company__orders set status = 'cancelled' where order_id = '3'",
        "update raw.company__orders set user_id = null where order_id = '3'",
        "update raw.company__orders set city = 'Lahore', updated_at = now() where order_id = '3'",
        "update raw.company__order_items set quantity = 7 where order_id = '3'",
        "delete from raw.company__order_items where order_id = '3'",
        "delete from raw.company__orders where order_id = '3'",
    ],
)
def test_every_change_of_an_order_is_noted(settled: Company, change: str) -> None:
    _run(settled, change)
    is_full, reason = _extent(settled)
    assert (is_full, reason.split()[0]) == (False, "1")


@pytest.mark.parametrize(
    "no_change",
    [
        "update raw.company__orders set updated_at = now(), content_hash = 'other', run_key = 'other'",
        "update raw.company__orders set refused_at = now(), refused_reason = 'unknown_status'",
        "update raw.company__orders set doubts = '{came_in_parts}'",
        "update raw.company__orders set status = status, city = city",
        "insert into raw.company__product_spellings values ('CUP', 'CUP')",
    ],
)
def test_what_the_marts_do_not_have_is_no_change(settled: Company, no_change: str) -> None:
    _run(settled, no_change)
    assert _extent(settled) == (False, "0 of 10 orders have changed")


def test_a_product_that_is_spelt_anew_changes_its_orders(settled: Company) -> None:
    settled.ordered("cup", {"product_id": "cup"})
    _extent(settled)
    _run(settled, "delete from raw.company__product_spellings where product_key = 'CUP'")
    assert _extent(settled) == (False, "1 of 11 orders have changed")
    _run(settled, "insert into raw.company__product_spellings values ('CUP', 'Cup')")
    assert _extent(settled) == (False, "1 of 11 orders have changed")
    _run(settled, "update raw.company__product_spellings set product_id = 'CUP' where product_key = 'CUP'")
    assert _extent(settled) == (False, "1 of 11 orders have changed")


def test_everything_is_computed_where_a_part_may_not_be_enough(settled: Company) -> None:
    assert _extent(settled, "other") == (True, "models, seeds or settings have changed")
    assert _extent(settled, "other", is_full=True) == (True, "a full build was asked for")
    for number in range(3):
        settled.ordered(f"more {number}", MUG)
    assert _extent(settled, "other") == (True, "3 of 13 orders have changed"), "more than a fifth"
    assert _extent(settled, "other", is_finished=False) == (False, "0 of 13 orders have changed")
    assert _extent(settled, "other") == (True, "the last build did not end well")
    assert _extent(settled, "other") == (False, "0 of 13 orders have changed")


def test_an_erasure_and_an_emptied_table_make_the_next_build_a_full_one(settled: Company) -> None:
    _run(settled, sql("identity/personal_data/forget"), user_ids=["ann"])
    assert _extent(settled) == (True, "a person was erased")
    _run(settled, "truncate raw.company__order_items")
    assert _extent(settled) == (True, "raw.company__order_items was emptied")
    _run(settled, "truncate raw.company__orders cascade")
    assert _extent(settled)[0]
    assert _extent(settled) == (False, "0 of 0 orders have changed")


def test_a_table_that_is_gone_makes_the_next_build_a_full_one(settled: Company) -> None:
    _run(settled, "drop table raw.company__orders cascade")
    with psycopg.connect(settled.url) as connection:
        assert extent._why_whole(connection, "same") == "raw.company__orders is gone"


def test_changes_that_a_failed_build_had_claimed_stay(settled: Company) -> None:
    settled.ordered("new", MUG)
    _extent(settled, is_finished=False)
    _extent(settled, is_finished=False)
    assert settled.rows("select distinct order_id from raw.company__order_changes") == [{"order_id": "new"}]


@pytest.mark.parametrize(
    ("change", "next_build"),
    [
        ("select identity.forget(array['ann'])", (True, "a person was erased")),
        ("truncate raw.company__order_items", (True, "raw.company__order_items was emptied")),
        ("update raw.company__orders set city = 'Lahore'", (True, "10 of 10 orders have changed")),
        ("delete from raw.company__orders where order_id = '1'", (False, "1 of 9 orders have changed")),
    ],
)
def test_what_is_committed_while_a_build_decides_is_left_to_the_next_one(
    settled: Company, monkeypatch: pytest.MonkeyPatch, change: str, next_build: tuple[bool, str]
) -> None:
    decide = extent._why_whole

    def decide_slowly(connection: psycopg.Connection[Any], definition: str) -> str | None:
        reason = decide(connection, definition)
        _run(settled, change)
        return reason

    with monkeypatch.context() as patched:
        patched.setattr(extent, "_why_whole", decide_slowly)
        assert _extent(settled) == (False, "0 of 10 orders have changed")
    assert _extent(settled) == next_build


@pytest.mark.parametrize(
    "change",
    [
        "update raw.company__order_items set order_id = '2', line_number = 2 where order_id = '1'",
        "update raw.company__order_items set source = 'pos', order_id = 'till' where order_id = '1'",
        "update raw.company__order_items set order_id = '2', line_number = 2, quantity = 7 where order_id = '1'",
    ],
)
def test_an_item_that_moves_changes_the_order_that_it_leaves_and_the_one_that_it_comes_to(
    settled: Company, change: str
) -> None:
    settled.ordered("till", source="pos")
    _extent(settled)
    _run(settled, change)
    assert _extent(settled) == (False, "2 of 11 orders have changed")


def test_a_spelling_that_moves_changes_the_orders_of_both_products(settled: Company) -> None:
    settled.ordered("cup", {"product_id": "cup"})
    settled.ordered("pan", {"product_id": "PAN"})
    _run(settled, "delete from raw.company__product_spellings where product_key = 'PAN'")
    _extent(settled)
    _run(settled, "update raw.company__product_spellings set product_key = 'PAN' where product_key = 'CUP'")
    assert _extent(settled) == (False, "2 of 12 orders have changed")


def test_an_order_that_is_committed_while_a_build_runs_is_in_the_next_one(settled: Company) -> None:
    with psycopg.connect(settled.url) as slow:
        slow.execute(b"update raw.company__orders set status = 'pending' where order_id = '1'")
        settled.ordered("fast", MUG)
        assert _extent(settled) == (False, "1 of 11 orders have changed")
    assert _extent(settled) == (False, "1 of 11 orders have changed"), "it began first and was committed last"


def test_a_build_that_fails_is_followed_by_a_full_one(company: Company) -> None:
    company.ordered("1", MUG)
    company.build()
    company.ordered("2", MUG, status="lost")
    with pytest.raises(project.DataTestsFailed):
        company.build()
    _run(company, "update raw.company__orders set status = 'completed'")
    build = company.build()
    assert (build.extent.is_full, build.extent.reason) == (True, "the last build did not end well")
    assert company.rows("select sum(n_orders)::int as n from core.products") == [{"n": 2}]
