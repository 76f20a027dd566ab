"""aws-sims and aws-similar-items: items taken by the same users, popular ones discounted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from services.engine.data.training import Training
from services.engine.models.model import Model, Ranked
from services.engine.recipes.cooccurrence import cooccurrence, neighbours
from services.engine.recipes.histories import Floats, Histories
from services.engine.recipes.popularity import popularity

MAX_NEIGHBOURS = 500  # the longest list that may be asked for


@dataclass(frozen=True)
class SimilarItems(Model):
    """Similarity of items (n_items, n_items), and a popularity below every similarity that fills short lists."""

    similarity: sp.csr_matrix
    filler: Floats
    input_key: ClassVar[str] = "itemId"

    @classmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        histories, n_items = training.histories, training.n_items
        similarity = cooccurrence(
            histories.binary(n_items),
            popularity_discount=float(options.get("popularity_discount_factor", 0.5)),
            min_cointeractions=int(options.get("min_cointeraction_count", 3)),
        )
        users = popularity(histories, n_items)
        least = similarity.data.min() if similarity.nnz else 1.0
        return cls(neighbours(similarity, MAX_NEIGHBOURS), (users / (users.max() + 1) * least).astype(np.float32))

    def scores(self, queries: Histories) -> Floats:
        """Likeness to the newest item of each query, which itself is never an answer."""
        known = queries.lengths > 0
        newest = queries.items[queries.starts[1:][known] - 1]
        scores: Floats = np.tile(self.filler, (len(queries), 1))
        scores[known] += self.similarity[newest].toarray()
        scores[np.flatnonzero(known), newest] = -np.inf
        return scores

    def rank(self, queries: Histories, length: int) -> Ranked:
        return super().rank(queries, min(length, len(self.filler) - 1))
