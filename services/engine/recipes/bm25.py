"""BM25 between items: items are the documents and their users the terms, so that users of few items count more.

Source: S. Robertson and H. Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from services.engine.recipes.histories import Floats

SATURATION = 1.2  # k1
LENGTH_NORMALISATION = 0.75  # b


def user_information(interactions: sp.csr_matrix) -> Floats:
    """Return the square of each user's inverse document frequency: 0 for a user of all items. Shape (n_users,)."""
    n_items = interactions.shape[1]
    taken = np.diff(interactions.indptr)
    return np.asarray(np.log(np.maximum(n_items / (1 + taken), 1)) ** 2)


def item_saturation(n_users: Floats) -> Floats:
    """Return the weight of one user for each item: less for an item of many users. Shapes (n_items,) and the same."""
    positive = n_users[n_users > 0]
    relative = n_users / (positive.mean() if len(positive) else 1.0)
    length = 1 - LENGTH_NORMALISATION + LENGTH_NORMALISATION * relative
    return np.asarray((SATURATION + 1) / (SATURATION * length + 1))
