"""Rechecks of days before the overlap find edits, deletions and late tills there."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from aisle.orders.recheck import Recheck
from aisle.sources import source_named
from tests.integration.ingest.scripted_company import START, order_of


@pytest.fixture(params=[True, False], ids=["days told", "days not told"])
def months(request: pytest.FixtureRequest, ingest: Any, company: Any) -> Any:
    """Ingest that knows 240 hours of orders, of a company that gives its word on each day or does not."""
    company.tells_days = request.param
    company.sell(240)
    ingest.run(240)
    ingest.look(0, 240, "first-look")
    return ingest


def pages_read(company: Any) -> list[str]:
    return [query["start_date"][:10] for path, query in company.requests if not path.endswith("/days")]


def test_a_recheck_finds_an_edit_far_behind_the_overlap(months: Any, company: Any) -> None:
    company.edit(30, city="Multan")
    assert months.run(241).total.orders_changed == 0
    assert months.look(0, 192).pulled.total.orders_changed == 1
    assert months.rows("select city from raw.company__orders where order_id = 'A0030'") == [("Multan",)]


@pytest.mark.parametrize("tells_newest_edit", [True, False], ids=["newest edit told", "hash told"])
def test_the_first_recheck_finds_an_edit_too(ingest: Any, company: Any, tells_newest_edit: bool) -> None:
    """A hash alone says nothing as long as there is no earlier one to compare it with: the day is read."""
    company.tells_days, company.tells_newest_edit = True, tells_newest_edit
    company.sell(240)
    ingest.run(240)
    company.edit(30, city="Multan")
    recheck = ingest.look(0, 192)
    assert recheck.pulled.total.orders_changed == 1
    assert len(recheck.differing) == (1 if tells_newest_edit else 8)
    assert ingest.look(0, 192, "look-again").differing == []


def test_an_edit_that_moves_no_stamp_is_found(months: Any, company: Any) -> None:
    company.pos[30] = order_of(30, city="Multan")
    assert months.look(0, 192).pulled.total.orders_changed == 1


def test_a_late_till_is_found(months: Any, company: Any) -> None:
    company.pos.insert(51, order_of(50, order_id="LATE"))
    assert months.look(0, 192).pulled.total.orders_changed == 1
    assert "LATE" in months.order_ids()


def test_a_deletion_is_reported_and_deletes_nothing(months: Any, company: Any) -> None:
    del company.pos[60:63]
    assert months.look(0, 192).details()["vanished_orders"] == 3
    assert len(months.order_ids()) == 240
    again = months.look(0, 192, "look-again")
    assert again.pulled.total.orders_changed == 0


def test_a_recheck_moves_no_watermark_and_leaves_no_gap(months: Any) -> None:
    months.look(0, 192)
    assert months.watermark_hours() == 240
    assert months.gaps_in_hours() == []


def test_only_days_that_differ_are_read_again_where_the_api_summarises_days(
    ingest: Any, company: Any, caplog: pytest.LogCaptureFixture
) -> None:
    company.tells_days = company.tells_newest_edit = True
    company.sell(240)
    ingest.run(240)
    ingest.look(0, 240, "first-look")
    company.requests.clear()
    assert ingest.look(0, 240, "nothing-new").differing == []
    assert pages_read(company) == []
    company.edit(30, city="Multan")
    company.edit(50, city="Multan")
    del company.pos[150]
    assert ingest.look(0, 240, "news").differing == [date(2026, 1, 2), date(2026, 1, 3), date(2026, 1, 7)]
    assert pages_read(company) == ["2026-01-02", "2026-01-07"]
    assert "3 of 10 days before the overlap differ" in caplog.text
    assert ingest.rows(
        "select day::text, n_before, n_ours, n_theirs from ops.ingest_days where action = 'read again'"
    ) == [
        ("2026-01-02", 24, 24, 24),
        ("2026-01-03", 24, 24, 24),
        ("2026-01-07", 24, 23, 23),
    ]


def test_a_day_that_keeps_differing_in_the_same_way_is_not_read_again_and_again(ingest: Any, company: Any) -> None:
    company.tells_days = True
    company.sell(48)
    company.pos[3]["status"] = "on the moon"
    ingest.run(48)
    ingest.execute("delete from raw.company__orders where order_id = 'A0010'")
    days_as_told = company.days
    company.days = lambda path, query: days_as_told(path, query).replace(b'"n_orders": 24', b'"n_orders": 99')
    assert len(ingest.look(0, 48, "first").differing) == 2
    assert len(ingest.look(0, 48, "second").differing) == 0
    company.edit(10, city="Multan")
    assert ingest.look(0, 48, "third").differing == [date(2026, 1, 1)]


def _word(**said: Any) -> bytes:
    return json.dumps({"data": [{"day": "2026-01-01", "n_orders": 24, **said}]}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        b'{"data": [{"day": "x"}]}',
        b"<html>",
        b'{"order_id": "days"}',
        _word(newest_updated_at="2026-01-01T00:00:00"),
        _word(n_orders=10**12),
        _word(n_orders=-1),
        _word(hash="a\0b"),
    ],
)
def test_an_endpoint_that_says_something_else_counts_as_none(ingest: Any, company: Any, answer: bytes) -> None:
    company.tells_days = True
    company.days = lambda path, query: answer
    company.sell(48)
    ingest.run(48)
    assert len(ingest.look(0, 48).differing) == 2


@pytest.mark.parametrize("status", [302, 403, 429, 500, 503])
def test_a_failing_endpoint_of_days_keeps_no_recheck_from_reading(ingest: Any, company: Any, status: int) -> None:
    company.days_status = status
    company.sell(48)
    ingest.run(48)
    company.edit(10, city="Multan")
    looked = ingest.look(0, 48)
    assert (len(looked.differing), looked.pulled.total.orders_changed) == (2, 1)


def test_a_day_that_was_never_edited_may_say_the_year_one(ingest: Any, company: Any) -> None:
    company.tells_days = True
    company.days = lambda path, query: _word(newest_updated_at="0001-01-01T00:00:00+05:00")
    company.sell(24)
    ingest.run(24)
    assert ingest.look(0, 24, "first").differing == []
    assert ingest.look(0, 24, "second").differing == []


@pytest.mark.parametrize(
    ("begun", "looked", "is_due"),
    [("1 day", None, False), ("8 days", None, True), ("30 days", "6 days", False), ("30 days", "8 days", True)],
)
def test_a_recheck_is_due_some_days_after_the_last_or_after_the_start(
    ingest: Any, company: Any, begun: str, looked: str | None, is_due: bool
) -> None:
    ingest.run(24)
    ingest.execute(f"update ops.ingest_windows set started_at = now() - interval '{begun}'")
    if looked:
        ingest.look(0, 24)
        ingest.execute(f"update ops.ingest_days set checked_at = now() - interval '{looked}'")
    with psycopg.connect(ingest.url) as connection:
        assert Recheck(source_named("pos"), None, connection, "due").is_due(timedelta(days=7)) is is_due  # type: ignore[arg-type]


def test_nothing_is_due_before_anything_was_ever_proven(ingest: Any) -> None:
    with psycopg.connect(ingest.url) as connection:
        assert not Recheck(source_named("pos"), None, connection, "due").is_due(timedelta(days=7))  # type: ignore[arg-type]


def test_the_simulated_company_summarises_its_days(simulate: Any, ingest_from: Any) -> None:
    with simulate(scale="tiny") as company:
        ingest = ingest_from(company)
        ingest.pull_all("all")
        first = next(iter(ingest.rows("select ordered_at from raw.company__orders where source = 'pos' order by 1")))[0]
        hours = int((first - START) / timedelta(hours=1))
        assert ingest.look(hours, hours + 24 * 60, "first").differing == []
        company.arm({"kind": "late_edit", "source": "pos", "city": "Multan"})
        span = {"start_date": first.isoformat(), "end_date": (first + timedelta(days=30)).isoformat()}
        company.http.get("/get_pos_orders", params=span).raise_for_status()
        looked = ingest.look(hours, hours + 24 * 60, "second")
        assert looked.differing == [first.date()]
        assert looked.pulled.total.orders_changed == 1
