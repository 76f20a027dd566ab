"""Variables that were renamed in this release keep working, with a warning, until the next one."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable
from datetime import timedelta

import pytest

from aisle.errors import UnusableSettings
from aisle.settings import Settings, get_settings
from services.serving.settings import ServingSettings


@pytest.mark.parametrize(
    ("old", "new", "value", "read"),
    [
        ("AISLE_SCHEDULES__EVALUATE", "AISLE_SCHEDULES__RETRAIN", "7 7 * * *", lambda now: now.schedules.retrain),
        ("AISLE_DEADLINES__EVALUATE", "AISLE_DEADLINES__RETRAIN", "77.5", lambda now: str(now.deadlines.retrain)),
        (
            "SERVING_CACHE_TTL_HOURS",
            "AISLE_PUBLISH__CACHE_TTL_HOURS",
            "7.5",
            lambda now: str(now.publish.cache_ttl_hours),
        ),
    ],
)
def test_a_variable_is_known_by_its_name_of_the_release_before(
    settings_of: Callable[..., Settings], old: str, new: str, value: str, read: Callable[[Settings], str]
) -> None:
    with pytest.warns(UserWarning, match=f"{old} .* {new}"):
        settings = settings_of(**{old: value})

    assert read(settings) == value
    assert old not in os.environ


def test_the_new_name_is_taken_where_both_are_set(settings_of: Callable[..., Settings]) -> None:
    with pytest.warns(UserWarning, match="SERVING_CACHE_TTL_HOURS"):
        settings = settings_of(SERVING_CACHE_TTL_HOURS=7, AISLE_PUBLISH__CACHE_TTL_HOURS=8)

    assert settings.publish.cache_ttl == timedelta(hours=8)


@pytest.mark.parametrize("name", ["SERVING_CACHE_TTL_HOURS", "AISLE_PUBLISH__CACHE_TTL_HOURS"])
def test_the_api_and_the_pages_in_airflow_have_one_time_to_live(
    settings_of: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings_of()
    get_settings.cache_clear()
    monkeypatch.setenv(name, "0.5")

    with warnings.catch_warnings(record=True):
        serving = ServingSettings(
            database_url="postgresql://nowhere", api_key_hashes=(hashlib.sha256(b"key").hexdigest(),)
        )

    assert serving.cache_ttl == get_settings().publish.cache_ttl == timedelta(minutes=30)


@pytest.mark.parametrize("name", ["AISLE_POS__TIME_ZONE", "AISLE_OE__FOLD_CASE"])
def test_a_variable_that_has_moved_into_a_file_says_which(settings_of: Callable[..., Settings], name: str) -> None:
    with pytest.raises(UnusableSettings, match=rf"{name}, which is set in the file (pos|oe)\.toml"):
        settings_of(**{name: "x"})


@pytest.mark.parametrize("name", ["AISLE_POS__TIME_ZONE", "AISLE_OE__FOLD_CASE", "AISLE_OE__TIME_ZONE"])
def test_a_variable_that_has_moved_into_a_file_and_is_blank_is_not_set(
    settings_of: Callable[..., Settings], name: str
) -> None:
    assert settings_of(**{name: ""}) == settings_of()
