"""aws-similar-items: aws-sims and similarity by attributes.

Items with fewer than MIN_EVENTS interactions are cold: for them only attributes count, whether they are the item of the
question or an answer.

Hyperparameters
popularity_discount_factor  from 0 (no discount of popular items) to 1 (they come last)
item_id_hidden_dim          weight of similarity by interactions; 100 is a weight of 1
item_metadata_hidden_dim    weight of similarity by attributes; 100 is a weight of 1
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from services.engine.data.training import Training
from services.engine.models.sims import Sims, kinship
from services.engine.recipes.content import features, likeness
from services.engine.recipes.histories import Floats, Ints
from services.engine.recipes.popularity import popularity

MIN_EVENTS = 5
MIN_SHARED_USERS = 1
#: Weight of similarity by attributes; that of the three views of the interactions is 4 together.
CONTENT_WEIGHT = 0.4
#: The service's default of both dimensions.
DEFAULT_DIMENSION = 100.0


class SimilarItems(Sims):
    """Neighbours by interactions and by attributes; fields as `Sims`."""

    neutral_discount: ClassVar[float] = 0.0

    @classmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        histories, n_items = training.histories, training.n_items
        taken, held = (float(options.get(name, DEFAULT_DIMENSION)) / DEFAULT_DIMENSION for name in
                       ("item_id_hidden_dim", "item_metadata_hidden_dim"))  # fmt: skip
        warm = np.bincount(histories.items, minlength=n_items) >= MIN_EVENTS
        kin, known = kinship(histories.keep(warm[histories.items]), n_items), features(training.items)
        by_content = np.float32(CONTENT_WEIGHT * held) if known.shape[1] else None

        def alike(items: Ints) -> Floats:
            by_users = np.float32(taken) * kin.rows(items, MIN_SHARED_USERS)
            return by_users if by_content is None else by_users + by_content * likeness(known, items)

        return cls.of(alike, popularity(histories, n_items), options)
