"""The folders that `pytest -n` begins first are folders with tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.scheduling import BEGUN_FIRST

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", BEGUN_FIRST)
def test_a_folder_that_is_begun_first_has_tests(folder: str) -> None:
    assert list((ROOT / folder).glob("test_*.py")), f"{folder} has moved: correct tests/plugins/scheduling.py"
