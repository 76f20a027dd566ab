"""aws-popularity-count: the same list for everybody, by number of users. The yardstick of the other recipes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from services.engine.models.model import Model, Ranked
from services.engine.recipes.histories import Histories, Ints
from services.engine.recipes.popularity import popularity


@dataclass(frozen=True)
class PopularityCount(Model):
    """Item numbers from the most to the least popular."""

    order: Ints

    @classmethod
    def fit(cls, histories: Histories, n_items: int, options: Mapping[str, str]) -> Self:
        return cls(np.argsort(-popularity(histories, n_items), kind="stable").astype(np.int32))

    def rank(self, queries: Histories, length: int) -> Ranked:
        return Ranked(np.tile(self.order[:length], (len(queries), 1)))
