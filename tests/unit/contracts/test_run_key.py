"""The run key of a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from aisle.contracts.run_key import checked_run_key, run_key_of

_TICK = datetime(2026, 11, 21, 6, tzinfo=UTC)


def test_a_scheduled_run_has_its_second_in_utc() -> None:
    assert run_key_of(_TICK) == "20261121T060000"
    assert run_key_of(_TICK.astimezone(timezone(timedelta(hours=9)))) == "20261121T060000"


def test_a_run_by_hand_in_the_second_of_a_tick_has_a_key_of_its_own() -> None:
    moments = [_TICK, _TICK + timedelta(microseconds=70), _TICK + timedelta(milliseconds=400)]
    keys = [run_key_of(moment) for moment in moments]
    assert keys == ["20261121T060000", "20261121T060000-000", "20261121T060000-400"]
    assert [checked_run_key(key) for key in keys] == keys


def test_keys_sort_as_their_moments_do() -> None:
    moments = [_TICK, _TICK + timedelta(milliseconds=400), _TICK + timedelta(seconds=1), _TICK + timedelta(days=1)]
    assert sorted(map(run_key_of, moments)) == [run_key_of(moment) for moment in moments]


def test_a_moment_without_a_zone_has_no_key() -> None:
    with pytest.raises(ValueError, match="zone"):
        run_key_of(_TICK.replace(tzinfo=None))
