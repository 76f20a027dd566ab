"""Aisle's engine: its models as jobs/train.py and batch inference use them, without files and without HTTP.

The fixed recipe: user-personalization as it is fitted before any choice among blends, and sims for the items. Compiled
kernels come from the cache, as in an installed engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from contender import LENGTH, Contender, run

from services.engine import warm
from services.engine.data.attributes import Attributes
from services.engine.data.interactions import Interactions
from services.engine.data.training import Training
from services.engine.models.sims import Sims
from services.engine.models.storage import single_items
from services.engine.models.user_personalization import UserPersonalization
from services.engine.recipes.histories import Histories


class AisleEngine(Contender):
    """Runs in the project's own environment."""

    def warm_up(self) -> None:
        warm.up()

    def train(self) -> None:
        lengths = np.bincount(self.users, minlength=self.n_users)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        nth = np.arange(len(self.users)) - np.repeat(starts[:-1], lengths)
        items, ones = self.items.astype(np.int32), np.ones(len(self.users), np.float32)
        histories = Histories(starts, items, nth.astype(np.int32), ones, nth.astype(np.int64))
        names = np.char.add("u", np.arange(self.n_users).astype(str)).astype(np.bytes_)
        interactions = Interactions(names, names[: self.n_items], histories)
        training = Training(interactions, Attributes(interactions.item_ids), Attributes(interactions.user_ids))
        self._histories = histories
        self._model = UserPersonalization.fit(training, {})
        self._sims = Sims.fit(training, {})

    def score(self, users: Any) -> Any:
        return self._model.rank(self._histories.take(users), LENGTH).items

    def similar(self) -> None:
        self._sims.rank(single_items(np.arange(self.n_items)), LENGTH)


if __name__ == "__main__":
    run(AisleEngine, "this tree")
