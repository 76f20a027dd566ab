"""Marts that have not changed are validated once, whichever run asks; any change has them validated again."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from aisle.errors import GateStopped
from aisle.quality.gate import BoundaryResult, check_boundary

CHANGES = {
    "a row inserted": "insert into personalize.users values (md5('new'), null, null, null)",
    "a row updated": "update personalize.items set price = price + 1 where item_id = 'P1'",
    "a row deleted": "delete from personalize.users where user_id = md5('1')",
    "a table built anew": (
        "create table personalize.new as select * from personalize.items; drop table personalize.items; "
        "alter table personalize.new rename to items"
    ),
    "a column renamed": "alter table core.customers rename column place_seems_to_hold to place",
    "a product held back": "insert into core.held_back_items values ('GONE', 'category', 'an e-mail address', 'x')",
    "a build": "insert into ops.mart_builds (definition, is_full, reason) values ('x', true, 'x')",
}


def checked(url: str, run_key: str, site: Path) -> BoundaryResult:
    return check_boundary("marts", url, run_key, site)


def change(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def suites_stored(url: str, run_key: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select distinct suite from ops.quality_results where run_key = %s", [run_key])
        return {suite for (suite,) in rows}


def test_unchanged_marts_are_validated_once_and_every_run_counts_its_volumes(good_world: str, tmp_path: Path) -> None:
    change(good_world, "update personalize.users set location = null")
    first = checked(good_world, "transform", tmp_path)
    second = checked(good_world, "export", tmp_path)
    assert (first.validated_in, second.validated_in) == (None, "transform")
    assert {check.check: check.has_passed for check in second.checks} == {
        check.check: check.has_passed for check in first.checks
    }
    assert [check.check for check in second.failed("note")] == ["users_have_locations"]
    assert second.failed("note")[0].observed == first.failed("note")[0].observed
    assert suites_stored(good_world, "export") == {"marts_volumes", "marts_volumes_notes"}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_has_the_marts_validated_again(good_world: str, tmp_path: Path, what: str) -> None:
    checked(good_world, "transform", tmp_path)
    change(good_world, CHANGES[what])
    assert checked(good_world, "export", tmp_path).validated_in is None
    assert "marts_items" in suites_stored(good_world, "export")


def test_marts_that_stopped_a_run_stop_the_next(good_world: str, tmp_path: Path) -> None:
    change(good_world, "update personalize.users set age = 999 where user_id = md5('1')")
    for run_key in ("transform", "export"):
        with pytest.raises(GateStopped, match="age_is_possible"):
            checked(good_world, run_key, tmp_path)


def test_results_that_were_deleted_do_not_hold(good_world: str, tmp_path: Path) -> None:
    checked(good_world, "transform", tmp_path)
    change(good_world, "delete from ops.quality_results where check_id = 'items_exist'")
    assert checked(good_world, "export", tmp_path).validated_in is None


def test_marts_of_which_one_is_a_view_are_always_validated(good_world: str, tmp_path: Path) -> None:
    change(
        good_world,
        "alter table core.customers rename to all_customers; "
        "create view core.customers as select * from core.all_customers",
    )
    assert [checked(good_world, run_key, tmp_path).validated_in for run_key in ("one", "two")] == [None, None]
