from __future__ import annotations

from dataclasses import astuple, replace
from math import log2

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from services.engine.metrics import (
    average_rewards,
    evaluate,
    evaluate_segments,
    evaluate_textbook,
    evaluate_weighted,
    examples,
    gains,
    hits,
    mean_reciprocal_rank,
    ndcg,
    segment_examples,
    segment_size,
    split_users,
    textbook_ndcg,
    trend_prediction_accuracy,
)
from services.engine.recipes.histories import Histories


def histories(*users: list[int]) -> Histories:
    lengths = [len(user) for user in users]
    return Histories(
        np.concatenate([[0], np.cumsum(lengths)]),
        np.array([item for user in users for item in user], dtype=np.int32),
        np.concatenate([np.arange(length) for length in lengths]).astype(np.int32),
        np.ones(sum(lengths), np.float32),
        np.concatenate([np.arange(length) for length in lengths]),
    )


def relevance(*places: int, length: int = 25) -> np.ndarray:
    row = np.zeros((1, length), bool)
    row[0, [place - 1 for place in places]] = True
    return row


def test_documented_example_has_its_documented_figures() -> None:
    example = relevance(2, 5)
    assert mean_reciprocal_rank(example) == 0.5
    assert ndcg(example, 5) == pytest.approx(0.6241, abs=1e-4)
    first_hits = np.concatenate([relevance(4), relevance(2), relevance(6)])
    assert mean_reciprocal_rank(first_hits) == pytest.approx(0.3056, abs=1e-4)


def test_ideal_of_ndcg_is_the_list_of_25_sorted_again() -> None:
    late = relevance(2, 20)
    only_cut = (1 / np.log2(3)) / (1 + 1 / np.log2(3))
    assert ndcg(late, 5) == pytest.approx(only_cut)


def test_list_without_hits_counts_zero() -> None:
    none = np.zeros((1, 25), bool)
    assert (ndcg(none, 5), mean_reciprocal_rank(none)) == (0, 0)


def test_hits_belong_to_their_own_user() -> None:
    hit = hits(np.array([[1, 2], [1, 2]]), histories([2], [9, 1]), n_items=10)
    assert hit.tolist() == [[False, True], [True, False]]


@pytest.mark.parametrize(
    ("ranked", "truth", "expected"),
    [
        ([7, 7], [7], [True, False]),
        ([1, 7, 7, 2, 7], [7, 7], [False, True, False, False, False]),
        ([3, 4, 3, 4, 9], [4, 3], [True, True, False, False, False]),
        ([5, 5, 5], [6], [False, False, False]),
    ],
)
def test_an_item_that_a_list_names_again_hits_once_at_its_first_place(
    ranked: list[int], truth: list[int], expected: list[bool]
) -> None:
    assert hits(np.array([ranked]), histories(truth), n_items=10)[0].tolist() == expected
    assert (gains(np.array([ranked]), histories(truth), n_items=10)[0] > 0).tolist() == expected


def test_hits_of_one_list_are_not_spent_by_another() -> None:
    hit = hits(np.array([[1, 1], [1, 2], [2, 1]]), histories([1], [1], [1]), n_items=5)
    assert hit.tolist() == [[True, False], [True, False], [False, True]]


def test_users_and_items_that_are_named_again_count_once_in_segments_and_trends() -> None:
    takers = sp.csr_matrix(np.array([[1, 1, 0, 0]], np.float32))
    figures = evaluate_segments(np.array([[0, 0, 0]]), takers)
    assert figures == {"coverage": 0.25, "hits_at_1_percent": 1.0, "recall_at_1_percent": 0.5}
    assert trend_prediction_accuracy(np.array([1, 1, 1]), np.array([0.0, 3.0, 1.0])) == 0.75


many_lists = st.integers(1, 25).flatmap(
    lambda length: st.lists(
        st.tuples(
            st.lists(st.integers(0, 11), min_size=length, max_size=length),
            st.lists(st.integers(0, 11), min_size=1, max_size=8),
        ),
        min_size=1,
        max_size=4,
    )
)


@given(many_lists)
def test_every_figure_of_any_lists_lies_between_0_and_1(pairs: list[tuple[list[int], list[int]]]) -> None:
    ranked, truths = np.array([ranking for ranking, _ in pairs]), histories(*(truth for _, truth in pairs))
    figures = evaluate(ranked, truths, 12) | evaluate_textbook(ranked, truths, 12)
    figures |= evaluate_weighted(ranked, truths, 12, [1.0]) | {"rewards": average_rewards(ranked, truths, np.ones(12))}
    takers = truths.binary(12)
    figures |= {f"segments {name}": value for name, value in evaluate_segments(ranked, takers).items()}
    del figures["segments hits_at_1_percent"]  # a mean count
    figures["trend"] = trend_prediction_accuracy(ranked[0], np.arange(12.0))
    assert {name: value for name, value in figures.items() if not 0 <= value <= 1} == {}


@given(many_lists)
def test_figures_of_any_lists_are_those_of_the_book(pairs: list[tuple[list[int], list[int]]]) -> None:
    figures = evaluate_textbook(
        np.array([ranking for ranking, _ in pairs]), histories(*(truth for _, truth in pairs)), n_items=12
    )
    gained = []
    for ranked, truth in pairs:
        first = [ranked.index(item) for item in set(truth) if item in ranked[:5]]
        ideal = sum(1 / log2(place + 2) for place in range(min(len(set(truth)), 5, len(ranked))))
        gained.append(sum(1 / log2(place + 2) for place in first) / ideal)
    expected = sum(gained) / len(gained)
    assert figures["textbook_normalized_discounted_cumulative_gain_at_5"] == pytest.approx(expected, abs=1e-4)


def test_newest_tenth_is_the_truth_and_at_least_one() -> None:
    split = examples(histories([*range(20)], [7, 8], [*range(11)]), np.array([0, 1, 2]))
    query, truth = split.queries, split.truths
    assert truth.lengths.tolist() == [2, 1, 2]
    assert truth.items.tolist() == [18, 19, 8, 9, 10]
    assert query.lengths.tolist() == [18, 1, 9]


def test_split_is_repeatable_disjoint_and_leaves_users_with_one_event_to_training() -> None:
    people = histories(*[[1, 2]] * 100, *[[3]] * 50)
    split, again = split_users(people, seed=1), split_users(people, seed=1)
    groups = astuple(split)
    assert [group.tolist() for group in groups] == [group.tolist() for group in astuple(again)]
    assert len(split.test) == len(split.validation) == 10
    assert sorted(np.concatenate(groups)) == [*range(150)]
    assert max(split.test.max(), split.validation.max()) < 100


def test_coverage_counts_items_that_nobody_took() -> None:
    figures = evaluate(np.array([[0, 1], [1, 2]]), histories([1], [5]), n_items=10)
    assert figures["coverage"] == 0.3
    assert figures["precision_at_5"] == 0.1
    assert figures["mean_reciprocal_rank_at_25"] == 0.25


def test_textbook_ideal_counts_all_that_is_true() -> None:
    ideal = relevance(2, 5)
    both = 1 + 1 / np.log2(3)
    assert textbook_ndcg(ideal, np.array([2]), 5) == pytest.approx((1 / np.log2(3) + 1 / np.log2(6)) / both)
    many = (1 / np.log2(np.arange(2, 7))).sum()
    assert textbook_ndcg(ideal, np.array([40]), 5) == pytest.approx((1 / np.log2(3) + 1 / np.log2(6)) / many)
    figures = evaluate_textbook(np.array([[0, 1, 2]]), histories([1, 1]), n_items=3)
    assert figures["textbook_normalized_discounted_cumulative_gain_at_5"] == pytest.approx(1 / np.log2(3), abs=1e-4)


def test_events_gain_their_weight_over_the_mean_weight() -> None:
    repeated = replace(histories([3, 4, 3]), weights=np.array([0.1, 0.3, 0.3], np.float32))
    assert gains(np.array([[3, 9, 4]]), repeated, 10)[0] == pytest.approx([0.3, 0, 0.3])
    only = replace(histories([3, 4]), weights=np.array([0.3, 0.1], np.float32))
    assert gains(np.array([[4, 3]]), only, 10)[0] / 0.2 == pytest.approx([0.5, 1.5])
    expected = (0.5 + 1.5 / np.log2(3)) / (1.5 + 0.5 / np.log2(3))
    figures = evaluate_weighted(np.array([[4, 3]]), only, 10, [0.3, 0.1])
    assert set(figures) == {f"normalized_discounted_cumulative_gain_with_event_weights_at_{cut}" for cut in (5, 10, 25)}
    assert figures["normalized_discounted_cumulative_gain_with_event_weights_at_5"] == pytest.approx(expected, abs=1e-4)


def test_rewards_count_within_the_first_25_places() -> None:
    ranked = np.arange(50)[None, :]
    rewards = np.ones(60)
    rewards[40] = 3
    assert average_rewards(ranked, histories([0, 40]), rewards) == pytest.approx(0.25)
    assert average_rewards(ranked, histories([0, 1, 55]), rewards) == 1
    assert average_rewards(ranked, histories([40]), rewards) == 0.0001  # greater than 0, as the service says
    assert average_rewards(ranked, histories([55]), rewards) == 0.0001


def test_segment_figures_are_a_mean_count_and_a_mean_share() -> None:
    takers = sp.csr_matrix(np.array([[1, 1, 0, 0], [0, 0, 1, 0]], np.float32))
    figures = evaluate_segments(np.array([[0, 1], [0, 1]]), takers)
    assert figures == {"coverage": 0.5, "hits_at_1_percent": 1.0, "recall_at_1_percent": 0.5}
    assert [segment_size(n) for n in (1, 100, 101, 6_000)] == [1, 1, 2, 60]


def test_newest_fifth_of_everybody_is_the_truth_of_segments() -> None:
    split = segment_examples(histories([*range(10)], [7], [1, 2, 3]))
    query, truth = split.queries, split.truths
    assert truth.lengths.tolist() == [2, 0, 1]
    assert truth.items.tolist() == [8, 9, 3]
    assert query.lengths.tolist() == [8, 1, 2]
