"""What others call their products is shown as text: no markup, link, colour or cursor movement of theirs gets out."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from services.demo.display import show_summary
from services.demo.summary import GroupSummary, Summary
from services.resources import program
from services.terminal import TerminalConsole, printable

SERVICES = Path(__file__).parents[3] / "services"
HOSTILE = {
    "closing tag": "[/bold] Tea",
    "unknown tag": "Tea [/]",
    "style": "[bold red]Tea[/bold red]",
    "link markup": "[link=https://example.com]Tea[/link]",
    "emoji code": "Tea :skull:",
    "colour": "\x1b[31mTea",
    "cleared screen": "\x1b[2J\x1b[HTea",
    "hyperlink": "\x1b]8;;https://example.com\x1b\\Tea\x1b]8;;\x1b\\",
    "window title": "\x1b]0;owned\x07Tea",
    "eight-bit escape": "\x9b31mTea",
    "carriage return": "Tea\rCup",
    "bell and backspace": "Tea\x07\x08",
    "next line": "Tea\x85Cup",
    "turned direction": "\u202eaeT",
    "isolated direction": "\u2067Tea\u2069",
    "line separator": "Tea\u2028Cup",
    "lone surrogate": "Tea\ud83d",
    "NUL": "Tea\x00",
}
_STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SUMMARY = Summary(
    orders=1, order_lines=1, merged=0, rejected=1, rejected_by_reason={}, source_rows=2, refused_rows=0, customers=1,
    customers_with_a_purchase=1, customers_without_recommendations=0, products=1, interactions=1,
    users_with_recommendations=1, products_with_similar_items=1, quality={}, metrics={}, examples=[],
    seconds_per_stage={}, rows_per_stage={}, seconds_to_start=1.0, peak_memory_megabytes=1.0, urls={},
)  # fmt: skip


def _shown(summary: Summary, *, is_terminal: bool = True) -> str:
    """What `make demo` prints of a summary; on a terminal with the console's own colours taken off."""
    file = StringIO()
    show_summary(TerminalConsole(file=file, width=160, force_terminal=is_terminal, color_system=None), summary)
    return file.getvalue()


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_shown_as_text_wherever_the_summary_prints_it(name: str) -> None:
    group = GroupSummary(1, 1, 0, 1, 1, {name: {}}, [{"user_id": name, "bought": [name], "recommended": [name]}])
    summary = replace(
        _SUMMARY,
        examples=group.examples,
        metrics={name: {}},
        quality={name: {"severity": name, "expectations": 1, "met": 1, "failed": []}},
        rejected_by_reason={name: 1},
        urls={name: name},
        groups={name: group, "other": group},
        seconds_per_stage={name: 1.0},
    )
    for shown in (_shown(summary), _shown(replace(summary, groups={}), is_terminal=False)):
        assert not _STEERING.search(shown)
        assert printable(name)[:20] in shown


@pytest.mark.parametrize("text", ["چائے پتی", "نمی\u200cخواهم", "👩\u200d🔬 kit", "Tea & Co [500 g]", "two\nlines", ""])
def test_text_of_any_script_is_left_alone(text: str) -> None:
    assert printable(text) == text


def test_an_error_that_quotes_others_reaches_a_real_terminal_as_text() -> None:
    """Through the command itself, on a pty."""
    program = (
        "import sys; from services.cli import program; from aisle.errors import FinalError\n"
        "def fail(*_, **__): raise FinalError('product \\x1b]8;;https://example.com\\x1b\\\\[/bold]Tea')\n"
        "program.app = fail\nprogram.main()"
    )
    master, slave = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", program], stdout=slave, stderr=slave, cwd=SERVICES.parent)
    status = process.wait(120)
    os.close(slave)
    printed = os.read(master, 65536).decode()
    os.close(master)
    assert status == 1
    assert "\x1b]8" not in printed
    assert "[/bold]Tea" in printed


def test_what_a_service_says_of_its_resources_is_shown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    program._lines(f"create solution {name}" for name in HOSTILE.values())
    printed = capsys.readouterr().out
    assert printed.count("create solution") == len(HOSTILE)
    assert not _STEERING.search(printed)


def test_every_console_is_made_in_one_place() -> None:
    made = [
        path.name
        for path in SERVICES.rglob("*.py")
        if re.search(r"rich\.console import .*Console|rich import print", path.read_text())
    ]
    assert made == ["terminal.py"]
