"""Offline metrics as GetSolutionMetrics reports them, and the splits on which they are measured.

Split  a tenth of the users is drawn; the newest tenth of each one's events (at least one) is the truth, the rest the
       query. The model that is measured has seen none of the drawn users. For segments every user's events are split
       in time instead: the newest fifth is the truth.
NDCG   the ideal is the returned list of 25, re-sorted by relevance and then cut, as in the figures that the service
       publishes. The textbook's ideal, over all held-out items, gives lower figures: `textbook_ndcg`.
Hits   an item (or a user of a segment) that a list repeats counts once, at its first place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.kernels import mark_hits

LIST_LENGTH = 25
CUTS = (5, 10, 25)
TEST_SHARE = 0.1
MAX_TEST_USERS = 2_000
MAX_VALIDATION_USERS = 1_000
MIN_TEST_EVENTS = 2  # one for the query, one for the truth
SEGMENT_TEST_SHARE = 0.2
SEGMENT_SIZE = 0.01  # of all users
#: The list with which the rewards of the first 25 places are compared.
REWARD_LIST = 500
DECIMALS = 4
MIN_REWARD = 10.0**-DECIMALS

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Split:
    """Rows of the users kept for training and of two held-out groups: one to choose settings on, one to measure on."""

    train: Ints
    validation: Ints
    test: Ints


@dataclass(frozen=True, slots=True)
class Examples:
    """Queries, and the items that followed each."""

    queries: Histories
    truths: Histories


def split_users(histories: Histories, seed: int) -> Split:
    """Draw the three groups; the same for every recipe, given the same data and seed."""
    eligible = np.flatnonzero(histories.lengths >= MIN_TEST_EVENTS)
    drawn = np.random.default_rng(seed).permutation(eligible)
    size = int(np.clip(len(eligible) * TEST_SHARE, 1, MAX_TEST_USERS))
    end = size + min(size, MAX_VALIDATION_USERS)
    test, validation = np.sort(drawn[:size]), np.sort(drawn[size:end])
    held_out = np.zeros(len(histories), bool)
    held_out[drawn[:end]] = True
    return Split(np.flatnonzero(~held_out), validation, test)


def examples(histories: Histories, rows: Ints) -> Examples:
    """Split each user's events: the oldest nine tenths are the query, the newest tenth is the truth."""
    return _divided(histories.take(rows), TEST_SHARE)


def next_examples(histories: Histories, rows: Ints) -> Examples:
    """Split like `examples`, but never within an order: for choosing settings."""
    chosen = histories.take(rows)
    newest = chosen.newest()
    return Examples(chosen.keep(~newest), chosen.keep(newest))


def segment_examples(histories: Histories) -> Examples:
    """Split every user's events in time: four fifths to learn from, the newest fifth as the truth.

    A user with a single event has no truth.
    """
    return _divided(histories, SEGMENT_TEST_SHARE)


def _divided(histories: Histories, share: float) -> Examples:
    n_truths = np.where(histories.lengths < MIN_TEST_EVENTS, 0, np.ceil(histories.lengths * share)).astype(np.int64)
    first_truth = histories.starts[1:] - n_truths
    is_truth = np.arange(len(histories.items)) >= np.repeat(first_truth, histories.lengths)
    return Examples(histories.keep(~is_truth), histories.keep(is_truth))


def hits(ranked: Ints, truths: Histories, n_items: int) -> npt.NDArray[np.bool_]:
    """Return which places of each list hold a true item for the first time, in the shape of `ranked`."""
    relevant = np.empty(ranked.shape, np.bool_)
    places = ranked.astype(np.int32)
    mark_hits(places, truths.starts.astype(np.int64), truths.items.astype(np.int32), n_items, relevant)
    return relevant & _first_places(ranked)


def _first_places(ranked: Ints) -> npt.NDArray[np.bool_]:
    """Return which places of each list hold an item for the first time, in the shape of `ranked`."""
    order = np.argsort(ranked, axis=1, kind="stable")
    in_order = np.take_along_axis(ranked, order, axis=1)
    first = np.ones(ranked.shape, np.bool_)
    np.put_along_axis(first, order[:, 1:], in_order[:, 1:] != in_order[:, :-1], axis=1)
    return first


def gains(ranked: Ints, truths: Histories, n_items: int) -> Floats:
    """Return the weight of the true event at each place of each list, 0 without one, in the shape of `ranked`.

    Of several events on one item the heaviest counts, at the first place that holds the item.
    """
    pairs = truths.users * n_items + truths.items
    order = np.lexsort((-truths.weights, pairs))
    first = np.flatnonzero(np.diff(pairs[order], prepend=-1))
    heaviest = truths.weights[order][first]
    true_pairs = pairs[order][first]
    asked = np.arange(len(ranked))[:, None] * n_items + ranked
    if not len(true_pairs):
        return np.zeros(asked.shape)
    places = np.minimum(np.searchsorted(true_pairs, asked), len(true_pairs) - 1)
    return np.where((true_pairs[places] == asked) & _first_places(ranked), heaviest[places], 0.0)


def ndcg(relevant: npt.NDArray[Any], cut: int) -> float:
    """Return the mean over lists of DCG at `cut` / DCG of the list re-sorted by relevance; 0 for one without hits.

    `relevant` holds, for each place, whether it is a hit or how much it gains.
    """
    discounts = _discounts(relevant.shape[1])
    best_first = np.sort(relevant, axis=1)[:, ::-1]
    return _mean_ratio(_dcg(relevant, discounts, cut), _dcg(best_first, discounts, cut))


def textbook_ndcg(relevant: npt.NDArray[np.bool_], n_true: Ints, cut: int) -> float:
    """Return the mean over lists of DCG at `cut` / DCG of a list that begins with all true items; n_true (n,)."""
    discounts = _discounts(relevant.shape[1])
    best = np.concatenate([[0.0], np.cumsum(discounts[:cut])])[np.minimum(n_true, min(cut, len(discounts)))]
    return _mean_ratio(_dcg(relevant, discounts, cut), best)


def _discounts(length: int) -> Floats:
    return np.asarray(1 / np.log2(np.arange(2, length + 2)))


def _dcg(relevant: npt.NDArray[Any], discounts: Floats, cut: int) -> Floats:
    return np.asarray((relevant[:, :cut] * discounts[:cut]).sum(axis=1))


def _mean_ratio(part: Floats, whole: Floats) -> float:
    """Return the mean of part / whole, where a whole of 0 counts 0."""
    return float(np.mean(np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)))


def mean_reciprocal_rank(relevant: npt.NDArray[np.bool_]) -> float:
    """Return the mean over lists of 1 / place of the first hit, 0 without one."""
    first = relevant.argmax(axis=1) + 1
    return float(np.mean(np.where(relevant.any(axis=1), 1 / first, 0)))


def evaluate(ranked: Ints, truths: Histories, n_items: int) -> Figures:
    """Compute all keys of GetSolutionMetrics, rounded to 4 decimals.

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
    return rounded(figures)


def evaluate_textbook(ranked: Ints, truths: Histories, n_items: int) -> Figures:
    """Compute NDCG as textbooks define it, which is not a part of GetSolutionMetrics. Arguments as in `evaluate`."""
    relevant, n_true = hits(ranked, truths, n_items), np.diff(truths.binary(n_items).indptr)
    name = "textbook_normalized_discounted_cumulative_gain_at_{}"
    return rounded({name.format(cut): textbook_ndcg(relevant, n_true, cut) for cut in CUTS})


def evaluate_weighted(ranked: Ints, truths: Histories, n_items: int, event_weights: Sequence[float]) -> Figures:
    """Compute NDCG in which an event gains its type's weight / the mean of all weights. Arguments as in `evaluate`."""
    weighted = gains(ranked, truths, n_items) / float(np.mean(event_weights))
    name = "normalized_discounted_cumulative_gain_with_event_weights_at_{}"
    return rounded({name.format(cut): ndcg(weighted, cut) for cut in CUTS})


def average_rewards(ranked: Ints, truths: Histories, rewards: Floats) -> float:
    """Return the share of a long list's rewards that its first 25 places hold, mean over the users with any reward.

    Shapes   ranked (n_queries, up to REWARD_LIST); rewards (n_items,), not negative.
    Returns  a figure from 0.0001 to 1: near 1 if the rewards are at the top.
    """
    taken = hits(ranked, truths, len(rewards)) * rewards[ranked]
    total = taken.sum(axis=1)
    rewarded = total > 0
    if not rewarded.any():
        return MIN_REWARD
    share = taken[rewarded, :LIST_LENGTH].sum(axis=1) / total[rewarded]
    return max(round(float(share.mean()), DECIMALS), MIN_REWARD)


def evaluate_segments(ranked: Ints, takers: sp.csr_matrix) -> Figures:
    """Compute the keys of GetSolutionMetrics for segments.

    Shapes   ranked (n_queries, a hundredth of the users); takers (n_queries, n_users), non-zero where a user took the
    item later. `hits_at_1_percent` is a mean count, which may exceed 1.
    """
    n_hits = np.zeros(len(ranked))
    for row, users in enumerate(ranked):
        true_users = takers.indices[takers.indptr[row] : takers.indptr[row + 1]]
        n_hits[row] = np.isin(np.unique(users), true_users).sum()
    return rounded(
        {
            "coverage": len(np.unique(ranked)) / takers.shape[1],
            "hits_at_1_percent": float(n_hits.mean()),
            "recall_at_1_percent": _mean_ratio(n_hits, np.diff(takers.indptr).astype(float)),
        }
    )


def segment_size(n_users: int) -> int:
    """Return how many users make up a hundredth, at least one."""
    return int(np.ceil(n_users * SEGMENT_SIZE))


def trend_prediction_accuracy(ranked: Ints, growth: Floats) -> float:
    """Return growth of the recommended items / growth of as many that grew most; 0 if none grew, never negative.

    Shapes   ranked (up to 25,); growth (n_items,): events in the next interval minus those in the one before.
    """
    best = np.sort(growth)[::-1][: len(ranked)].clip(min=0).sum()
    return round(max(float(growth[np.unique(ranked)].sum() / best), 0.0), DECIMALS) if best > 0 else 0.0


def rounded(figures: Mapping[str, float]) -> Figures:
    """Round figures to the four decimals of an answer."""
    return {key: round(float(figure), DECIMALS) for key, figure in figures.items()}
