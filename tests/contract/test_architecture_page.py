"""docs/architecture.md shows the rooms and arrows that the code has."""

from __future__ import annotations

from graphlib import CycleError

import pytest

from tools.architecture import PAGE, page, rooms, without_shortcuts


def test_the_page_shows_the_rooms_of_today() -> None:
    text = PAGE.read_text()
    assert text == page(text), "the imports have changed: run `make architecture`"


def test_rooms_are_found_with_what_they_import() -> None:
    known = rooms()
    assert {"aisle.settings", "aisle.warehouse"} <= known["aisle.stages"]
    assert known["aisle.errors"] == set()


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    assert without_shortcuts({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": {"b"}, "b": {"c"}, "c": set()}


def test_two_rooms_that_know_each_other_cannot_be_drawn() -> None:
    with pytest.raises(CycleError):
        without_shortcuts({"a": {"b"}, "b": {"a"}})
