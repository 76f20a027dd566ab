"""aws-user-personalization: taste (EASE), what follows (sequence rules) and coming back to what one knows.

Taste and followers look at the user's newest events through a fading memory. What a user already took is not filtered:
in shops and media people come back to the same things, and the service does not filter either. How likely they come
back is counted on the training users' own newest events; how much each part weighs is chosen on held-out users.

Hyperparameters
hidden_dimension  how finely taste is told apart: EASE is smoothed by RIDGE × 149 / hidden_dimension
bptt              taste and followers see the events of this many newest times of a user
recency_mask, apply_recency_bias
                  whether memory fades, or all those events count the same
{min,max}_user_history_length_percentile
                  users outside teach no taste; none is left out unless the parameter is given
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from services.engine.data.training import Training
from services.engine.memory import available_bytes
from services.engine.metrics import LIST_LENGTH, Examples, hits, mean_reciprocal_rank, ndcg
from services.engine.models.model import Model, Ranked
from services.engine.recipes.content import features, likeness, row_blocks
from services.engine.recipes.ease import ease
from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.neighbourhood import cosine
from services.engine.recipes.objective import leaning, rewards
from services.engine.recipes.pairs import Pairs, pairs_of
from services.engine.recipes.popularity import ordered, popularity
from services.engine.recipes.repeat import Repeats, repeats
from services.engine.recipes.scoring import best, scores_of
from services.engine.recipes.sequence import sequence_rules

#: Above this many items, or with little memory, the dense item-item matrix (4 bytes per pair) gives way to sparse
#: neighbours.
MAX_DENSE_ITEMS, MAX_DENSE_SHARE = 16_000, 0.15
NEIGHBOURS = 200
FOLLOWERS = 100
RIDGE, USUAL_DIMENSION = 300.0, 149
USUAL_SPAN = 32
#: Weight of the popularity prior: enough to order what a user gives no reason for, too little to outrank a reason.
PRIOR = 0.01
#: Weight of likeness by attributes towards an item that nobody took yet, and of how many items it is drawn from.
COLD, COLD_NEIGHBOURS = 0.02, 20

Blend = Mapping[str, float]
DEFAULT_BLEND: Blend = {"next": 1.0, "familiar": 1.0, "own": 10.0}
#: The blends to choose among: what followers weigh, what is left of taste for items that the user knows, and what
#: coming back weighs.
NEXT_WEIGHTS, FAMILIAR, OWN_WEIGHTS = (0.0, 0.3, 1.0, 3.0), (0.0, 0.3, 1.0), (1.0, 3.0, 10.0, 30.0)


@dataclass(frozen=True)
class UserPersonalization(Model):
    """What was learnt: item-item weights of taste and of followers, rates of coming back, popularity; and the blend.

    Shapes   weights (n_items, n_items), dense, or sparse above MAX_DENSE_ITEMS; followers alike, sparse; rates of
    `Repeats`; loyalty, prior, lean (n_items,). `lean` is the factor of the optimization objective, 1 without one.
    """

    weights: Floats | sp.csr_matrix
    followers: sp.csr_matrix
    rates: Floats
    loyalty: Floats
    prior: Floats
    lean: Floats
    power: float = 1.0
    span: int = USUAL_SPAN
    blend: Blend = field(default_factory=lambda: DEFAULT_BLEND)
    scored: ClassVar[bool] = True
    live: ClassVar[bool] = True

    @classmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        histories, n_items = training.histories, training.n_items
        users = ordered(popularity(histories, n_items)) + 0.5
        habits = repeats(histories, n_items)
        return cls(
            taste(training, options),
            sequence_rules(histories, n_items, limit=FOLLOWERS),
            habits.rates,
            habits.loyalty,
            (PRIOR * users / users.sum()).astype(np.float32),
            _lean(training, options),
            power=float(_fades(options)),
            span=int(options.get("bptt", USUAL_SPAN)),
        )

    def tuned(self, validation: Examples) -> Self:
        pairs, worth = self._pairs(validation.queries), dict[tuple[float, ...], float]()
        for following in NEXT_WEIGHTS:
            weights = self._joined(following)
            for familiar, own in product(FAMILIAR, OWN_WEIGHTS):
                ranked, _ = best(pairs, self._own(pairs, own), familiar, weights, self._prior, LIST_LENGTH)
                relevant = hits(ranked, validation.truths, len(self.prior))
                worth[following, familiar, own] = ndcg(relevant, LIST_LENGTH) + mean_reciprocal_rank(relevant)
        chosen = max(worth.items(), key=lambda one: one[1])[0]
        return replace(self, blend=dict(zip(DEFAULT_BLEND, chosen, strict=True)))

    def like(self, other: Self) -> Self:
        return replace(self, blend=other.blend)

    def scores(self, queries: Histories) -> Floats:
        pairs = self._pairs(queries)
        return scores_of(pairs, self._own(pairs), self.blend["familiar"], self._weights, self._prior)

    def rank(self, queries: Histories, length: int) -> Ranked:
        pairs = self._pairs(queries)
        return Ranked(*best(pairs, self._own(pairs), self.blend["familiar"], self._weights, self._prior, length))

    def extended(self, places: Ints, training: Training) -> Self:
        """The same weights in another catalogue: item n of this model is item `places[n]` of `training`, -1 if gone.

        Items that are new are known by their attributes alone.
        """
        n_items, kept = training.n_items, np.flatnonzero(places >= 0)
        new = np.setdiff1d(np.arange(n_items), places)

        def placed(values: Floats, otherwise: float) -> Floats:
            spread = np.full(n_items, otherwise, np.float32)
            spread[places[kept]] = values[kept]
            return spread

        return replace(
            self,
            weights=_with_cold(_spread(self.weights, places, n_items), training, new),
            followers=_spread(self.followers, places, n_items),
            loyalty=placed(self.loyalty, 1),
            prior=placed(self.prior, float(self.prior.min()) / 2),
            lean=placed(self.lean, float(self.lean.min())),
        )

    def _pairs(self, queries: Histories) -> Pairs:
        return pairs_of(queries, len(self.prior), power=self.power, span=self.span)

    def _own(self, pairs: Pairs, weight: float | None = None) -> Floats:
        """What coming back adds to the preference for each pair; the weight is the blend's unless it is given."""
        rates = Repeats(self.rates, self.loyalty).of(pairs) * self.lean[pairs.items]
        return np.asarray(np.float32(self.blend["own"] if weight is None else weight) * rates, np.float32)

    @cached_property
    def _weights(self) -> Floats | sp.csr_matrix:
        return self._joined(self.blend["next"])

    def _joined(self, following: float) -> Floats | sp.csr_matrix:
        """Taste and followers in one matrix, because they share a memory; leaning towards the objective."""
        if sp.issparse(self.weights):
            return sp.csr_matrix(
                (self.weights + following * self.followers) @ sp.diags_array(self.lean), dtype=np.float32
            )
        joined = np.array(self.weights)
        rows = np.repeat(np.arange(len(joined)), np.diff(self.followers.indptr))
        joined[rows, self.followers.indices] += np.float32(following) * self.followers.data
        if (self.lean != 1).any():
            joined *= self.lean
        return joined

    @cached_property
    def _prior(self) -> Floats:
        return np.asarray(self.prior * self.lean, np.float32)


def taste(training: Training, options: Mapping[str, str]) -> Floats | sp.csr_matrix:
    """Item-item weights of what the training's users took together."""
    histories, n_items = _learners(training.histories, options), training.n_items
    interactions = histories.binary(n_items)
    if fits_dense(n_items):
        dimension = float(options.get("hidden_dimension", USUAL_DIMENSION))
        weights: Floats | sp.csr_matrix = ease(interactions, RIDGE * USUAL_DIMENSION / dimension)
    else:
        weights = cosine(interactions, NEIGHBOURS)
    untouched = np.flatnonzero(np.bincount(training.histories.items, minlength=n_items) == 0)
    return _with_cold(weights, training, untouched)


def fits_dense(n_items: int) -> bool:
    """Whether a dense matrix of items by items is small enough, by itself and for the memory that is left."""
    available = available_bytes()
    return n_items <= MAX_DENSE_ITEMS and (available is None or 4 * n_items**2 <= MAX_DENSE_SHARE * available)


def _learners(histories: Histories, options: Mapping[str, str]) -> Histories:
    """The histories that are neither too short nor too long by their percentiles."""
    bounds = [options.get(f"{end}_user_history_length_percentile") for end in ("min", "max")]
    if bounds == [None, None]:
        return histories
    low, high = np.quantile(histories.lengths, [float(bounds[0] or 0), float(bounds[1] or 1)])
    return histories.take(np.flatnonzero((histories.lengths >= low) & (histories.lengths <= high)))


def _with_cold(weights: Floats | sp.csr_matrix, training: Training, cold: Ints) -> Floats | sp.csr_matrix:
    """The weights with a little likeness by attributes from known items to those that nobody took."""
    held = features(training.items) if len(cold) and training.items.columns else None
    if held is None or not held.nnz:
        return weights
    known = np.ones(len(training.items.ids), np.float32)
    known[cold] = 0
    added = [sp.csr_matrix(weights.shape, dtype=np.float32)]
    for rows in row_blocks(cold, len(known)):
        alike = likeness(held, rows) * known
        nearest = np.argpartition(-alike, min(COLD_NEIGHBOURS, len(known) - 1), axis=1)[:, :COLD_NEIGHBOURS]
        values = COLD * np.take_along_axis(alike, nearest, axis=1).ravel()
        to = np.repeat(rows, nearest.shape[1])
        added.append(sp.csr_matrix((values, (nearest.ravel(), to)), shape=weights.shape, dtype=np.float32))
    total = sum(added[1:], added[0])
    if sp.issparse(weights):
        return sp.csr_matrix(weights + total)
    return np.asarray(weights + total)


def _spread(weights: Floats | sp.csr_matrix, places: Ints, n_items: int) -> Floats | sp.csr_matrix:
    """The same weights with item n at `places[n]`, of a catalogue of `n_items`."""
    kept = np.flatnonzero(places >= 0)
    if sp.issparse(weights):
        cells = sp.coo_matrix(weights[kept][:, kept])
        to = places[kept]
        return sp.csr_matrix((cells.data, (to[cells.row], to[cells.col])), shape=(n_items, n_items))
    spread = np.zeros((n_items, n_items), np.float32)
    spread[np.ix_(places[kept], places[kept])] = weights[np.ix_(kept, kept)]
    return spread


def _lean(training: Training, options: Mapping[str, str]) -> Floats:
    column = options.get("itemAttribute")
    if column is None:
        return np.ones(training.n_items, np.float32)
    values = np.asarray(training.items.columns[column], np.float64)
    return leaning(rewards(values), options.get("objectiveSensitivity", "OFF"))


def _fades(options: Mapping[str, str]) -> bool:
    return options.get("recency_mask", options.get("apply_recency_bias", "true")).lower() == "true"
