"""Promotions: promoted items get a share of the places, at random."""

from __future__ import annotations

import numpy as np

from services.engine.recipes.histories import Ints


def promoted_places(percent: int, length: int) -> int:
    """Return how many of `length` places are promoted: the percentage, rounded down, but at least one."""
    return min(max(length * percent // 100, 1), length)


def interleave(promoted: Ints, others: Ints, random: np.random.Generator) -> Ints:
    """Merge two lists; each keeps its order, and the places of promoted items are drawn.

    Shapes   promoted (p,), others (o,), returns (p + o,).
    """
    length = len(promoted) + len(others)
    places = np.sort(random.permutation(length)[: len(promoted)])
    is_promoted = np.zeros(length, bool)
    is_promoted[places] = True
    items = np.empty(length, np.int64)
    items[is_promoted], items[~is_promoted] = promoted, others
    return items
