"""Co-occurrence: users in common, relative to the popularity of both items."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from services.engine.recipes.histories import Floats


def cooccurrence(interactions: sp.csr_matrix, *, popularity_discount: float, min_cointeractions: int) -> sp.csr_matrix:
    """Compute the similarity of items: shared users / (users of a ** (1 - d) * users of b ** d), d from 0.5 to 1.

    `popularity_discount` 0 gives the cosine's mild discount (d = 0.5), 1 divides by all of the other's users.
    Pairs with fewer than `min_cointeractions` shared users, and the item itself, are left out.
    Shapes   interactions (n_users, n_items) binary, returns (n_items, n_items) sparse float32.
    """
    shared = sp.coo_matrix(interactions.T @ interactions)
    users = np.asarray(interactions.sum(axis=0), dtype=np.float32).ravel()
    real = (shared.row != shared.col) & (shared.data >= max(min_cointeractions, 1))
    row, column, count = shared.row[real], shared.col[real], shared.data[real]
    discount = 0.5 + popularity_discount / 2
    similarity = count / (users[row] ** (1 - discount) * users[column] ** discount)
    return sp.csr_matrix((similarity.astype(np.float32), (row, column)), shape=shared.shape)


def neighbours(similarity: sp.csr_matrix, limit: int) -> sp.csr_matrix:
    """Keep only the `limit` most similar items of each row."""
    kept = similarity.copy()
    for row in np.flatnonzero(np.diff(similarity.indptr) > limit):
        values: Floats = kept.data[kept.indptr[row] : kept.indptr[row + 1]]
        values[np.argpartition(values, -limit)[:-limit]] = 0
    kept.eliminate_zeros()
    return kept
