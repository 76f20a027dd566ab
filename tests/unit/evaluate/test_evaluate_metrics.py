from __future__ import annotations

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.evaluate.metrics import measure

ITEMS = [f"P{n}" for n in range(20)]


def test_one_user_by_hand() -> None:
    figures = measure({"u": ["a", "x", "b", "y"]}, {"u": {"a", "b", "c"}}, n_items=8)
    ideal = 1 + 1 / log2(3) + 1 / log2(4)
    assert figures == pytest.approx(
        {
            "precision_at_10": 2 / 10,
            "recall_at_10": 2 / 3,
            "ndcg_at_10": (1 + 1 / log2(4)) / ideal,
            "mrr": 1,
            "coverage": 4 / 8,
        }
    )


def test_nothing_counts_behind_the_tenth_place_but_for_mrr() -> None:
    figures = measure({"u": ITEMS[:11]}, {"u": {"P10"}}, n_items=20)
    assert figures == pytest.approx(
        {"precision_at_10": 0, "recall_at_10": 0, "ndcg_at_10": 0, "mrr": 1 / 11, "coverage": 10 / 20}
    )


def test_a_user_without_a_list_has_found_nothing_and_counts() -> None:
    figures = measure({"u": ["a"]}, {"u": {"a"}, "v": {"a"}}, n_items=1)
    assert figures["recall_at_10"] == figures["ndcg_at_10"] == figures["mrr"] == 0.5


def test_a_list_of_all_that_was_bought_is_ideal_even_beyond_ten_items() -> None:
    figures = measure({"u": ITEMS}, {"u": set(ITEMS)}, n_items=20)
    assert figures["ndcg_at_10"] == pytest.approx(1)
    assert figures["precision_at_10"] == 1
    assert figures["recall_at_10"] == 0.5


def test_nobody_to_measure_by_is_an_error() -> None:
    with pytest.raises(ValueError, match="no user"):
        measure({"u": ["a"]}, {}, n_items=1)


rankings = st.permutations(ITEMS).map(lambda items: list(items)[:15])


@given(st.dictionaries(st.sampled_from("uvw"), rankings), st.sets(st.sampled_from(ITEMS), min_size=1))
def test_every_figure_lies_between_nought_and_one(lists: dict[str, list[str]], bought: set[str]) -> None:
    figures = measure(lists, {"u": bought, "x": bought}, n_items=5)
    assert all(0 <= value <= 1 + 1e-9 for value in figures.values())


@given(rankings, st.integers(0, 8))
def test_an_earlier_hit_is_never_worse(ranked: list[str], place: int) -> None:
    later, earlier = list(ranked), list(ranked)
    earlier[place], earlier[place + 1] = earlier[place + 1], earlier[place]
    bought = {"u": {ranked[place + 1]}}
    first, second = measure({"u": earlier}, bought, 20), measure({"u": later}, bought, 20)
    assert first["ndcg_at_10"] > second["ndcg_at_10"]
    assert first["mrr"] > second["mrr"]
