"""Neighbourhood: similarity of items by their users in common, for each item's nearest neighbours only.

Memory grows with the number of items and not with its square, so large catalogues use this model.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp

from services.engine.recipes.histories import Floats, Ints
from services.engine.recipes.kernels import NOWHERE, walk
from services.engine.recipes.threads import in_parts

#: Neighbours that a model keeps of each item where its weights are sparse.
MAX_NEIGHBOURS = 200


def cosine(interactions: sp.csr_matrix, limit: int, *, min_shared: int = 2) -> sp.csr_matrix:
    """Compute the cosine of items: shared users / the geometric mean of their users. (n_items, n_items), float32."""
    users = np.bincount(interactions.indices, minlength=interactions.shape[1])
    scale = _power(users, -0.5)
    return _nearest(interactions, np.ones(interactions.shape[0], np.float32), scale, scale, limit, min_shared)


def rp3beta(interactions: sp.csr_matrix, limit: int, *, beta: float = 0.6) -> sp.csr_matrix:
    """Compute the probability to walk from one item over a user to another, popular targets discounted.

    Shape (n_items, n_items), float32.

    Source: B. Paudel et al., "Updatable, accurate, diverse, and scalable recommendations for interactive
    applications", ACM TiiS 2017, with α = 1.
    """
    users = np.bincount(interactions.indices, minlength=interactions.shape[1])
    steps = _power(np.diff(interactions.indptr), -1)
    return _nearest(interactions, steps, _power(users, -1), _power(users, -beta), limit, 1)


def csr_of(values: Floats, columns: Ints, n_items: int) -> sp.csr_matrix:
    """Convert heaps of best values by row to a sparse matrix, without unused places."""
    used = columns != NOWHERE
    starts = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
    return sp.csr_matrix((values[used], columns[used], starts), shape=(len(columns), n_items))


def heaps(n_rows: int, limit: int) -> tuple[Floats, Ints]:
    """Create empty heaps of the best values of rows and their columns."""
    return np.full((n_rows, limit), -np.inf, np.float32), np.full((n_rows, limit), NOWHERE, np.int32)


def _nearest(
    interactions: sp.csr_matrix, user_weights: Floats, own_scale: Floats, scale: Floats, limit: int, least: int
) -> sp.csr_matrix:
    n_items = interactions.shape[1]
    by_item = sp.csr_matrix(interactions.T)
    values, columns = heaps(n_items, min(limit, n_items))
    work = partial(
        walk, *_places(by_item), *_places(interactions), user_weights, own_scale, scale, least, values, columns
    )
    in_parts(work, n_items)
    return csr_of(values, columns, n_items)


def _places(matrix: sp.csr_matrix) -> tuple[Any, Any]:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)


def _power(counts: Ints, power: float) -> Floats:
    return np.asarray(np.maximum(counts, 1).astype(np.float32) ** power, np.float32)
