"""Scoring: every user's best items from pairs and item-item weights, without a matrix of users by items.

    preference = memory @ weights, × familiar where the user knows the item, + own
    score      = (positive preference + prior) / its sum over the catalogue

Dense weights are read by tiles of columns, each of which stays in the processor's cache for all users.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp

from services.engine.recipes.histories import Floats, Ints
from services.engine.recipes.kernels import NOWHERE, rank_dense, rank_sparse, settle
from services.engine.recipes.pairs import Pairs, flat
from services.engine.recipes.ranking import shares
from services.engine.recipes.threads import in_parts

#: Columns of a tile: 4 MB with 4,000 items. Few parts per thread, because each reads every tile into the cache again.
TILE_COLUMNS, PARTS_OF_A_THREAD = 256, 2


def best(
    pairs: Pairs, own: Floats, familiar: float, weights: Floats | sp.csr_matrix, prior: Floats, length: int
) -> tuple[Ints, Floats]:
    """Return the `length` best items of each user, best first, equal scores by column, and their scores.

    Shapes   own (n_pairs,), weights (n_items, n_items), prior (n_items,) positive; returns two of (n_users, length).
    """
    n_users, length = len(pairs.starts) - 1, min(length, len(prior))
    values = np.full((n_users, length), -np.inf, np.float32)
    columns = np.full((n_users, length), NOWHERE, np.int32)
    totals = np.zeros(n_users, np.float32)
    if length and n_users:
        user_part = (pairs.starts, pairs.items, pairs.memory, flat(own, np.float32), np.float32(familiar))
        output = (flat(prior, np.float32), values, columns, totals)
        if sp.issparse(weights):
            _rank_sparse(user_part, weights, output)
        else:
            _rank_dense(user_part, weights, output)
        in_parts(partial(settle, values, columns, totals), n_users)
    return columns, values


def scores_of(pairs: Pairs, own: Floats, familiar: float, weights: Floats | sp.csr_matrix, prior: Floats) -> Floats:
    """Return the scores of all items, shape (n_users, n_items)."""
    preference = pairs.matrix(pairs.memory, len(prior)) @ weights
    dense = np.asarray(preference.toarray() if sp.issparse(preference) else preference, np.float32)
    users = pairs.users
    dense[users, pairs.items] = dense[users, pairs.items] * np.float32(familiar) + own
    return shares(dense, prior)


def _rank_dense(user_part: tuple[Any, ...], weights: Floats, output: tuple[Any, ...]) -> None:
    prior, values, columns, totals = output
    settings: tuple[Any, ...] = (*user_part, flat(weights, np.float32), TILE_COLUMNS, prior, values, columns, totals)
    in_parts(partial(rank_dense, *settings), len(values), PARTS_OF_A_THREAD)


def _rank_sparse(user_part: tuple[Any, ...], weights: sp.csr_matrix, output: tuple[Any, ...]) -> None:
    prior, values, columns, totals = output
    rows = (flat(weights.indptr, np.int64), flat(weights.indices, np.int32), flat(weights.data, np.float32))
    popular = np.argsort(-prior, kind="stable").astype(np.int32)
    settings: tuple[Any, ...] = (*user_part, *rows, prior, popular, np.float32(prior.sum()), values, columns, totals)
    in_parts(partial(rank_sparse, *settings), len(values))
