"""aws-similar-items: aws-sims and, on top, what the items are.

Items with fewer than MIN_INTERACTIONS interactions are cold: what they are is all that counts for them, as the item
asked about and as an answer.

Hyperparameters
popularity_discount_factor  from 0 (popular items come as they are) to 1 (they come last)
item_id_hidden_dim          how finely interactions tell items apart: the weight of what users took, 100 is 1
item_metadata_hidden_dim    the same for what the items are
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

MIN_INTERACTIONS = 5
MIN_COINTERACTIONS = 1
#: What likeness by attributes weighs beside three views of the interactions that weigh four.
CONTENT_WEIGHT = 0.4
USUAL_DIMENSION = 100.0


class SimilarItems(Sims):
    """Neighbours by interactions and by attributes; fields as `Sims`."""

    neutral_discount: ClassVar[float] = 0.0

    @classmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        histories, n_items = training.histories, training.n_items
        taken, held = (float(options.get(name, USUAL_DIMENSION)) / USUAL_DIMENSION for name in
                       ("item_id_hidden_dim", "item_metadata_hidden_dim"))  # fmt: skip
        warm = np.bincount(histories.items, minlength=n_items) >= MIN_INTERACTIONS
        kin, known = kinship(histories.keep(warm[histories.items]), n_items), features(training.items)
        by_content = np.float32(CONTENT_WEIGHT * held) if known.shape[1] else None

        def alike(items: Ints) -> Floats:
            by_users = np.float32(taken) * kin.rows(items, MIN_COINTERACTIONS)
            return by_users if by_content is None else by_users + by_content * likeness(known, items)

        return cls.of(alike, popularity(histories, n_items), options)
