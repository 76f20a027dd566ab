"""Sequence rules: what users did next after an item."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from services.engine.recipes.histories import Histories


def sequence_rules(histories: Histories, n_items: int, *, reach: int = 5, shrinkage: float = 3.0) -> sp.csr_matrix:
    """Weight of each item's followers: a follower `gap` events later counts 1 / gap, rows are shares of support.

    Shapes   returns (n_items, n_items) sparse float32 with an empty diagonal; a row sums to less than 1.
    `shrinkage` is the support at which a row reaches half its size, so rare items claim little.
    """
    users = histories.users
    pairs: list[sp.csr_matrix] = []
    for gap in range(1, reach + 1):
        before, after = histories.items[:-gap], histories.items[gap:]
        real = (users[:-gap] == users[gap:]) & (before != after)
        weights = np.full(int(real.sum()), 1 / gap, np.float32)
        pairs.append(sp.csr_matrix((weights, (before[real], after[real])), shape=(n_items, n_items)))
    total = sum(pairs[1:], pairs[0])
    support = np.asarray(total.sum(axis=1), dtype=np.float32).ravel()
    return sp.csr_matrix(sp.diags_array(1 / (support + shrinkage)).astype(np.float32) @ total)
