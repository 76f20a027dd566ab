from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from services.engine.recipes.cooccurrence import cooccurrence, neighbours
from services.engine.recipes.ease import ease
from services.engine.recipes.histories import Histories
from services.engine.recipes.popularity import popularity
from services.engine.recipes.ranking import shares, top
from services.engine.recipes.sequence import sequence_rules


@pytest.fixture
def three_users() -> Histories:
    """u0: 0 then 1 and 1 at once; u1: nothing; u2: 2, 0."""
    return Histories(
        np.array([0, 3, 3, 5]),
        np.array([0, 1, 1, 2, 0], np.int32),
        np.array([0, 1, 1, 0, 1], np.int32),
        np.array([1, 1, 1, 0.5, 1], np.float32),
        np.array([10, 20, 20, 10, 20]),
    )


@pytest.mark.parametrize("shape", [(40, 12), (12, 40)], ids=["more users", "more items"])
def test_ease_is_the_ridge_solution_with_an_empty_diagonal(shape: tuple[int, int]) -> None:
    dense = (np.random.default_rng(0).random(shape) < 0.3).astype(np.float32)
    weights = ease(sp.csr_matrix(dense), ridge=2.0)
    assert not np.diag(weights).any()
    for item in range(shape[1]):  # each column solves its own ridge regression on the other items
        others = np.delete(np.arange(shape[1]), item)
        gram = dense[:, others].T @ dense[:, others] + 2.0 * np.eye(len(others))
        expected = np.linalg.solve(gram, dense[:, others].T @ dense[:, item])
        assert weights[others, item] == pytest.approx(expected, abs=1e-4)


def test_histories_weigh_by_recency_weight_and_repetition(three_users: Histories) -> None:
    assert three_users.remembered(3, 2.0).toarray().tolist() == [[0.25, 2, 0], [0, 0, 0], [1, 0, 0.125]]
    assert three_users.remembered(3, 0.0).toarray().tolist() == [[1, 2, 0], [0, 0, 0], [1, 0, 0.5]]
    assert three_users.binary(3).toarray().tolist() == [[1, 1, 0], [0, 0, 0], [1, 0, 1]]


def test_taken_histories_keep_order_and_strangers_are_empty(three_users: Histories) -> None:
    taken = three_users.take(np.array([2, -1, 0]))
    assert taken.lengths.tolist() == [2, 0, 3]
    assert taken.items.tolist() == [2, 0, 0, 1, 1]


def test_popularity_counts_users_and_not_events(three_users: Histories) -> None:
    assert popularity(three_users, 4).tolist() == [2, 1, 1, 0]


def test_sequence_rules_look_forward_within_a_user(three_users: Histories) -> None:
    rules = sequence_rules(three_users, 3, reach=1, shrinkage=1.0).toarray()
    assert rules.tolist() == [[0, 0.5, 0], [0, 0, 0], [0.5, 0, 0]]


def test_cooccurrence_discounts_popular_items_and_needs_support() -> None:
    # Items 1 and 2 share two users each with item 0; item 2 has twice as many users in all.
    dense = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1], [0, 0, 1], [0, 0, 1]], np.float32)
    similar = cooccurrence(sp.csr_matrix(dense), popularity_discount=0.5, min_cointeractions=2).toarray()
    assert similar[0, 1] > similar[0, 2] > 0
    assert not np.diag(similar).any()
    assert not cooccurrence(sp.csr_matrix(dense), popularity_discount=0.5, min_cointeractions=3).nnz


def test_neighbours_keep_the_most_similar() -> None:
    kept = neighbours(sp.csr_matrix(np.array([[0.1, 0.3, 0.2], [0, 0.5, 0], [0, 0, 0]])), 2)
    assert kept.toarray().tolist() == [[0, 0.3, 0.2], [0, 0.5, 0], [0, 0, 0]]


def test_top_is_sorted_with_ties_by_column() -> None:
    scores = np.array([[0.1, 0.5, 0.5, 0.9], [4.0, 3.0, 2.0, 1.0]])
    assert top(scores, 3).tolist() == [[3, 1, 2], [0, 1, 2]]
    assert top(scores, 9).shape == (2, 4)


def test_shares_are_positive_and_sum_to_one() -> None:
    given = shares(np.array([[2.0, -1.0, 0.0], [0.0, 0.0, 0.0]]), np.array([0.1, 0.3, 0.2]))
    assert given.sum(axis=1) == pytest.approx([1, 1])
    assert (given > 0).all()
    assert top(given, 3).tolist() == [[0, 1, 2], [1, 2, 0]]
