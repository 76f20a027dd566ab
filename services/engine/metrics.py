"""Offline metrics as GetSolutionMetrics reports them, and the split on which they are measured.

Split  a tenth of the users is drawn; for each the newest tenth of events (at least one) is the truth and the rest the
       query. A model under measurement saw none of the drawn users.
NDCG   the ideal is the returned list of 25 re-sorted by relevance and then cut, which is what the service's published
       figures show. The textbook ideal over all held-out items gives lower figures.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.engine.recipes.histories import Histories, Ints

LIST_LENGTH = 25
CUTS = (5, 10, 25)
TEST_SHARE = 0.1
MAX_TEST_USERS = 2_000
MAX_VALIDATION_USERS = 1_000
MIN_TEST_EVENTS = 2  # one for the query, one for the truth


class Split(NamedTuple):
    """Users kept for training, and two groups held out: one to choose with, one to measure on."""

    train: Ints
    validation: Ints
    test: Ints


class Examples(NamedTuple):
    """Queries and, for each, the items that came next."""

    queries: Histories
    truths: Histories


def split_users(histories: Histories, seed: int) -> Split:
    """Rows of the three groups; the same for every recipe, given the same data and seed."""
    eligible = np.flatnonzero(histories.lengths >= MIN_TEST_EVENTS)
    drawn = np.random.default_rng(seed).permutation(eligible)
    size = int(np.clip(len(eligible) * TEST_SHARE, 1, MAX_TEST_USERS))
    end = size + min(size, MAX_VALIDATION_USERS)
    test, validation = np.sort(drawn[:size]), np.sort(drawn[size:end])
    held_out = np.zeros(len(histories), bool)
    held_out[drawn[:end]] = True
    return Split(np.flatnonzero(~held_out), validation, test)


def examples(histories: Histories, rows: Ints) -> Examples:
    """The oldest nine tenths of each user's events as the query, the newest tenth as the truth."""
    chosen = histories.take(rows)
    n_truths = np.ceil(chosen.lengths * TEST_SHARE).astype(np.int64)
    first_truth = chosen.starts[1:] - n_truths
    is_truth = np.arange(len(chosen.items)) >= np.repeat(first_truth, chosen.lengths)
    return Examples(chosen.keep(~is_truth), chosen.keep(is_truth))


def hits(ranked: Ints, truths: Histories, n_items: int) -> npt.NDArray[np.bool_]:
    """Which places of each list hold a true item, shape of `ranked`."""
    true_pairs = np.unique(truths.users * n_items + truths.items)
    asked = np.arange(len(ranked))[:, None] * n_items + ranked
    return np.isin(asked, true_pairs)


def ndcg(relevant: npt.NDArray[np.bool_], cut: int) -> float:
    """Mean over lists of DCG at `cut` / the same of the list re-sorted by relevance; 0 for a list without hits."""
    discounts = 1 / np.log2(np.arange(2, relevant.shape[1] + 2))
    gain = (relevant[:, :cut] * discounts[:cut]).sum(axis=1)
    best_first = np.sort(relevant, axis=1)[:, ::-1]
    ideal = (best_first[:, :cut] * discounts[:cut]).sum(axis=1)
    return float(np.mean(np.divide(gain, ideal, out=np.zeros_like(gain), where=ideal > 0)))


def mean_reciprocal_rank(relevant: npt.NDArray[np.bool_]) -> float:
    """Mean over lists of 1 / place of the first hit, 0 without one."""
    first = relevant.argmax(axis=1) + 1
    return float(np.mean(np.where(relevant.any(axis=1), 1 / first, 0)))


def evaluate(ranked: Ints, truths: Histories, n_items: int) -> dict[str, float]:
    """All keys of GetSolutionMetrics, rounded to 4 decimals.

    Shapes   ranked (n_queries, up to 25), item numbers below n_items, the number of distinct items of interactions
    and items data; truths has n_queries users.
    """
    relevant = hits(ranked, truths, n_items)
    figures = {
        "coverage": len(np.unique(ranked)) / n_items,
        "mean_reciprocal_rank_at_25": mean_reciprocal_rank(relevant),
    }
    for cut in CUTS:
        figures[f"normalized_discounted_cumulative_gain_at_{cut}"] = ndcg(relevant, cut)
        figures[f"precision_at_{cut}"] = float(relevant[:, :cut].sum(axis=1).mean() / cut)
    return {key: round(figure, 4) for key, figure in figures.items()}
