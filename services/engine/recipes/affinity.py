"""Affinity: how likely each user is to take given items, from what the user took and what goes with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from services.engine.recipes.histories import Floats


def affinity(
    memory: sp.csr_matrix, taken: sp.csr_matrix, asked: sp.csr_matrix, leading: Floats | sp.csr_matrix
) -> Floats:
    """Scores of all users for each query; higher is better.

    memory   (n_users, n_items) how present each item is to each user: who took it of late comes first
    taken    (n_users, n_items) 1 for what a user took: what leads to the asked items counts as well
    asked    (n_queries, n_items) how much each item of a query counts
    leading  (n_items, n_items) weight of a taken item (row) for another (column)
    Returns  (n_queries, n_users), float32.
    """
    # Without the columns that nobody asks for, of which a product would make a copy.
    columns = np.unique(asked.indices)
    wanted = asked[:, columns].T.tocsr()
    expected = taken @ _dense(leading[:, columns] @ wanted)
    return np.ascontiguousarray((expected + _dense(memory[:, columns] @ wanted)).T, dtype=np.float32)


def _dense(matrix: Any) -> Floats:
    return np.ascontiguousarray(matrix.toarray() if sp.issparse(matrix) else matrix)
