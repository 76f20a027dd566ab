"""Nothing is proven that has not happened, whichever clock says so, and what the API no longer gives is noted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.ingest.scripted_company import START, send

HOUR = timedelta(hours=1)


def now_in_hours(ingest: Any) -> float:
    """Hours since START by the warehouse's clock."""
    ((now,),) = ingest.rows("select now()")
    return float((now - START) / HOUR)


def dated(company: Any, moment: datetime) -> None:
    """Let every answer carry this date."""

    def respond(handler: Any, body: bytes) -> None:
        handler.date_time_string = lambda *_: f"{moment:%a, %d %b %Y %H:%M:%S GMT}"
        send(handler, 200, body)

    company.misbehaviours[:] = [respond] * 100


def test_after_a_run_ten_days_ahead_every_order_arrives(
    ingest: Any, company: Any, caplog: pytest.LogCaptureFixture
) -> None:
    company.sell(100)
    dated(company, START + 100 * HOUR)
    ahead = ingest.run(100 + 240, "ahead")
    assert ingest.watermark_hours() == 100
    assert ahead.clock_ahead == timedelta(days=10)
    assert "its end has not come yet" in caplog.text
    for hours in range(110, 400, 10):
        company.sell(hours)
        dated(company, START + hours * HOUR)
        ingest.run(hours, overlap_hours=2)
    assert ingest.order_ids() == [order["order_id"] for order in company.pos]
    assert ingest.watermark_hours() == 390
    assert ingest.gaps_in_hours() == []


def test_a_run_ahead_of_the_clock_of_the_warehouse_proves_nothing_that_has_not_happened(
    ingest: Any, company: Any
) -> None:
    now = now_in_hours(ingest)
    dated(company, START + timedelta(hours=now, days=30))
    ingest.run(int(now) + 240)
    assert now <= ingest.watermark_hours() <= now_in_hours(ingest)


@pytest.mark.parametrize("behind", [timedelta(days=10), timedelta(hours=1)])
def test_a_window_is_proven_no_further_than_the_clock_of_the_api(ingest: Any, company: Any, behind: timedelta) -> None:
    company.sell(10)
    end = START + 500 * HOUR
    dated(company, end - behind)
    ingest.run(500)
    assert ingest.watermark_hours() == (500 * HOUR - behind) / HOUR


def test_a_window_without_orders_is_not_proven_beyond_the_clock_of_the_api_either(ingest: Any, company: Any) -> None:
    dated(company, START + 100 * HOUR)
    ingest.run(500, longest_days=5)
    assert ingest.watermark_hours() == 100


def test_the_date_of_an_answer_out_of_a_cache_counts_with_its_age(ingest: Any, company: Any) -> None:
    def respond(handler: Any, body: bytes) -> None:
        handler.date_time_string = lambda *_: f"{START + HOUR:%a, %d %b %Y %H:%M:%S GMT}"
        send(handler, 200, body, Age="7200")

    company.misbehaviours.append(respond)
    ingest.run(24)
    assert ingest.watermark_hours() == 3


@pytest.mark.parametrize("date", ["yesterday", ""])
def test_an_answer_without_a_usable_date_is_proven_by_the_clock_of_the_warehouse(
    ingest: Any, company: Any, date: str
) -> None:
    def respond(handler: Any, body: bytes) -> None:
        handler.date_time_string = lambda *_: date
        send(handler, 200, body)

    company.misbehaviours.append(respond)
    ingest.run(24)
    assert ingest.watermark_hours() == 24


def test_a_proof_from_the_future_is_taken_back_and_fetched_again(
    ingest: Any, company: Any, caplog: pytest.LogCaptureFixture
) -> None:
    company.sell(30)
    ingest.execute(
        "insert into ops.ingest_windows (source, window_start, window_end, run_key, kind, state, started_at)"
        " values ('pos', '2026-01-01Z', now() + interval '10 days', 'ahead', 'scheduled', 'proven',"
        " now() + interval '10 days')"
    )
    assert ingest.watermark_hours() == 0
    ingest.run(30)
    assert len(ingest.order_ids()) == 30
    assert ingest.watermark_hours() == 30
    ((state, error),) = ingest.rows("select state, error from ops.ingest_windows where run_key = 'ahead'")
    assert (state, "its clock ran ahead" in error) == ("failed", True)
    assert "clocks of the scheduler and the workers" in caplog.text


def test_a_proof_of_before_this_version_counts_up_to_the_moment_it_was_begun(ingest: Any) -> None:
    ingest.execute(
        "insert into ops.ingest_windows (source, window_start, window_end, run_key, kind, state, started_at)"
        " values ('pos', '2026-01-01Z', '2026-03-01Z', 'old', 'scheduled', 'proven', '2026-01-02Z')"
    )
    assert ingest.watermark_hours() == 24


def vanished(ingest: Any) -> list[str]:
    return [row[0] for row in ingest.rows("select order_id from ops.vanished_orders order by order_id")]


def test_an_order_that_the_api_no_longer_gives_is_noted_and_stays(ingest: Any, company: Any) -> None:
    company.sell(5)
    ingest.run(24)
    del company.pos[2:4]
    assert ingest.run(25).total.vanished_orders == 2
    assert vanished(ingest) == ["A0002", "A0003"]
    assert len(ingest.order_ids()) == 5
    company.sell(5)
    assert ingest.run(26).total.vanished_orders == 0
    assert vanished(ingest) == []


def test_only_the_time_of_the_window_is_looked_at_for_orders_that_vanished(ingest: Any, company: Any) -> None:
    company.sell(100)
    ingest.run(100)
    company.pos.clear()
    assert ingest.backfill(0, 10).total.vanished_orders == 10
    assert vanished(ingest) == [f"A{number:04d}" for number in range(10)]


def test_an_order_that_moved_to_another_time_is_found_there_and_has_not_vanished(ingest: Any, company: Any) -> None:
    company.sell(40)
    ingest.run(40)
    company.edit(5, order_date=(START + 30 * HOUR).isoformat())
    ingest.backfill(0, 10)
    assert vanished(ingest) == ["A0005"]
    ingest.backfill(20, 40)
    assert vanished(ingest) == []
    assert datetime(2026, 1, 2, 6, tzinfo=UTC) in {
        row[0] for row in ingest.rows("select ordered_at from raw.company__orders")
    }
