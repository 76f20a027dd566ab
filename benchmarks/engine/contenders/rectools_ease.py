"""RecTools: EASE."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from contender import LENGTH, Contender, run
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel

RIDGE = 300.0


class RectoolsEase(Contender):
    """EASE with the library's own data set and data frames."""

    def train(self) -> None:
        pairs = pd.DataFrame({Columns.User: self.users, Columns.Item: self.items}).drop_duplicates()
        pairs[Columns.Weight], pairs[Columns.Datetime] = 1.0, pd.Timestamp("2026-01-01")
        self._dataset = Dataset.construct(pairs)
        self._model = EASEModel(regularization=RIDGE)
        self._model.fit(self._dataset)

    def score(self, users: Any) -> Any:
        known = np.intersect1d(users, self.users)
        lists = self._model.recommend(known, self._dataset, LENGTH, filter_viewed=False)
        ranked = np.full((len(users), LENGTH), -1)
        places = np.searchsorted(users, lists[Columns.User].to_numpy())
        ranked[places, lists[Columns.Rank].to_numpy() - 1] = lists[Columns.Item].to_numpy()
        return ranked

    def similar(self) -> None:
        self._model.recommend_to_items(np.unique(self.items), self._dataset, LENGTH)


if __name__ == "__main__":
    run(RectoolsEase, version("rectools"))
