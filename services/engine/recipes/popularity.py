"""Popularity: how many users took an item."""

from __future__ import annotations

import numpy as np

from services.engine.recipes.histories import Floats, Histories


def popularity(histories: Histories, n_items: int) -> Floats:
    """Number of distinct users of each item, shape (n_items,), float32."""
    return np.asarray(histories.binary(n_items).sum(axis=0), dtype=np.float32).ravel()
