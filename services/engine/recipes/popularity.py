"""Popularity: the number of users of an item."""

from __future__ import annotations

import numpy as np

from services.engine.recipes.histories import Floats, Histories

HALF_LIFE = 30 * 86_400


def popularity(histories: Histories, n_items: int) -> Floats:
    """Count the distinct users of each item, shape (n_items,), float32."""
    return np.asarray(histories.binary(n_items).sum(axis=0), dtype=np.float32).ravel()


def recent_popularity(histories: Histories, n_items: int) -> Floats:
    """Count the events of each item; those HALF_LIFE seconds before the newest count half. Float32."""
    ages = histories.times.max(initial=0) - histories.times
    return np.asarray(np.bincount(histories.items, 0.5 ** (ages / HALF_LIFE), n_items), np.float32)


def ordered(users: Floats) -> Floats:
    """Break ties: an earlier item is up to half a user ahead, so that every list has one order."""
    return np.asarray(users + 0.5 - 0.5 * np.arange(len(users)) / max(len(users), 1), np.float32)
