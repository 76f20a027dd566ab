"""An API that answers as it is told to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scripted_api import ScriptedApi, scripted_api


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as api:
        yield api
