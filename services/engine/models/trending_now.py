"""aws-trending-now: the same list for all users, by growth from one interval to the next.

The newest interval ends with the newest interaction of the training data, so that old data have trends too. If the last
two intervals before `now` have no interactions, the answer is the popular items.

Hyperparameter
trend_discovery_frequency   the length of an interval: 30 minutes, 1 hour, 2 hours (default), 3 hours or 1 day
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from services.engine.data.training import Training
from services.engine.metrics import LIST_LENGTH, trend_prediction_accuracy
from services.engine.models.model import Model, Ranked
from services.engine.recipes.histories import Floats, Histories
from services.engine.recipes.popularity import ordered, popularity
from services.engine.recipes.ranking import top
from services.engine.recipes.trend import growth, interval_counts

SECONDS = {"30 minutes": 1_800, "1 hour": 3_600, "2 hours": 7_200, "3 hours": 10_800, "1 day": 86_400}
DEFAULT_FREQUENCY = "2 hours"
N_INTERVALS = 4


@dataclass(frozen=True)
class TrendingNow(Model):
    """The trend of each item; among equals popular items come first. Shape (n_items,)."""

    trend: Floats

    @classmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        histories, n_items = training.histories, training.n_items
        return cls(trends(histories, n_items, interval_seconds(options), float(histories.times.max(initial=0))))

    @classmethod
    def own_metrics(cls, training: Training, options: Mapping[str, str]) -> dict[str, float]:
        """Return the accuracy, in the newest interval, of the trends one interval earlier."""
        histories, n_items, seconds = training.histories, training.n_items, interval_seconds(options)
        now = float(histories.times.max(initial=0))
        before = now - seconds
        ranked = top(trends(histories.keep(histories.times <= before), n_items, seconds, before)[None, :], LIST_LENGTH)
        earlier, later = interval_counts(histories, n_items, now, seconds, 2)
        return {"trend_prediction_accuracy": trend_prediction_accuracy(ranked[0], later - earlier)}

    def scores(self, queries: Histories) -> Floats:
        return np.tile(self.trend, (len(queries), 1))

    def rank(self, queries: Histories, length: int) -> Ranked:
        return Ranked(np.tile(top(self.trend[None, :], length), (len(queries), 1)))


def interval_seconds(options: Mapping[str, str]) -> int:
    """Return the length of an interval, in seconds, from the options."""
    return SECONDS[options.get("trend_discovery_frequency", DEFAULT_FREQUENCY)]


def trends(histories: Histories, n_items: int, seconds: float, now: float) -> Floats:
    """Return mean growth over the last intervals before `now`, plus a popularity below 1 that orders equals.

    Only popularity counts if the last two intervals have no interactions.
    Shapes   now in epoch seconds; returns (n_items,), float32.
    """
    users = ordered(popularity(histories, n_items))
    counts = interval_counts(histories, n_items, now, seconds, N_INTERVALS)
    rises = growth(counts) if counts[-2:].any() else np.zeros(n_items)
    smallest_step = 1 / 2**N_INTERVALS
    return np.asarray(rises + smallest_step * users / (users.max(initial=0) + 1), np.float32)
