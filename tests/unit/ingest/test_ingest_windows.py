from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.errors import ConfigurationError
from aisle.orders.windows import Window, backfill_windows, cut, scheduled_windows

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@given(st.integers(0, 400), st.integers(1, 50))
def test_the_pieces_of_a_span_adjoin_cover_it_and_are_short_enough(n_days: int, longest_days: int) -> None:
    windows = cut(START, START + n_days * DAY, longest_days * DAY)
    edges = [START, *(window.end for window in windows)]
    assert [window.start for window in windows] == edges[:-1]
    assert edges[-1] == START + n_days * DAY
    assert all(timedelta(0) < window.end - window.start <= longest_days * DAY for window in windows)


def test_a_run_looks_again_behind_the_watermark_but_never_before_the_start() -> None:
    watermark, now = START + 5 * DAY, START + 6 * DAY
    assert scheduled_windows(watermark, START, now, overlap=2 * DAY, longest=31 * DAY) == [Window(START + 3 * DAY, now)]
    assert scheduled_windows(watermark, START, now, overlap=9 * DAY, longest=31 * DAY) == [Window(START, now)]


def test_the_first_run_begins_at_the_start_in_pieces() -> None:
    windows = scheduled_windows(START, START, START + 70 * DAY, overlap=2 * DAY, longest=31 * DAY)
    assert [(window.end - window.start).days for window in windows] == [31, 31, 8]


def test_a_run_older_than_what_is_proven_has_nothing_to_do() -> None:
    assert scheduled_windows(START + 9 * DAY, START, START + 5 * DAY, overlap=2 * DAY, longest=31 * DAY) == []


def test_a_backfill_takes_times_with_and_without_zone() -> None:
    assert backfill_windows("2026-01-01", "2026-01-02T05:00:00+05:00", longest=31 * DAY) == [Window(START, START + DAY)]


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-01-01", None, "give both"),
        (None, None, "give both"),
        (None, "2026-01-01", "give both"),
        ("2026-01-02", "2026-01-01", "end must lie after"),
        ("yesterday", "2026-01-01", "window_start is 'yesterday'"),
    ],
)
def test_a_backfill_that_makes_no_sense_is_refused(start: str | None, end: str | None, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        backfill_windows(start, end, longest=31 * DAY)
