from __future__ import annotations

from math import inf, log2
from random import Random
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.evaluation.metrics import gains, measure, ratio_stderr

ITEMS = [f"P{n}" for n in range(20)]


def test_one_user_by_hand() -> None:
    figures = measure({"u": ["a", "x", "b", "y"]}, {"u": {"a", "b", "c"}}, n_items=8)
    ideal = 1 + 1 / log2(3) + 1 / log2(4)
    assert figures == pytest.approx(
        {
            "precision_at_5": 2 / 5,
            "precision_at_10": 2 / 10,
            "recall_at_10": 2 / 3,
            "ndcg_at_10": (1 + 1 / log2(4)) / ideal,
            "mrr": 1,
            "coverage": 4 / 8,
        }
    )


def test_only_mrr_counts_places_after_the_tenth() -> None:
    figures = measure({"u": ITEMS[:11]}, {"u": {"P10"}}, n_items=20)
    assert figures == pytest.approx(
        {
            "precision_at_5": 0,
            "precision_at_10": 0,
            "recall_at_10": 0,
            "ndcg_at_10": 0,
            "mrr": 1 / 11,
            "coverage": 10 / 20,
        }
    )


@pytest.mark.parametrize(
    ("ranked", "precision"),
    [("abxyz", 2 / 5), ("xyzab", 2 / 5), ("xyzva", 1 / 5), ("xyzvwab", 0), ("aaaaab", 1 / 5), ("a", 1 / 5), ("", 0)],
)
def test_s3_6_precision_at_5_looks_at_the_first_five_places(ranked: str, precision: float) -> None:
    figures = measure({"u": list(ranked)}, {"u": {"a", "b"}}, n_items=20)
    assert figures["precision_at_5"] == pytest.approx(precision)


def test_a_user_without_a_list_has_found_nothing_and_counts() -> None:
    figures = measure({"u": ["a"]}, {"u": {"a"}, "v": {"a"}}, n_items=1)
    assert figures["recall_at_10"] == figures["ndcg_at_10"] == figures["mrr"] == 0.5


def test_a_list_of_all_that_was_bought_is_ideal_even_beyond_ten_items() -> None:
    figures = measure({"u": ITEMS}, {"u": set(ITEMS)}, n_items=20)
    assert figures["ndcg_at_10"] == pytest.approx(1)
    assert figures["precision_at_10"] == 1
    assert figures["recall_at_10"] == 0.5


def test_no_user_to_measure_by_is_an_error() -> None:
    with pytest.raises(ValueError, match="no user"):
        measure({"u": ["a"]}, {}, n_items=1)


@pytest.mark.parametrize(
    ("ranked", "precision", "recall", "ndcg", "mrr"),
    [
        (["a", "a"], 1 / 10, 1 / 2, 1 / (1 + 1 / log2(3)), 1),
        (["a"] * 12, 1 / 10, 1 / 2, 1 / (1 + 1 / log2(3)), 1),
        (["x", "a", "x", "a", "b"], 2 / 10, 1, (1 / log2(3) + 1 / log2(6)) / (1 + 1 / log2(3)), 1 / 2),
        (["x"] * 9 + ["b", "b", "a"], 1 / 10, 1 / 2, 1 / log2(11) / (1 + 1 / log2(3)), 1 / 10),
        (["x", "x", "y"], 0, 0, 0, 0),
    ],
)
def test_an_item_that_a_list_names_again_hits_once_at_its_first_place(
    ranked: list[str], precision: float, recall: float, ndcg: float, mrr: float
) -> None:
    figures = measure({"u": ranked}, {"u": {"a", "b"}}, n_items=10)
    expected = {"precision_at_10": precision, "recall_at_10": recall, "ndcg_at_10": ndcg, "mrr": mrr}
    expected |= {"coverage": len(set(ranked[:10])) / 10}
    assert {name: figures[name] for name in expected} == pytest.approx(expected)


def by_the_book(ranked: list[str], bought: set[str]) -> tuple[float, float, float, float]:
    """Precision, recall, NDCG and reciprocal rank of one list, place by place."""
    gain, n_hits, reciprocal, named = 0.0, 0, 0.0, set[str]()
    for place, item in enumerate(ranked, start=1):
        if item in bought and item not in named:
            reciprocal = reciprocal or 1 / place
            if place <= 10:
                gain += 1 / log2(1 + place)
                n_hits += 1
        named.add(item)
    ideal = sum(1 / log2(1 + place) for place in range(1, min(10, len(bought)) + 1))
    return n_hits / 10, n_hits / len(bought), gain / ideal, reciprocal


rankings = st.permutations(ITEMS).map(lambda items: list(items)[:15])
#: Lists that name items again, of whatever length.
repeating = st.lists(st.sampled_from(ITEMS), max_size=30)


@given(repeating, st.sets(st.sampled_from(ITEMS), min_size=1))
def test_figures_of_any_list_are_those_of_the_book(ranked: list[str], bought: set[str]) -> None:
    figures = measure({"u": ranked}, {"u": bought}, n_items=20)
    names = ("precision_at_10", "recall_at_10", "ndcg_at_10", "mrr")
    assert [figures[name] for name in names] == pytest.approx(by_the_book(ranked, bought))


@given(st.lists(st.sampled_from(ITEMS[:3])) | repeating, st.sets(st.sampled_from(ITEMS), min_size=1))
def test_every_figure_lies_between_0_and_1(ranked: list[str], bought: set[str]) -> None:
    figures = measure({"u": ranked}, {"u": bought}, n_items=5)
    assert all(0 <= value <= 1 + 1e-9 for value in figures.values())


@given(rankings, st.integers(0, 8))
def test_an_earlier_hit_is_never_worse(ranked: list[str], place: int) -> None:
    later, earlier = list(ranked), list(ranked)
    earlier[place], earlier[place + 1] = earlier[place + 1], earlier[place]
    bought = {"u": {ranked[place + 1]}}
    first, second = measure({"u": earlier}, bought, 20), measure({"u": later}, bought, 20)
    assert first["ndcg_at_10"] > second["ndcg_at_10"]
    assert first["mrr"] > second["mrr"]


def test_gains_are_those_whose_mean_is_ndcg_in_the_order_of_the_users() -> None:
    lists, bought = {"u": ["a", "b"], "v": ["c", "a"]}, {"v": {"a"}, "u": {"a"}, "w": {"b"}}
    result = gains(lists, bought)
    assert result == pytest.approx([1 / log2(3), 1, 0])
    assert measure(lists, bought, n_items=3)["ndcg_at_10"] == pytest.approx(fmean(result))


def test_the_standard_error_is_how_far_the_ratio_moves_from_sample_to_sample() -> None:
    chance = Random(7)

    def sample() -> tuple[list[float], list[float]]:
        below = [chance.random() for _ in range(400)]
        return [2 * value + chance.gauss(0, 0.5) for value in below], below

    samples = [sample() for _ in range(400)]
    moved = stdev(fmean(above) / fmean(below) for above, below in samples)
    assert fmean(ratio_stderr(above, below, 0.001) for above, below in samples) == pytest.approx(moved, rel=0.1)


def test_proportional_figures_have_no_error_and_one_user_has_no_estimate() -> None:
    assert ratio_stderr([0.2, 0.4, 0.6], [0.1, 0.2, 0.3], 0.001) == pytest.approx(0)
    assert ratio_stderr([0.5], [0.1], 0.001) == inf
    assert ratio_stderr([0.1, 0.3], [0.0, 0.0], 0.1) == pytest.approx(1.0)  # popularity counts as a tenth
