"""A boundary is compared with its last good run and with the history of good runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.errors import ConfigurationError, GateStopped
from aisle.quality import volumes
from aisle.quality.gate import BoundaryResult, check_boundary
from aisle.quality.volumes import Accepted
from aisle.settings import get_settings

#: What the export and the recommend stage leave in `ops` of the run `{run}`.
CSV = "insert into ops.exports values ('{dataset}', '{run}', 's3://b/k', {rows}, 1, 'x', now());"
ASKED = """
insert into ops.receipts (run_key, stage, subject, rows_out, seconds)
values ('{run}', 'recommend', '{kind}-input', {rows}, 1);
"""


class Boundary:
    """A boundary of the good world, whose gate is passed run by run."""

    def __init__(self, url: str, site: Path) -> None:
        self.url, self.site = url, site

    def do(self, statement: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    def gate(self, boundary: str, run_key: str) -> BoundaryResult:
        return check_boundary(boundary, self.url, run_key, self.site)

    def stopped(self, boundary: str, run_key: str) -> str:
        with pytest.raises(GateStopped) as stop:
            self.gate(boundary, run_key)
        return str(stop.value)

    def noted(self, boundary: str, run_key: str) -> list[str]:
        return [f"{check.suite}.{check.check}" for check in self.gate(boundary, run_key).failed("note")]

    def export(self, run_key: str, **rows: int) -> None:
        self.do("".join(CSV.format(dataset=dataset, run=run_key, rows=n) for dataset, n in rows.items()))

    def ask(self, run_key: str, **rows: int) -> None:
        self.do("".join(ASKED.format(kind=kind, run=run_key, rows=n) for kind, n in rows.items()))

    def outcomes(self, boundary: str, run_key: str) -> dict[str, str]:
        with psycopg.connect(self.url) as connection:
            query = "select measure, outcome from ops.volumes where boundary = %s and run_key = %s"
            return dict(connection.execute(query, (boundary, run_key)).fetchall())

    def accept(self, boundary: str, run_key: str) -> Any:
        with psycopg.connect(self.url) as connection:
            return volumes.accept(connection, boundary, run_key)


@pytest.fixture
def boundary(good_world: str, tmp_path: Path) -> Boundary:
    return Boundary(good_world, tmp_path)


FALLS = {
    "raw loses orders": (
        "raw",
        "delete from raw.company__orders where source = 'pos' and substr(order_id, 2)::int > 80",
        "raw_volumes.orders_hold",
        "boundary raw, measure orders of pos, now 40, last good 100, in run first, usual 100, stop below 0.5",
    ),
    "raw loses a whole source": (
        "raw",
        "delete from raw.company__orders where source = 'oe'",
        "raw_volumes.users_hold",
        "measure users of oe, now 0, last good 24, in run first",
    ),
    "raw loses order items and keeps their orders": (
        "raw",
        "delete from raw.company__order_items where source = 'oe' and line_number > 1",
        "raw_volumes.order_items_hold",
        "measure order items of oe, now 100, last good 300, in run first",
    ),
    "orders lose their people": (
        "raw",
        "update raw.company__orders set user_id = null where source = 'pos' and user_id > '4'",
        "raw_volumes.users_hold",
        "measure users of pos, now",
    ),
    "the catalogue shrinks": (
        "marts",
        "delete from personalize.items where substr(item_id, 2)::int >= 17",
        "marts_volumes.items_hold",
        "boundary marts, measure items, now 17, last good 40, in run first",
    ),
    "users vanish from the marts": (
        "marts",
        """
        delete from personalize.users
        where user_id > (select user_id from personalize.users order by user_id offset 25 limit 1)
        """,
        "marts_volumes.users_hold",
        "measure users, now 26, last good 60, in run first",
    ),
    "interactions vanish from the marts": (
        "marts",
        "delete from personalize.interactions where timestamp % 86400 > 5",
        "marts_volumes.interactions_hold",
        "measure interactions, now 300, last good 1200, in run first",
    ),
    "lists of users are missing": (
        "batch_output",
        "delete from cache.offline_user_recommendations__next where user_id > '4'",
        "batch_output_volumes.lists_hold",
        "measure lists of users, now",
    ),
    "lists of items are missing": (
        "batch_output",
        "delete from cache.offline_similar_items__next where product_id <> 'P1'",
        "batch_output_volumes.lists_hold",
        "measure lists of items, now 1, last good 40, in run first",
    ),
    "every list shows the same products": (
        "batch_output",
        """
        update cache.offline_user_recommendations__next
        set recommendations = (select recommendations from cache.offline_user_recommendations__next limit 1)
        """,
        "batch_output_volumes.products_hold",
        "measure products in lists of users, now 10, last good 40, in run first",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fall", FALLS)
def test_a_fall_stops_and_says_what_fell_since_when_and_what_to_do(boundary: Boundary, fall: str) -> None:
    boundary_name, deed, check, finding = FALLS[fall]
    boundary.gate(boundary_name, "first")
    boundary.do(deed)
    message = boundary.stopped(boundary_name, "second")
    assert check in message
    assert finding in message
    assert "AISLE_VOLUME__STOP_BELOW" in message
    assert "DAG `accept`" in message


def test_a_csv_of_a_tenth_stops(boundary: Boundary) -> None:
    boundary.export("first", interactions=1200, items=40, users=60)
    boundary.gate("export", "first")
    boundary.export("second", interactions=120, items=40, users=60)
    message = boundary.stopped("export", "second")
    assert "measure rows of interactions, now 120, last good 1200, in run first" in message
    assert boundary.outcomes("export", "second") == {
        "rows of interactions": "stop",
        "rows of items": "passed",
        "rows of users": "passed",
    }


def test_one_user_who_is_asked_for_in_place_of_all_stops(boundary: Boundary) -> None:
    boundary.ask("first", users=120, items=40)
    boundary.gate("batch_input", "first")
    boundary.ask("second", users=1, items=40)
    assert "measure users asked, now 1, last good 120, in run first" in boundary.stopped("batch_input", "second")


def test_a_small_fall_is_noted_and_passes(boundary: Boundary) -> None:
    boundary.gate("marts", "first")
    boundary.do("delete from personalize.users where user_id > 'd'")
    assert "marts_volumes_notes.users_hold" in boundary.noted("marts", "second")
    assert boundary.outcomes("marts", "second")["users"] == "note"


def test_growth_and_the_fall_of_an_erasure_are_no_finding(boundary: Boundary) -> None:
    boundary.ask("first", users=100, items=40)
    boundary.gate("batch_input", "first")
    boundary.ask("second", users=1000, items=40)
    assert boundary.noted("batch_input", "second") == []
    boundary.ask("third", users=997, items=40)
    assert boundary.noted("batch_input", "third") == []


def test_a_slow_decline_is_held_against_the_median_of_the_history(boundary: Boundary) -> None:
    boundary.ask("run-0", users=1000)
    boundary.gate("batch_input", "run-0")
    for run, users in enumerate([1000, 1000, 1000, 800, 640, 512], 1):
        boundary.ask(f"run-{run}", users=users)
        boundary.gate("batch_input", f"run-{run}")
    boundary.ask("run-7", users=410)
    assert "now 410, last good 512, in run run-6, usual 1000" in boundary.stopped("batch_input", "run-7")


def test_a_measure_that_was_small_is_not_compared(boundary: Boundary) -> None:
    boundary.ask("first", users=19, items=20)
    boundary.gate("batch_input", "first")
    boundary.ask("second", users=1, items=20)
    assert boundary.noted("batch_input", "second") == []


def test_a_run_that_was_stopped_is_no_level_to_compare_with(boundary: Boundary) -> None:
    boundary.ask("first", users=100)
    boundary.gate("batch_input", "first")
    for run_key in ("second", "third"):
        boundary.ask(run_key, users=10)
        assert "last good 100, in run first" in boundary.stopped("batch_input", run_key)


def test_a_run_that_another_suite_stopped_is_no_level_to_compare_with(boundary: Boundary) -> None:
    boundary.gate("marts", "first")
    boundary.do(
        "delete from personalize.items where substr(item_id, 2)::int > 24; update personalize.users set age = 999"
    )
    boundary.stopped("marts", "second")
    boundary.do(
        "update personalize.users set age = null; delete from personalize.items where substr(item_id, 2)::int > 15"
    )
    assert "measure items, now 16, last good 40, in run first" in boundary.stopped("marts", "third")


def test_a_run_that_is_repeated_is_not_compared_with_itself(boundary: Boundary) -> None:
    boundary.gate("marts", "first")
    boundary.gate("marts", "second")
    boundary.do("delete from personalize.items where substr(item_id, 2)::int > 9")
    assert "last good 40, in run first" in boundary.stopped("marts", "second")


def test_an_accepted_level_lets_the_run_pass_and_is_what_later_falls_are_compared_with(boundary: Boundary) -> None:
    boundary.ask("first", users=1000, items=40)
    boundary.gate("batch_input", "first")
    boundary.ask("second", users=100, items=40)
    boundary.stopped("batch_input", "second")
    assert Accepted("users asked", 100, 1000) in boundary.accept("batch_input", "accepted")
    assert boundary.noted("batch_input", "second") == []
    boundary.ask("third", users=100, items=40)
    assert boundary.noted("batch_input", "third") == []
    boundary.ask("fourth", users=40, items=40)
    assert "now 40, last good 100, in run third" in boundary.stopped("batch_input", "fourth")


def test_nothing_can_be_accepted_where_nothing_was_measured(boundary: Boundary) -> None:
    with pytest.raises(ConfigurationError, match="no run has measured"):
        boundary.accept("export", "accepted")


def test_thresholds_are_settings(boundary: Boundary, monkeypatch: pytest.MonkeyPatch) -> None:
    boundary.ask("first", users=100)
    boundary.gate("batch_input", "first")
    monkeypatch.setenv("AISLE_VOLUME__STOP_BELOW", "0.05")
    monkeypatch.setenv("AISLE_VOLUME__NOTE_BELOW", "0.1")
    get_settings.cache_clear()
    boundary.ask("second", users=10)
    assert boundary.noted("batch_input", "second") == []
    get_settings.cache_clear()
