"""Objective: recommendations that favour items with a high number, such as their margin."""

from __future__ import annotations

import numpy as np

from services.engine.recipes.histories import Floats

#: The power of the reward by the sensitivity of the objective. At 1 a score becomes an expected reward.
POWERS = {"OFF": 0.0, "LOW": 0.25, "MEDIUM": 0.5, "HIGH": 1.0}
#: Minimum factor, as a share of the span of rewards, so that relevance is never quite ignored.
FLOOR = 0.01


def rewards(values: Floats) -> Floats:
    """Scale a column of numbers to rewards: not negative, with a mean of 1; null counts as the minimum.

    Without negative numbers 0 stays 0, so that a price of 20 is worth twice a price of 10; else the minimum becomes 0.
    Shapes   values (n_items,), NaN for null; returns the same shape.
    """
    known = np.nan_to_num(values, nan=float(np.nanmin(values)) if np.isfinite(values).any() else 0.0)
    positive = known - min(known.min(initial=0.0), 0.0)
    mean = positive.mean() if len(positive) else 0.0
    return np.asarray(positive / mean if mean > 0 else np.ones_like(positive))


def leaning(item_rewards: Floats, sensitivity: str) -> Floats:
    """Return the factor on each item's score: positive, and 1 for all items if the sensitivity is OFF.

    Shapes   item_rewards (n_items,), not negative, from `rewards`; returns (n_items,), float32.
    """
    span = item_rewards.max(initial=0.0) or 1.0
    return np.asarray((item_rewards / span + FLOOR) ** POWERS[sensitivity], np.float32)
