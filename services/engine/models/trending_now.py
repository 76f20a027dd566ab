"""aws-trending-now: the same list for everybody, by growth from one interval to the next.

The newest interval ends with the newest interaction known at training, so that data of last year have trends too. If
its last two intervals hold no interactions, as can be asked for with `now`, the popular items are the answer.

Hyperparameter
trend_discovery_frequency   the length of an interval: 30 minutes, 1 hour, 2 hours (usual), 3 hours or 1 day
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
USUAL_FREQUENCY = "2 hours"
N_INTERVALS = 4


@dataclass(frozen=True)
class TrendingNow(Model):
    """How much each item trends, popular ones first among equals; shape (n_items,)."""

    trend: Floats

    @classmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        histories, n_items = training.histories, training.n_items
        return cls(trends(histories, n_items, interval_seconds(options), float(histories.times.max(initial=0))))

    @classmethod
    def own_metrics(cls, training: Training, options: Mapping[str, str]) -> dict[str, float]:
        """Accuracy in the newest interval, of trends as they were one interval before."""
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
    """The length of an interval as `options` have it."""
    return SECONDS[options.get("trend_discovery_frequency", USUAL_FREQUENCY)]


def trends(histories: Histories, n_items: int, seconds: float, now: float) -> Floats:
    """Mean growth over the last intervals before `now` plus a popularity below 1 that decides between equals.

    Popularity alone if nothing happened in the last two intervals.
    Shapes   now in epoch seconds; returns (n_items,), float32.
    """
    users = ordered(popularity(histories, n_items))
    counts = interval_counts(histories, n_items, now, seconds, N_INTERVALS)
    rises = growth(counts) if counts[-2:].any() else np.zeros(n_items)
    smallest_step = 1 / 2**N_INTERVALS
    return np.asarray(rises + smallest_step * users / (users.max(initial=0) + 1), np.float32)
