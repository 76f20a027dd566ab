"""Offline metrics as GetSolutionMetrics reports them, and the splits on which they are measured.

Split  a tenth of the users is drawn; for each the newest tenth of events (at least one) is the truth and the rest the
       query. A model under measurement saw none of the drawn users. For segments every user is split in time instead:
       the newest fifth of events is the truth.
NDCG   the ideal is the returned list of 25 re-sorted by relevance and then cut, which is what the service's published
       figures show. The textbook ideal over all held-out items gives lower figures: `textbook_ndcg`.
Hits   an item, or a user of a segment, that a list names again hits once, at its first place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

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
SEGMENT_SIZE = 0.01  # of all users: the list that is looked at
#: Recommendations beyond which nobody looks: what a user's rewards are compared with.
REWARD_LIST = 500
DECIMALS = 4
LEAST_REWARD = 10.0**-DECIMALS

Figures = dict[str, float]


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
    return _divided(histories.take(rows), TEST_SHARE)


def next_examples(histories: Histories, rows: Ints) -> Examples:
    """Like `examples`, but an order is never cut in two: what settings are chosen on."""
    chosen = histories.take(rows)
    newest = chosen.newest()
    return Examples(chosen.keep(~newest), chosen.keep(newest))


def segment_examples(histories: Histories) -> Examples:
    """Everybody's events, divided in time: four fifths to learn from, the newest fifth as the truth.

    Who has a single event has no truth.
    """
    return _divided(histories, SEGMENT_TEST_SHARE)


def _divided(histories: Histories, share: float) -> Examples:
    n_truths = np.where(histories.lengths < MIN_TEST_EVENTS, 0, np.ceil(histories.lengths * share)).astype(np.int64)
    first_truth = histories.starts[1:] - n_truths
    is_truth = np.arange(len(histories.items)) >= np.repeat(first_truth, histories.lengths)
    return Examples(histories.keep(~is_truth), histories.keep(is_truth))


def hits(ranked: Ints, truths: Histories, n_items: int) -> npt.NDArray[np.bool_]:
    """Which places of each list hold a true item for the first time, shape of `ranked`."""
    relevant = np.empty(ranked.shape, np.bool_)
    places = ranked.astype(np.int32)
    mark_hits(places, truths.starts.astype(np.int64), truths.items.astype(np.int32), n_items, relevant)
    return relevant & _first_places(ranked)


def _first_places(ranked: Ints) -> npt.NDArray[np.bool_]:
    """Which places of each list name an item that no place before names, shape of `ranked`."""
    order = np.argsort(ranked, axis=1, kind="stable")
    in_order = np.take_along_axis(ranked, order, axis=1)
    first = np.ones(ranked.shape, np.bool_)
    np.put_along_axis(first, order[:, 1:], in_order[:, 1:] != in_order[:, :-1], axis=1)
    return first


def gains(ranked: Ints, truths: Histories, n_items: int) -> Floats:
    """The weight of the true event at each place of each list, 0 where there is none; shape of `ranked`.

    Of an item that is true more than once the heaviest event counts, and the first place that names it.
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
    """Mean over lists of DCG at `cut` / the same of the list re-sorted by relevance; 0 for a list without hits.

    `relevant` says of each place whether it is a hit, or how much it gains.
    """
    discounts = _discounts(relevant.shape[1])
    best_first = np.sort(relevant, axis=1)[:, ::-1]
    return _mean_ratio(_dcg(relevant, discounts, cut), _dcg(best_first, discounts, cut))


def textbook_ndcg(relevant: npt.NDArray[np.bool_], n_true: Ints, cut: int) -> float:
    """Mean over lists of DCG at `cut` / that of a list which begins with all true items; `n_true` (n,) of each."""
    discounts = _discounts(relevant.shape[1])
    best = np.concatenate([[0.0], np.cumsum(discounts[:cut])])[np.minimum(n_true, min(cut, len(discounts)))]
    return _mean_ratio(_dcg(relevant, discounts, cut), best)


def _discounts(length: int) -> Floats:
    return np.asarray(1 / np.log2(np.arange(2, length + 2)))


def _dcg(relevant: npt.NDArray[Any], discounts: Floats, cut: int) -> Floats:
    return np.asarray((relevant[:, :cut] * discounts[:cut]).sum(axis=1))


def _mean_ratio(part: Floats, whole: Floats) -> float:
    """Mean of part / whole, where a whole of 0 counts 0."""
    return float(np.mean(np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)))


def mean_reciprocal_rank(relevant: npt.NDArray[np.bool_]) -> float:
    """Mean over lists of 1 / place of the first hit, 0 without one."""
    first = relevant.argmax(axis=1) + 1
    return float(np.mean(np.where(relevant.any(axis=1), 1 / first, 0)))


def evaluate(ranked: Ints, truths: Histories, n_items: int) -> Figures:
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
    return rounded(figures)


def evaluate_textbook(ranked: Ints, truths: Histories, n_items: int) -> Figures:
    """NDCG as textbooks define it, beside the service's: not a part of GetSolutionMetrics. As `evaluate`."""
    relevant, n_true = hits(ranked, truths, n_items), np.diff(truths.binary(n_items).indptr)
    name = "textbook_normalized_discounted_cumulative_gain_at_{}"
    return rounded({name.format(cut): textbook_ndcg(relevant, n_true, cut) for cut in CUTS})


def evaluate_weighted(ranked: Ints, truths: Histories, n_items: int, event_weights: Sequence[float]) -> Figures:
    """NDCG in which an event gains its type's weight / the mean of the configured weights. As `evaluate`."""
    weighted = gains(ranked, truths, n_items) / float(np.mean(event_weights))
    name = "normalized_discounted_cumulative_gain_with_event_weights_at_{}"
    return rounded({name.format(cut): ndcg(weighted, cut) for cut in CUTS})


def average_rewards(ranked: Ints, truths: Histories, rewards: Floats) -> float:
    """Share of the rewards in a long list that its first 25 places hold, mean over the users who took any of it.

    Shapes   ranked (n_queries, up to REWARD_LIST); rewards (n_items,), not negative.
    Returns  a figure in (0, 1]: near 1 if the rewards stand at the top, and 0.0001 at least.
    """
    taken = hits(ranked, truths, len(rewards)) * rewards[ranked]
    total = taken.sum(axis=1)
    rewarded = total > 0
    if not rewarded.any():
        return LEAST_REWARD
    share = taken[rewarded, :LIST_LENGTH].sum(axis=1) / total[rewarded]
    return max(round(float(share.mean()), DECIMALS), LEAST_REWARD)


def evaluate_segments(ranked: Ints, takers: sp.csr_matrix) -> Figures:
    """The keys of GetSolutionMetrics for segments.

    Shapes   ranked (n_queries, users of a hundredth); takers (n_queries, n_users), non-zero where a user took it later.
    `hits_at_1_percent` is a mean count, which may exceed 1.
    """
    found = np.zeros(len(ranked))
    for row, users in enumerate(ranked):
        true_users = takers.indices[takers.indptr[row] : takers.indptr[row + 1]]
        found[row] = np.isin(np.unique(users), true_users).sum()
    return rounded(
        {
            "coverage": len(np.unique(ranked)) / takers.shape[1],
            "hits_at_1_percent": float(found.mean()),
            "recall_at_1_percent": _mean_ratio(found, np.diff(takers.indptr).astype(float)),
        }
    )


def segment_size(n_users: int) -> int:
    """How many users a hundredth is, one at least."""
    return int(np.ceil(n_users * SEGMENT_SIZE))


def trend_prediction_accuracy(ranked: Ints, growth: Floats) -> float:
    """Growth of the recommended items / growth of as many that grew most; 0 if none grew, never negative.

    Shapes   ranked (up to 25,); growth (n_items,): events in the next interval less those in the one before.
    """
    best = np.sort(growth)[::-1][: len(ranked)].clip(min=0).sum()
    return round(max(float(growth[np.unique(ranked)].sum() / best), 0.0), DECIMALS) if best > 0 else 0.0


def rounded(figures: Mapping[str, float]) -> Figures:
    """The figures with the four decimals of an answer."""
    return {key: round(float(figure), DECIMALS) for key, figure in figures.items()}
