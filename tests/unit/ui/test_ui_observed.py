"""What Great Expectations saw, in one line."""

from __future__ import annotations

from typing import Any

import pytest

from aisle.ui.quality import observed_in_words


@pytest.mark.parametrize(
    ("observed", "said"),
    [
        (None, ""),
        ({}, ""),
        ({"observed_value": 12}, "12"),
        ({"observed_value": ["user_id", "item_id"]}, '["user_id", "item_id"]'),
        ({"failure": "no column price", "observed_value": None}, "no column price"),
        (
            {"element_count": 71_973, "unexpected_percent": 0.7252, "partial_unexpected_list": [-3, -1]},
            "0.73 % of 71,973, for example [-3, -1]",
        ),
        ({"element_count": 10, "unexpected_percent": 10.0}, "10 % of 10"),  # a personal column keeps no samples
        (
            {"observed_value": 2, "partial_unexpected_list": ["source pos, share 0.6", "source oe"]},
            "source pos, share 0.6; source oe",
        ),
        ({"something": "else"}, '{"something": "else"}'),
    ],
)
def test_the_finding_says_what_can_be_acted_on(observed: dict[str, Any] | None, said: str) -> None:
    assert observed_in_words(observed) == said


def test_a_long_value_is_cut() -> None:
    said = observed_in_words({"observed_value": "x" * 1000})
    assert said.endswith("…")
    assert len(said) < 200
