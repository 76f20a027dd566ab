from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aisle.orders.windows import Window
from aisle.stages.events.tail import tail_window

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def minutes_ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def window_of(watermark: datetime) -> Window | None:
    return tail_window(watermark, NOW, lookback=timedelta(minutes=5), max_age=timedelta(hours=24))


def test_a_tail_begins_at_the_watermark_so_that_no_gap_opens() -> None:
    assert window_of(minutes_ago(14)) == Window(minutes_ago(14), NOW)


def test_a_tail_looks_back_behind_a_watermark_of_just_now_for_orders_that_came_late() -> None:
    assert window_of(minutes_ago(1)) == Window(minutes_ago(5), NOW)
    assert window_of(NOW + timedelta(seconds=3)) == Window(minutes_ago(5), NOW)


def test_there_is_no_tail_while_ingest_has_history_to_fetch() -> None:
    assert window_of(minutes_ago(24 * 60 + 1)) is None
    assert window_of(minutes_ago(24 * 60)) is not None
