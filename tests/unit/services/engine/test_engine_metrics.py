from __future__ import annotations

import numpy as np
import pytest

from services.engine.metrics import evaluate, examples, hits, mean_reciprocal_rank, ndcg, split_users
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
    found = hits(np.array([[1, 2], [1, 2]]), histories([2], [9, 1]), n_items=10)
    assert found.tolist() == [[False, True], [True, False]]


def test_newest_tenth_is_the_truth_and_at_least_one() -> None:
    query, truth = examples(histories([*range(20)], [7, 8], [*range(11)]), np.array([0, 1, 2]))
    assert truth.lengths.tolist() == [2, 1, 2]
    assert truth.items.tolist() == [18, 19, 8, 9, 10]
    assert query.lengths.tolist() == [18, 1, 9]


def test_split_is_repeatable_disjoint_and_leaves_users_with_one_event_to_training() -> None:
    people = histories(*[[1, 2]] * 100, *[[3]] * 50)
    split = split_users(people, seed=1)
    assert [group.tolist() for group in split] == [group.tolist() for group in split_users(people, seed=1)]
    assert len(split.test) == len(split.validation) == 10
    assert sorted(np.concatenate(split)) == [*range(150)]
    assert max(split.test.max(), split.validation.max()) < 100


def test_coverage_counts_items_that_nobody_took() -> None:
    figures = evaluate(np.array([[0, 1], [1, 2]]), histories([1], [5]), n_items=10)
    assert figures["coverage"] == 0.3
    assert figures["precision_at_5"] == 0.1
    assert figures["mean_reciprocal_rank_at_25"] == 0.25
