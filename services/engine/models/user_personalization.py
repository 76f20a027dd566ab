"""aws-user-personalization: taste (EASE), what follows (sequence rules) and the user's own items again.

All three look at the user's history through a fading memory, the first two through the same.

Nothing already taken is filtered: in shops and media people come back to the same things, and the service does not
filter either. How much each part counts is chosen among fixed blends on held-out users.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import product
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from services.engine.data.training import Training
from services.engine.metrics import LIST_LENGTH, Examples, hits, mean_reciprocal_rank, ndcg
from services.engine.models.model import Model, Ranked
from services.engine.recipes.cooccurrence import cooccurrence, neighbours
from services.engine.recipes.ease import ease
from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.popularity import ordered, popularity
from services.engine.recipes.ranking import shares, top
from services.engine.recipes.sequence import sequence_rules

#: Above this many items the dense item-item matrix (4 bytes per pair, two of them while fitting) gives way to
#: sparse neighbours.
MAX_DENSE_ITEMS = 16_000
NEIGHBOURS = 200
FOLLOWERS = 100
RIDGE = 300.0
#: Weight of the popularity prior: enough to order what a user gives no reason for, too little to outrank a reason.
PRIOR = 0.01
BLOCK_USERS = 1_024
THREADS = 2

Blend = Mapping[str, float]
DEFAULT_BLEND: Blend = {"power": 1.0, "next": 1.0, "own": 1.0, "own_power": 2.0}
#: The blends to choose among: how fast memory fades, for own items apart, and what followers and own items weigh.
POWERS, NEXT_WEIGHTS, OWN_WEIGHTS, OWN_POWERS = (0.5, 1.0), (0.3, 1.0, 3.0), (0.0, 0.3, 3.0, 30.0), (1.0, 2.0)


@dataclass(frozen=True)
class UserPersonalization(Model):
    """Item-item weights (dense, or sparse above MAX_DENSE_ITEMS), followers, popularity shares and the blend."""

    weights: Floats | sp.csr_matrix
    followers: sp.csr_matrix
    prior: Floats
    blend: Blend = field(default_factory=lambda: DEFAULT_BLEND)
    scored: ClassVar[bool] = True
    live: ClassVar[bool] = True

    @classmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        histories, n_items = training.histories, training.n_items
        interactions = histories.binary(n_items)
        if n_items <= MAX_DENSE_ITEMS:
            weights = ease(interactions, RIDGE)
        else:
            similarity = cooccurrence(interactions, popularity_discount=0.0, min_cointeractions=2)
            weights = neighbours(similarity, NEIGHBOURS)
        users = ordered(popularity(histories, n_items)) + 0.5
        followers = neighbours(sequence_rules(histories, n_items), FOLLOWERS)
        return cls(weights, followers, (PRIOR * users / users.sum()).astype(np.float32))

    def tuned(self, validation: Examples) -> Self:
        queries, n_items = validation.queries, len(self.prior)
        memories = {power: queries.remembered(n_items, power) for power in {*POWERS, *OWN_POWERS}}
        taste = {power: _dense(memories[power] @ self.weights) for power in POWERS}
        following = {power: _dense(memories[power] @ self.followers) for power in POWERS}
        own = {power: _dense(memories[power]) for power in OWN_POWERS}

        def worth(blend: Blend) -> float:
            power, own_power = blend["power"], blend["own_power"]
            preference = taste[power] + blend["next"] * following[power] + blend["own"] * own[own_power]
            relevant = hits(top(preference, LIST_LENGTH), validation.truths, n_items)
            return ndcg(relevant, LIST_LENGTH) + mean_reciprocal_rank(relevant)

        return replace(self, blend=max(_blends(), key=worth))

    def like(self, other: Self) -> Self:
        return replace(self, blend=other.blend)

    def rank(self, queries: Histories, length: int) -> Ranked:
        """Lists with scores that are shares: in (0, 1), and 1 in sum over the catalogue."""
        _ = self._item_weights  # once, before the threads share it
        blocks = [queries.take(rows) for rows in _row_blocks(len(queries))]
        with ThreadPoolExecutor(THREADS) as pool:
            ranked = [*pool.map(partial(self._rank_block, length), blocks)]
        return Ranked(*(np.concatenate(part) for part in zip(*ranked, strict=True)))

    def scores(self, queries: Histories) -> Floats:
        n_items, blend = len(self.prior), self.blend
        preference = _dense(queries.remembered(n_items, blend["power"]) @ self._item_weights)
        preference += _dense(blend["own"] * queries.remembered(n_items, blend["own_power"]))
        return shares(preference, self.prior)

    def _rank_block(self, length: int, queries: Histories) -> tuple[Ints, Floats]:
        scores = self.scores(queries)
        chosen = top(scores, length)
        return chosen, np.take_along_axis(scores, chosen, axis=1)

    @cached_property
    def _item_weights(self) -> Floats | sp.csr_matrix:
        """Taste and followers in one matrix, because they share a memory."""
        following = np.float32(self.blend["next"]) * self.followers
        return self.weights + (following if sp.issparse(self.weights) else following.toarray())


def _blends() -> Iterator[Blend]:
    for values in product(POWERS, NEXT_WEIGHTS, OWN_WEIGHTS, OWN_POWERS):
        yield dict(zip(("power", "next", "own", "own_power"), values, strict=True))


def _row_blocks(n_rows: int) -> Iterator[Ints]:
    """Row numbers in blocks; one empty block if there are none."""
    for start in range(0, max(n_rows, 1), BLOCK_USERS):
        yield np.arange(start, min(start + BLOCK_USERS, n_rows))


def _dense(scores: Any) -> Floats:
    return np.asarray(scores.toarray() if sp.issparse(scores) else scores)
