"""LensKit: alternating least squares on implicit feedback, through its pipelines, in one process."""

from __future__ import annotations

from typing import Any

import lenskit
import numpy as np
import pandas as pd
from contender import LENGTH, Contender, run
from lenskit.als import ImplicitMFScorer
from lenskit.batch import recommend
from lenskit.data import from_interactions_df
from lenskit.pipeline import topn_pipeline


class LenskitAls(Contender):
    """64 features, 15 epochs; recommends to 10,000 users, and the time is scaled up."""

    sample = 10_000

    def train(self) -> None:
        pairs = pd.DataFrame({"user_id": self.users, "item_id": self.items}).drop_duplicates()
        self._pipeline = topn_pipeline(ImplicitMFScorer(embedding_size=64, epochs=15))
        self._pipeline.train(from_interactions_df(pairs))

    def score(self, users: Any) -> Any:
        lists = recommend(self._pipeline, users.tolist(), LENGTH, n_jobs=1)
        ranked = np.full((len(users), LENGTH), -1)
        for key, items in lists:
            ids = items.ids()
            ranked[np.searchsorted(users, key.user_id), : len(ids)] = ids
        return ranked


if __name__ == "__main__":
    run(LenskitAls, lenskit.__version__)
