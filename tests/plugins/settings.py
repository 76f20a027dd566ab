"""Aisle's settings as a test's environment gives them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from aisle.settings import Settings, get_settings


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Settings]]:
    """Set variables for the test, and return the settings that they give."""
    monkeypatch.setattr(os, "environ", os.environ.copy())  # reading the settings takes old names out of it

    def read(**variables: object) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        get_settings.cache_clear()
        return get_settings()

    yield read
    get_settings.cache_clear()
