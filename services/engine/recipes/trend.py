"""Trend: growth of the items' events from one interval of time to the next."""

from __future__ import annotations

import numpy as np

from services.engine.recipes.histories import Floats, Histories


def interval_counts(histories: Histories, n_items: int, end: float, seconds: float, n_intervals: int) -> Floats:
    """Count the events of each item in the last intervals before `end`, which is included; oldest first.

    Shapes   end and seconds in epoch seconds and seconds; returns (n_intervals, n_items).
    """
    back = np.floor((end - histories.times) / seconds).astype(np.int64)
    recent = (back >= 0) & (back < n_intervals)
    cells = (n_intervals - 1 - back[recent]) * n_items + histories.items[recent]
    counts = np.bincount(cells, minlength=n_intervals * n_items)
    return np.asarray(counts.reshape(n_intervals, n_items), np.float64)


def growth(counts: Floats, fading: float = 0.5) -> Floats:
    """Return the mean rise from interval to interval, weighted to the latest; shapes counts (n, n_items), (n_items,).

    Each rise counts `fading` of the next one, so that one exceptional interval is not a trend yet.
    """
    rises = np.diff(counts, axis=0)
    weights = fading ** np.arange(len(rises))[::-1]
    return np.asarray(weights @ rises / weights.sum())
