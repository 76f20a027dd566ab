"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aisle.ui import words

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"), (0.31, "0.3 s"), (42, "42 s"), (60, "1 min"), (3_900, "1 h 5 min"), (3_600, "1 h"),
        (90_061, "1 d 1 h"), (86_400 + 59, "1 d"),
    ],
)  # fmt: skip
def test_a_span_has_its_two_largest_units_and_no_empty_one(seconds: float | None, said: str) -> None:
    assert words.span(seconds) == said


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=3), "just now"), (timedelta(seconds=45), "45 s ago"),
        (timedelta(minutes=16, seconds=31), "16 min ago"), (timedelta(hours=2, minutes=5, seconds=9), "2 h 5 min ago"),
        (timedelta(hours=7, minutes=50), "7 h ago"), (timedelta(minutes=-3), "in 3 min"),
    ],
)  # fmt: skip
def test_an_age_is_no_finer_than_anybody_cares(ago: timedelta, said: str) -> None:
    assert words.ago(NOW - ago, NOW) == said


def test_a_share_that_is_not_whole_is_never_shown_as_whole() -> None:
    assert words.share(0.99999) == "99.9 %"
    assert words.share(1.0) == "100 %"


def test_a_small_sum_is_not_rounded_to_nothing() -> None:
    assert words.dollars(0.0002) == "$0.0002"
    assert words.dollars(0.000001) == "under $0.0001"
    assert words.dollars(1234.5) == "$1,234.50"
    assert words.dollars(0.0) == "$0.00"


def test_bytes_have_the_unit_that_fits() -> None:
    assert [words.size(value) for value in (999, 4_200_000, 3e12)] == ["999 B", "4.2 MB", "3,000.0 GB"]


def test_what_is_missing_is_a_dash_everywhere() -> None:
    filters = (words.ago, words.stamp, words.count, words.share, words.figure, words.dollars, words.size)
    assert {word(None) for word in filters} == {"–"}
    assert words.last_part(None) == "–"
