from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure is to be seen now, not after the pauses of three retries."""
    from aisle.dag.defaults import TASK_DEFAULTS

    monkeypatch.setitem(TASK_DEFAULTS, "retries", 0)
    monkeypatch.setitem(TASK_DEFAULTS, "retry_delay", timedelta(0))


@pytest.fixture(autouse=True)
def _own_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports and artifacts go to the test's folder, not to the user's."""
    monkeypatch.setenv("AISLE_DOCS__DIRECTORY", str(tmp_path / "site"))
    monkeypatch.setenv("AISLE_TRANSFORM__RUNS_DIRECTORY", str(tmp_path / "dbt"))
