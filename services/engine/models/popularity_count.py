"""aws-popularity-count: the same list for all users, by number of users. The baseline of the other recipes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from services.engine.data.training import Training
from services.engine.models.model import Model, Ranked
from services.engine.recipes.histories import Floats, Histories
from services.engine.recipes.popularity import ordered, popularity
from services.engine.recipes.ranking import top


@dataclass(frozen=True)
class PopularityCount(Model):
    """Number of users of each item, without ties."""

    users: Floats

    @classmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        return cls(ordered(popularity(training.histories, training.n_items)))

    def scores(self, queries: Histories) -> Floats:
        return np.tile(self.users, (len(queries), 1))

    def rank(self, queries: Histories, length: int) -> Ranked:
        return Ranked(np.tile(top(self.users[None, :], length), (len(queries), 1)))
