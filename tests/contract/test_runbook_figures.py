"""docs/runbook.md gives the deadlines and pool sizes that the code has."""

from __future__ import annotations

import json
import re

from aisle.pipeline import POOLS, STAGES
from aisle.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "runbook.md").read_text()
_MINUTES = {"min": 1, "h": 60}


def _rows(heading: str) -> list[list[str]]:
    """Return the cells of the rows of the first table below a heading, without the table's head."""
    _, _, section = PAGE.partition(f"## {heading}\n")
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert table, f"no table below {heading}"
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table[0].splitlines()[2:]]


def test_every_deadline_is_that_of_its_stage() -> None:
    deadlines: dict[str, float] = {}
    for names, late_after, _ in _rows("Late runs"):
        number, unit = late_after.split()
        deadlines |= dict.fromkeys(names.split(", "), float(number) * _MINUTES[unit])
    assert deadlines == {stage.name: stage.deadline_minutes for stage in STAGES if stage.deadline_minutes is not None}


def test_every_pool_has_its_slots() -> None:
    sizes = json.loads((PROJECT_ROOT / "include" / "airflow" / "pools.json").read_text())
    slots = {pool.strip("`"): int(number) for pool, number, _ in _rows("Pools")}
    assert slots == {pool: sizes[pool]["slots"] for pool in POOLS}
