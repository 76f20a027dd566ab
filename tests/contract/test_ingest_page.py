"""docs/ingest.md: every row of what an order system may do wrong names its test, and the test exists."""

from __future__ import annotations

import re

import pytest

from aisle.settings import PROJECT_ROOT

_TABLES = re.compile(r"^\| what comes \|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)", re.MULTILINE)
PAGE = (PROJECT_ROOT / "docs" / "ingest.md").read_text()
ROWS = [row for table in _TABLES.findall(PAGE) for row in table.splitlines()]


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Tests of Python and unit tests of dbt."""
    tests = {
        name
        for path in (PROJECT_ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    units = {
        name
        for path in (PROJECT_ROOT / "dbt").rglob("*.yml")
        for name in re.findall(r"- name: (\w+)\n", path.read_text())
    }
    return tests | units


def test_every_row_has_what_comes_what_is_done_and_a_test() -> None:
    assert len(ROWS) > 40
    assert [row for row in ROWS if row.replace(r"\|", "").count("|") != 4] == []
    assert [row for row in ROWS if "`" not in row.split("|")[-2]] == []


def test_every_test_that_is_named_exists(names: set[str]) -> None:
    named = {name for row in ROWS for name in re.findall(r"(?<!\()`(\w+)`", row.split("|")[-2])}
    assert sorted(named - names) == []
