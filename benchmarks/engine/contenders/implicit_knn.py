"""implicit: items by cosine of their users."""

from __future__ import annotations

from typing import Any

import implicit
import numpy as np
from contender import LENGTH, Contender, run
from implicit.nearest_neighbours import CosineRecommender

NEIGHBOURS = 100


class ImplicitKnn(Contender):
    """100 neighbours per item."""

    def train(self) -> None:
        self._pairs = self.pairs
        self._model = CosineRecommender(K=NEIGHBOURS)
        self._model.fit(self._pairs, show_progress=False)

    def score(self, users: Any) -> Any:
        return self._model.recommend(users, self._pairs[users], LENGTH, filter_already_liked_items=False)[0]

    def similar(self) -> None:
        self._model.similar_items(np.arange(self.n_items), LENGTH + 1)


if __name__ == "__main__":
    run(ImplicitKnn, implicit.__version__)
