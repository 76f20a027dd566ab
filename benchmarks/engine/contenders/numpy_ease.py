"""EASE, written straightforwardly in numpy: dense blocks in float32, argpartition.

Source: H. Steck, "Embarrassingly shallow autoencoders for sparse data", 2019.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from contender import LENGTH, Contender, run

RIDGE = 300.0
BLOCK = 4_096


class NumpyEase(Contender):
    """One dense item-item matrix."""

    def train(self) -> None:
        self._pairs = self.pairs
        gram = (self._pairs.T @ self._pairs).toarray()
        gram[np.diag_indices(self.n_items)] += RIDGE
        inverse = np.linalg.inv(gram)
        self._weights = -inverse / np.diag(inverse)
        self._weights[np.diag_indices(self.n_items)] = 0

    def score(self, users: Any) -> Any:
        return np.concatenate([self._top(self._pairs[some] @ self._weights) for some in _blocks(users)])

    def similar(self) -> None:
        self._top(self._weights)

    def _top(self, scores: Any) -> Any:
        chosen = np.argpartition(scores, -LENGTH, axis=1)[:, -LENGTH:]
        order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1)
        return np.take_along_axis(chosen, order, axis=1)


def _blocks(users: Any) -> Any:
    for start in range(0, len(users), BLOCK):
        yield users[start : start + BLOCK]


if __name__ == "__main__":
    run(NumpyEase, np.__version__)
