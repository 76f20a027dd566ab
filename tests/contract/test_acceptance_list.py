"""The acceptance list names every requirement once, and every proof it names exists."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
COUNTS = {"S0": 26, "S1": 71, "S2": 109, "S3": 30, "S4": 44}
TEXT = (ROOT / "docs" / "acceptance.md").read_text()
ROWS = re.findall(r"^\| (S\d)-(\d+) \| (.+?) \| (done|partial|missing) \| (.*?) ?\|$", TEXT, re.MULTILINE)


def test_every_number_is_listed_once_and_in_order() -> None:
    listed = [(document, int(number)) for document, number, *_ in ROWS]
    assert listed == [(document, n) for document, count in COUNTS.items() for n in range(1, count + 1)]


def test_what_is_done_names_its_proof_and_what_is_partial_says_what_lacks() -> None:
    for document, number, _, state, proof in ROWS:
        assert state == "missing" or proof, f"{document}-{number}"
        assert state != "done" or "test_" in proof or "`e2e`" in proof, f"{document}-{number}"


def test_every_test_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:\w+/)+test_\w+\.py)`", TEXT))
    assert len(named) > 15
    assert [path for path in sorted(named) if not (ROOT / "tests" / path).exists()] == []


def test_every_test_that_is_named_exists() -> None:
    functions = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def test_(\w+)", path.read_text())
    }
    named = set(re.findall(r"\.py` ((?:[a-z0-9]+_){3,}[a-z0-9]+)", TEXT)) | set(
        re.findall(r"`e2e` ((?:[a-z0-9]+_){3,}[a-z0-9]+)", TEXT)
    )
    assert len(named) > 30
    assert sorted(named - functions) == []


def test_the_totals_are_those_of_the_list() -> None:
    for document in COUNTS:
        states = Counter(row[3] for row in ROWS if row[0] == document)
        assert f"| {states['done']} | {states['partial']} | {states['missing']} |" in TEXT
