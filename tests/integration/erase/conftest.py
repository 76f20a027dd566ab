from __future__ import annotations

from datetime import timedelta

import pytest


@pytest.fixture(autouse=True)
def _retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure is to be seen now, not after the pauses of three retries."""
    from aisle.dag_defaults import TASK_DEFAULTS

    monkeypatch.setitem(TASK_DEFAULTS, "retries", 0)
    monkeypatch.setitem(TASK_DEFAULTS, "retry_delay", timedelta(0))
