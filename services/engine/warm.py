"""`python -m services.engine.warm`: compile the engine's kernels into numba's cache, so that the first job need not.

Every model is fitted on a few made-up interactions and ranks once; answers are encoded once.
"""

from __future__ import annotations

import numpy as np

from services.engine.data.attributes import Attributes
from services.engine.data.interactions import Interactions
from services.engine.data.training import Training
from services.engine.jobs.batch_inference import SCORED
from services.engine.jobs.json_lines import Lists, Pieces, encode
from services.engine.metrics import examples
from services.engine.models import MODELS
from services.engine.recipes.histories import Histories

USERS, ITEMS, EVENTS = 80, 30, 15


def up() -> None:
    """Run every kernel once, with the argument types of real jobs."""
    training = _made_up()
    all_users = np.arange(USERS)
    for model in set(MODELS.values()):
        fitted = model.chosen(training, {}, examples(training.histories, all_users))
        fitted.rank(training.histories.take(all_users), 5)
    lists = Lists.of([np.array([0, 1])], [np.array([0.75, 0.25], np.float32)])
    encode(SCORED, [b"{}"], [None], Pieces.quoted(["a", "b"]), lists)


def _made_up() -> Training:
    random = np.random.default_rng(0)
    starts = np.arange(USERS + 1) * EVENTS
    items = random.integers(0, ITEMS, USERS * EVENTS).astype(np.int32)
    nth = np.tile(np.arange(EVENTS), USERS)
    ones = np.ones(len(items), np.float32)
    histories = Histories(starts, items, nth.astype(np.int32), ones, nth.astype(np.int64))
    user_ids = np.array([f"u{n:03d}".encode() for n in range(USERS)])
    item_ids = np.array([f"i{n:03d}".encode() for n in range(ITEMS)])
    interactions = Interactions(user_ids, item_ids, histories)
    return Training(interactions, Attributes(item_ids), Attributes(user_ids))


if __name__ == "__main__":
    up()
