"""Taste: item-item weights, learned from items with users in common; a mix of up to three methods.

ease             the best method, if the items are few enough for a dense matrix
cosine, rp3beta  similarity to the nearest neighbours, sparse: the only methods for large catalogues

A mix has the share of each method, and that of recent popularity (`recent`), which is not a part of taste. Weights of
neighbours are multiplied by `scale`, which makes them as large as EASE's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp

from services.engine.data.training import Training
from services.engine.memory import available_bytes
from services.engine.recipes.content import features, likeness, row_blocks
from services.engine.recipes.ease import MAX_DENSE_ITEMS, ease, ridge_of
from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.neighbourhood import MAX_NEIGHBOURS, cosine, rp3beta

#: Maximum share of the available memory for EASE's weights; beyond it, sparse neighbours are used instead.
MAX_DENSE_SHARE = 0.15
#: Weight of similarity by attributes towards an item without interactions, and the number of items it comes from.
COLD, COLD_NEIGHBOURS = 0.02, 20
#: Shares of the second method that are tried in a mix.
SHARES = (0.25, 0.5, 0.75)

Mix = Mapping[str, float]
Weights: TypeAlias = Floats | sp.csr_matrix
NEIGHBOURHOODS: Mapping[str, Callable[[sp.csr_matrix, int], sp.csr_matrix]] = {"cosine": cosine, "rp3beta": rp3beta}


def fixed_mix(n_items: int) -> Mix:
    """Return the mix that is used without a choice."""
    return {"ease": 1.0} if fits_dense(n_items) else {"cosine": 1.0}


def fits_dense(n_items: int) -> bool:
    """Return whether a dense matrix of items by items is small enough, in itself and for the available memory."""
    available = available_bytes()
    return n_items <= MAX_DENSE_ITEMS and (available is None or 4 * n_items**2 <= MAX_DENSE_SHARE * available)


def taste(training: Training, options: Mapping[str, str], mix: Mix) -> Weights:
    """Learn the weights of a mix, shape (n_items, n_items); dense if EASE has a share."""
    interactions = _learners(training.histories, options).binary(training.n_items)
    weights: Weights = sp.csr_matrix((training.n_items,) * 2, dtype=np.float32)
    if mix.get("ease"):
        weights = ease(interactions, ridge_of(options))
        weights *= np.float32(mix["ease"])
    for name, learn in NEIGHBOURHOODS.items():
        if mix.get(name):
            near = learn(interactions, MAX_NEIGHBOURS)
            near.data *= np.float32(mix[name] * mix.get("scale", 1.0) / (mass(near) or 1.0))
            weights = added(weights, near)
    untouched = np.flatnonzero(np.bincount(training.histories.items, minlength=training.n_items) == 0)
    return with_cold(weights, training, untouched)


def mass(weights: Weights) -> float:
    """Return the mean, over items, of the sum of positive weights. By row: a second dense matrix may not fit."""
    rows: Iterable[Floats] = [np.asarray(weights.data)] if sp.issparse(weights) else weights
    total = sum(float(np.maximum(row, 0).sum()) for row in rows)
    return total / max(int(weights.shape[0]), 1)


def mixed(first: Weights, second: sp.csr_matrix, share: float) -> Weights:
    """Mix the first weights with a `share` of the second, in a new matrix."""
    return added(first * np.float32(1 - share), sp.csr_matrix(second * np.float32(share)))


def added(weights: Weights, more: sp.csr_matrix) -> Weights:
    """Return the sum; dense weights are changed in place, because a second dense matrix may not fit."""
    if sp.issparse(weights):
        return sp.csr_matrix(weights + more)
    weights[rows_of(more), more.indices] += more.data
    return weights


def rows_of(weights: sp.csr_matrix) -> Ints:
    """Return the row of each cell."""
    return np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))


def with_cold(weights: Weights, training: Training, cold: Ints) -> Weights:
    """Add a little similarity by attributes from known items to those without interactions."""
    for more in _cold_parts(training, cold):
        weights = added(weights, more)
    return weights


def _cold_parts(training: Training, cold: Ints) -> Iterator[sp.csr_matrix]:
    held = features(training.items) if len(cold) and training.items.columns else None
    if held is None or not held.nnz:
        return
    n_items = len(training.items.ids)
    known = np.ones(n_items, np.float32)
    known[cold] = 0
    for rows in row_blocks(cold, n_items):
        alike = likeness(held, rows) * known
        nearest = np.argpartition(-alike, min(COLD_NEIGHBOURS, n_items - 1), axis=1)[:, :COLD_NEIGHBOURS]
        values = COLD * np.take_along_axis(alike, nearest, axis=1).ravel()
        to = np.repeat(rows, nearest.shape[1])
        yield sp.csr_matrix((values, (nearest.ravel(), to)), shape=(n_items, n_items), dtype=np.float32)


def _learners(histories: Histories, options: Mapping[str, str]) -> Histories:
    """Return the histories whose lengths are within the percentiles of the options."""
    bounds = [options.get(f"{end}_user_history_length_percentile") for end in ("min", "max")]
    if bounds == [None, None]:
        return histories
    low, high = np.quantile(histories.lengths, [float(bounds[0] or 0), float(bounds[1] or 1)])
    return histories.take(np.flatnonzero((histories.lengths >= low) & (histories.lengths <= high)))
