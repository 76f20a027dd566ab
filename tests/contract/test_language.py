"""The check of words names what the glossary has replaced, and leaves the trade's words alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.language import findings_of

STAGE = Path("plugins/aisle/stages/export/tasks.py")
PAGE = Path("docs/guide.md")


@pytest.mark.parametrize(
    ("path", "text", "word"),
    [
        (STAGE, "for one in groups:\n    pass\n", "one"),
        (STAGE, "def read(found: int) -> None: ...\n", "found"),
        (STAGE, "wanted = 3\n", "wanted"),
        (STAGE, "legs = []\n", "legs"),
        (STAGE, "class BorderResult: ...\n", "BorderResult"),
        (STAGE, "class OrderLine: ...\n", "OrderLine"),
        (STAGE, "class Row:\n    line: int\n", "line"),
        (STAGE, "def group_line(): ...\n", "group_line"),
        (Path("tests/unit/test_lines.py"), "class Line: ...\n", "Line"),
        (STAGE, '"""The export leg."""\n', "leg"),
        (STAGE, 'raise ValueError("an expectation is unmet")\n', "unmet"),
        (STAGE, "count = 1  # mended later\n", "mended"),
        (PAGE, "Data cross five borders.", "borders"),
        (PAGE, "An order line has a price.", "order line"),
        (PAGE, "A red gate stops what follows; the line stops.", "the line stops"),
        (Path("include/sql/raw/orders.sql"), "-- One row per order line.", "order line"),
        (Path("plugins/aisle/ui/templates/page.html"), "<th>Leg</th>", "Leg"),
    ],
)
def test_a_replaced_word_is_named_with_its_place(path: Path, text: str, word: str) -> None:
    findings = list(findings_of(path, text))
    assert [(finding.path, finding.word) for finding in findings] == [(path, word)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (STAGE, "pipeline, deadline, online = 1, 2, 3\n"),
        (STAGE, "first_line = command_line = 1\n"),
        (STAGE, "items_of_order = 3\n"),
        (Path("plugins/aisle/batch/records.py"), "for line in file:\n    pass\n"),
        (STAGE, "class Pipeline: ...\n"),
        (PAGE, "A legacy recipe; the command line; a line of the file; border-color: red."),
        (PAGE, "Read `unmet` in the old report, or --border."),
        (Path("plugins/aisle/ui/static/page.html"), "<style>td { border: 1px solid; border-top: 0 }</style>"),
    ],
)
def test_words_of_the_trade_are_left_alone(path: Path, text: str) -> None:
    assert list(findings_of(path, text)) == []
