"""Affinity of users to given items, from the items that they know and those that these lead to."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from services.engine.recipes.histories import Floats


def affinity(
    memory: sp.csr_matrix, taken: sp.csr_matrix, asked: sp.csr_matrix, leading: Floats | sp.csr_matrix
) -> Floats:
    """Score all users for each query; higher is better.

    memory   (n_users, n_items) presence of each item in each user's memory: recent users come first
    taken    (n_users, n_items) 1 for each item of a user: items that lead to those of the query count too
    asked    (n_queries, n_items) weight of each item of a query
    leading  (n_items, n_items) weight of a known item (row) for another (column)
    Returns  (n_queries, n_users), float32.
    """
    # Only the columns of the queries: a product would copy the others too.
    columns = np.unique(asked.indices)
    weights = asked[:, columns].T.tocsr()
    expected = taken @ _dense(leading[:, columns] @ weights)
    return np.ascontiguousarray((expected + _dense(memory[:, columns] @ weights)).T, dtype=np.float32)


def _dense(matrix: Any) -> Floats:
    return np.ascontiguousarray(matrix.toarray() if sp.issparse(matrix) else matrix)
