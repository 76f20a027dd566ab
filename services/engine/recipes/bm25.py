"""BM25 between items: items are documents and their users the terms, so that a user of few items says more.

Source: S. Robertson and H. Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from services.engine.recipes.histories import Floats

SATURATION = 1.2  # k1
LENGTH_NORMALISATION = 0.75  # b


def user_information(interactions: sp.csr_matrix) -> Floats:
    """Square of each user's inverse document frequency: 0 for who took everything. Shape (n_users,)."""
    n_items = interactions.shape[1]
    taken = np.diff(interactions.indptr)
    return np.asarray(np.log(np.maximum(n_items / (1 + taken), 1)) ** 2)


def item_saturation(n_users: Floats) -> Floats:
    """What one user is worth to each item: less to an item of many. Shapes n_users (n_items,), the same."""
    some = n_users[n_users > 0]
    relative = n_users / (some.mean() if len(some) else 1.0)
    length = 1 - LENGTH_NORMALISATION + LENGTH_NORMALISATION * relative
    return np.asarray((SATURATION + 1) / (SATURATION * length + 1))
