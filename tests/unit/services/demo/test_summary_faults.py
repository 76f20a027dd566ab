"""A summary says what does not add up."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from services.demo.display import show_summary
from services.demo.summary import Summary
from services.terminal import TerminalConsole

SOUND = Summary(
    orders=10,
    order_lines=90,
    merged=6,
    rejected=4,
    rejected_by_reason={"negative_price": 4},
    source_rows=100,
    refused_rows=0,
    customers=8,
    customers_with_a_purchase=7,
    customers_without_recommendations=0,
    products=5,
    interactions=80,
    users_with_recommendations=7,
    products_with_similar_items=5,
    quality={
        "keys": {"severity": "stop", "expectations": 3, "met": 3, "failed": []},
        "outliers": {"severity": "note", "expectations": 2, "met": 1, "failed": ["price_is_usual"]},
    },
    metrics={},
    examples=[],
    seconds_per_stage={},
    rows_per_stage={},
    seconds_to_start=1.0,
    peak_memory_megabytes=1.0,
    urls={},
)


@pytest.mark.parametrize(
    "failed", [[], ["total_amount_is_usual"], ["quantity_is_usual", "total_amount_is_usual", "unit_price_is_usual"]]
)
def test_a_terminal_of_80_columns_shows_suites_and_failed_checks_whole(failed: list[str]) -> None:
    suite = {"severity": "note", "expectations": 14, "met": 14 - len(failed), "failed": failed}
    console = TerminalConsole(record=True, width=80, file=StringIO())
    show_summary(console, replace(SOUND, quality={"batch_similar_lists_coverage": suite}))
    printed = console.export_text()
    for name in ("batch_similar_lists_coverage", *failed):
        assert f" {name} " in printed


def test_a_summary_that_adds_up_has_no_faults() -> None:
    assert SOUND.faults() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"source_rows": 101}, "makes 100"),
        ({"customers_without_recommendations": 1}, "1 of 7 customers"),
        ({"quality": {"keys": {"severity": "stop", "expectations": 3, "met": 2}}}, "keys is a stop suite"),
    ],
)
def test_what_does_not_add_up_is_named(change: dict[str, Any], says: str) -> None:
    faults = replace(SOUND, **change).faults()
    assert len(faults) == 1
    assert says in faults[0]


def test_unknown_source_rows_are_no_fault() -> None:
    assert replace(SOUND, source_rows=None).faults() == []


def test_the_file_holds_every_figure(tmp_path: Path) -> None:
    SOUND.write(tmp_path / "deep" / "summary.json")
    written = json.loads((tmp_path / "deep" / "summary.json").read_text())
    assert written["order_lines"] == 90
    assert not list(tmp_path.glob("**/*.tmp"))
