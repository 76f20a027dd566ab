"""Taste: item-item weights of what users took together, mixed of up to three ways to learn them.

ease             the best where the items are few enough for a dense matrix
cosine, rp3beta  likeness to the nearest neighbours, sparse: all that there is for large catalogues

A mix names the share of each, and of recent popularity (`recent`), which is no part of taste. Neighbours are multiplied
by its `scale`, so that their weights are of EASE's size and everything stays balanced against them.
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
from services.engine.recipes.neighbourhood import cosine, rp3beta

#: What EASE's weights may take of the memory that is left; beyond that, sparse neighbours take their place.
MAX_DENSE_SHARE = 0.15
NEIGHBOURS = 200
#: Weight of likeness by attributes towards an item that nobody took yet, and of how many items it is drawn from.
COLD, COLD_NEIGHBOURS = 0.02, 20
#: What a second taste may have of a mix.
SHARES = (0.25, 0.5, 0.75)

Mix = Mapping[str, float]
Weights: TypeAlias = Floats | sp.csr_matrix
NEIGHBOURHOODS: Mapping[str, Callable[[sp.csr_matrix, int], sp.csr_matrix]] = {"cosine": cosine, "rp3beta": rp3beta}


def fixed_mix(n_items: int) -> Mix:
    """The taste without a choice."""
    return {"ease": 1.0} if fits_dense(n_items) else {"cosine": 1.0}


def fits_dense(n_items: int) -> bool:
    """Whether a dense matrix of items by items is small enough, by itself and for the memory that is left."""
    available = available_bytes()
    return n_items <= MAX_DENSE_ITEMS and (available is None or 4 * n_items**2 <= MAX_DENSE_SHARE * available)


def taste(training: Training, options: Mapping[str, str], mix: Mix) -> Weights:
    """The weights of a mix, shape (n_items, n_items); dense if EASE has a share."""
    interactions = _learners(training.histories, options).binary(training.n_items)
    weights: Weights = sp.csr_matrix((training.n_items,) * 2, dtype=np.float32)
    if mix.get("ease"):
        weights = ease(interactions, ridge_of(options))
        weights *= np.float32(mix["ease"])
    for name, learn in NEIGHBOURHOODS.items():
        if mix.get(name):
            near = learn(interactions, NEIGHBOURS)
            near.data *= np.float32(mix[name] * mix.get("scale", 1.0) / (mass(near) or 1.0))
            weights = added(weights, near)
    untouched = np.flatnonzero(np.bincount(training.histories.items, minlength=training.n_items) == 0)
    return with_cold(weights, training, untouched)


def mass(weights: Weights) -> float:
    """Mean over items of the sum of their positive weights; row by row, because a second dense matrix may not fit."""
    rows: Iterable[Floats] = [np.asarray(weights.data)] if sp.issparse(weights) else weights
    total = sum(float(np.maximum(row, 0).sum()) for row in rows)
    return total / max(int(weights.shape[0]), 1)


def mixed(first: Weights, second: sp.csr_matrix, share: float) -> Weights:
    """`share` of the second and the rest of the first, in a matrix of its own."""
    return added(first * np.float32(1 - share), sp.csr_matrix(second * np.float32(share)))


def added(weights: Weights, more: sp.csr_matrix) -> Weights:
    """The sum; dense weights are changed in place, because a second dense matrix may not fit."""
    if sp.issparse(weights):
        return sp.csr_matrix(weights + more)
    weights[rows_of(more), more.indices] += more.data
    return weights


def rows_of(weights: sp.csr_matrix) -> Ints:
    """The row of each cell."""
    return np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))


def with_cold(weights: Weights, training: Training, cold: Ints) -> Weights:
    """The weights with a little likeness by attributes from known items to those that nobody took."""
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
    """The histories that are neither too short nor too long by their percentiles."""
    bounds = [options.get(f"{end}_user_history_length_percentile") for end in ("min", "max")]
    if bounds == [None, None]:
        return histories
    low, high = np.quantile(histories.lengths, [float(bounds[0] or 0), float(bounds[1] or 1)])
    return histories.take(np.flatnonzero((histories.lengths >= low) & (histories.lengths <= high)))
