"""implicit: alternating least squares, 64 factors, 15 iterations."""

from __future__ import annotations

from typing import Any

import implicit
import numpy as np
from contender import LENGTH, Contender, run
from implicit.als import AlternatingLeastSquares


class ImplicitAls(Contender):
    """On the processor, all threads."""

    def train(self) -> None:
        self._pairs = self.pairs
        self._model = AlternatingLeastSquares(factors=64, iterations=15, use_gpu=False, random_state=0)
        self._model.fit(self._pairs, show_progress=False)

    def score(self, users: Any) -> Any:
        return self._model.recommend(users, self._pairs[users], LENGTH, filter_already_liked_items=False)[0]

    def similar(self) -> None:
        self._model.similar_items(np.arange(self.n_items), LENGTH + 1)


if __name__ == "__main__":
    run(ImplicitAls, implicit.__version__)
