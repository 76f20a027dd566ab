"""How `pytest -n` shares the tests among its processes."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

#: Folders that take longer than their number of tests suggests, the longest first. Begun last, they would run alone.
BEGUN_FIRST = (
    "tests/e2e",
    "tests/integration/faults",
    "tests/system",
    "tests/integration/clock",
    "tests/integration/models",
    "tests/integration/engine",
    "tests/integration/events",
    "tests/integration/resources",
    "tests/integration/transform",
    "tests/integration/export",
    "tests/integration/recommend",
    "tests/integration/train",
    "tests/conformance",
    "tests/integration/quality",
    "tests/integration/maintain",
    "tests/integration/erase",
    "tests/integration/stack",
)


class ByFolder(LoadScopeScheduling):
    """Tests of one folder share a process (`pytest -n`), because they share costly fixtures."""

    def _split_scope(self, nodeid: str) -> str:
        return str(Path(nodeid.partition("::")[0]).parent)

    def _assign_work_unit(self, node: Any) -> None:
        """Give a process the next folder: those that are begun first, then the others by the number of their tests."""
        first = next((folder for folder in BEGUN_FIRST if folder in self.workqueue), None)
        if first:
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One process more than there are cores: a third of the time each waits for a program that it has asked."""
    return (yield) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    return ByFolder(config, log)
