"""aws-user-personalization: taste, followers (sequence rules) and repeats (items that a user comes back to).

Taste and followers use the user's newest events, weighted by a memory that fades. Items that the user already knows are
not filtered out: people come back to products and media, and the service does not filter either. The probability of a
repeat is counted on the training users' newest events; the weight of each part is chosen on held-out users.

Fixed recipe  `fit`: taste is EASE, or cosine neighbours in a large catalogue; ties are ordered by popularity
Choice        `chosen`: the best on held-out users of EASE, cosine neighbours, RP3beta, and mixes of the first with the
              better neighbours; likewise all-time or recent popularity. The fixed recipe is kept unless another is
              better by more than chance. `refitted` learns only the winner.

Hyperparameters
hidden_dimension  how finely taste distinguishes: EASE is smoothed by RIDGE × 149 / hidden_dimension
bptt              taste and followers use the events of this many newest times of a user
recency_mask, apply_recency_bias
                  whether memory fades; otherwise all these events count the same
{min,max}_user_history_length_percentile
                  users outside these percentiles are left out of taste; without the parameter none are
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from services.engine.data.training import Training
from services.engine.metrics import LIST_LENGTH, Examples, hits, mean_reciprocal_rank, ndcg
from services.engine.models.model import Model, Ranked
from services.engine.models.taste import (
    NEIGHBOURHOODS,
    SHARES,
    Mix,
    Weights,
    added,
    fixed_mix,
    mass,
    mixed,
    taste,
    with_cold,
)
from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.objective import leaning, rewards
from services.engine.recipes.pairs import Pairs, pairs_of
from services.engine.recipes.popularity import ordered, popularity, recent_popularity
from services.engine.recipes.repeat import Repeats, repeats
from services.engine.recipes.scoring import best, scores_of
from services.engine.recipes.sequence import sequence_rules

FOLLOWERS = 100
DEFAULT_SPAN = 32
#: Weight of the popularity prior: enough to order items without a preference, too little to outrank one.
PRIOR = 0.01
#: Minimum gain in MRR + NDCG for a choice: this / the root of the number of held-out users, the form of a standard
#: error. 0.3 is a guess, not a measurement; it prevents choices by chance on small data.
MIN_GAIN = 0.3

Blend = Mapping[str, float]
DEFAULT_BLEND: Blend = {"next": 1.0, "familiar": 1.0, "own": 10.0}
#: The blends to choose from: weights of followers, factors on the taste for items that the user knows, and weights of
#: repeats.
NEXT_WEIGHTS, FAMILIAR, OWN_WEIGHTS = (0.0, 0.3, 1.0, 3.0), (0.0, 0.3, 1.0), (1.0, 3.0, 10.0, 30.0)


@dataclass(frozen=True)
class UserPersonalization(Model):
    """Item-item weights of taste and of followers, rates of repeats, popularity, and the blend of these.

    Shapes   weights (n_items, n_items), dense, or sparse above MAX_DENSE_ITEMS; followers the same, sparse; rates as in
    `Repeats`; loyalty, prior, lean (n_items,). `lean` is the factor of the optimization objective, 1 without one.
    mix      shares of the methods of taste and of recent popularity, see `models.taste`
    """

    weights: Weights
    followers: sp.csr_matrix
    rates: Floats
    loyalty: Floats
    prior: Floats
    lean: Floats
    mix: Mix = field(default_factory=dict)
    power: float = 1.0
    span: int = DEFAULT_SPAN
    blend: Blend = field(default_factory=lambda: DEFAULT_BLEND)
    scored: ClassVar[bool] = True
    live: ClassVar[bool] = True

    @classmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        return cls._learn(training, options, fixed_mix(training.n_items))

    @classmethod
    def chosen(cls, training: Training, options: Mapping[str, str], validation: Examples) -> Self:
        fixed = cls.fit(training, options).tuned(validation)
        model = fixed._best(fixed._tastes(training, options, validation), validation)
        if model is not fixed:
            model = model.tuned(validation)
        return model._best([model._with_recent_prior(training)], validation)

    def refitted(self, training: Training, options: Mapping[str, str]) -> Self:
        return self._learn(training, options, self.mix).like(self)

    @property
    def choices(self) -> dict[str, float]:
        shares = {f"share_of_{name}": self.mix.get(name, 0.0) for name in ("ease", *NEIGHBOURHOODS)}
        shares["share_of_recent_popularity"] = self.mix.get("recent", 0.0)
        return shares | {f"weight_of_{name}": weight for name, weight in self.blend.items()}

    @classmethod
    def _learn(cls, training: Training, options: Mapping[str, str], mix: Mix) -> Self:
        histories, n_items = training.histories, training.n_items
        habits = repeats(histories, n_items)
        fades = options.get("recency_mask", options.get("apply_recency_bias", "true"))
        return cls(
            taste(training, options, mix),
            sequence_rules(histories, n_items, limit=FOLLOWERS),
            habits.rates,
            habits.loyalty,
            _popular(histories, n_items, mix),
            _lean(training, options),
            mix=mix,
            power=float(fades.lower() == "true"),
            span=int(options.get("bptt", DEFAULT_SPAN)),
        )

    def _tastes(self, training: Training, options: Mapping[str, str], validation: Examples) -> Iterator[Self]:
        """Yield the model with each other taste, then with mixes of its own and the better one of the others."""
        own, scale = next(iter(self.mix)), mass(self.weights)
        others = [
            self._with_taste(taste(training, options, mix), mix)
            for mix in ({name: 1.0, "scale": scale} for name in NEIGHBOURHOODS if name != own)
        ]
        yield from others
        better = max(others, key=lambda model: model.worth(validation))
        for share in SHARES:
            mix = {own: 1 - share, next(iter(better.mix)): share, "scale": scale}
            yield self._with_taste(mixed(self.weights, better.weights, share), mix)

    def _with_taste(self, weights: Weights, mix: Mix) -> Self:
        return replace(self, weights=weights, mix=mix)

    def _with_recent_prior(self, training: Training) -> Self:
        mix = {**self.mix, "recent": 1.0}
        return replace(self, prior=_popular(training.histories, training.n_items, mix), mix=mix)

    def _best(self, models: Iterable[Self], validation: Examples) -> Self:
        """Return the best of the models if it is better than this one by the minimum gain, else this one."""
        best_model, best_worth = self, self.worth(validation) + MIN_GAIN / len(validation.queries) ** 0.5
        for model in models:
            worth = model.worth(validation)
            if worth > best_worth:
                best_model, best_worth = model, worth
        return best_model

    def worth(self, validation: Examples) -> float:
        """Return MRR + NDCG of the answers to the queries."""
        pairs = self._pairs(validation.queries)
        # Not `rank`, which caches the joined matrix: those of all candidates would need too much memory.
        weights = self._joined(self.blend["next"])
        ranked, _ = best(pairs, self._own(pairs), self.blend["familiar"], weights, self._prior, LIST_LENGTH)
        return _worth(ranked, validation, len(self.prior))

    def tuned(self, validation: Examples) -> Self:
        pairs, worth = self._pairs(validation.queries), dict[tuple[float, ...], float]()
        rates = self._own(pairs, 1.0)
        weights: Weights | None = None
        for following in NEXT_WEIGHTS:
            weights = self._joined(following, weights)
            for familiar, own in product(FAMILIAR, OWN_WEIGHTS):
                ranked, _ = best(pairs, np.float32(own) * rates, familiar, weights, self._prior, LIST_LENGTH)
                worth[following, familiar, own] = _worth(ranked, validation, len(self.prior))
        chosen = max(worth, key=worth.__getitem__)
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
        """Move the weights to another catalogue: item n of this model is item `places[n]` of `training`; -1: removed.

        New items are known only by their attributes.
        """
        n_items, kept = training.n_items, np.flatnonzero(places >= 0)
        new = np.setdiff1d(np.arange(n_items), places)

        def placed(values: Floats, otherwise: float) -> Floats:
            spread = np.full(n_items, otherwise, np.float32)
            spread[places[kept]] = values[kept]
            return spread

        return replace(
            self,
            weights=with_cold(_spread(self.weights, places, n_items), training, new),
            followers=_spread(self.followers, places, n_items),
            loyalty=placed(self.loyalty, 1),
            prior=placed(self.prior, float(self.prior.min()) / 2),
            lean=placed(self.lean, float(self.lean.min())),
        )

    def _pairs(self, queries: Histories) -> Pairs:
        return pairs_of(queries, len(self.prior), power=self.power, span=self.span)

    def _own(self, pairs: Pairs, weight: float | None = None) -> Floats:
        """Return what repeats add to the preference for each pair, with the given weight or that of the blend."""
        rates = Repeats(self.rates, self.loyalty).of(pairs) * self.lean[pairs.items]
        return np.asarray(np.float32(self.blend["own"] if weight is None else weight) * rates, np.float32)

    @cached_property
    def _weights(self) -> Weights:
        return self._joined(self.blend["next"])

    def _joined(self, following: float, room: Weights | None = None) -> Weights:
        """Add taste and followers, which use the same memory, and apply the objective.

        `room` is an earlier result that is no longer needed; if it is dense, it is overwritten.
        """
        if sp.issparse(self.weights):
            return sp.csr_matrix(
                (self.weights + following * self.followers) @ sp.diags_array(self.lean), dtype=np.float32
            )
        joined = np.empty_like(self.weights) if room is None else room
        joined[:] = self.weights
        added(joined, sp.csr_matrix(np.float32(following) * self.followers))
        if (self.lean != 1).any():
            joined *= self.lean
        return joined

    @cached_property
    def _prior(self) -> Floats:
        return np.asarray(self.prior * self.lean, np.float32)


def _worth(ranked: Ints, validation: Examples, n_items: int) -> float:
    relevant = hits(ranked, validation.truths, n_items)
    return ndcg(relevant, LIST_LENGTH) + mean_reciprocal_rank(relevant)


def _popular(histories: Histories, n_items: int, mix: Mix) -> Floats:
    """Return the prior of a mix: shares by the users of each item, or by its recent events."""
    taken = recent_popularity(histories, n_items) if mix.get("recent") else popularity(histories, n_items)
    users = ordered(taken) + 0.5
    return np.asarray(PRIOR * users / users.sum(), np.float32)


def _spread(weights: Weights, places: Ints, n_items: int) -> Weights:
    """Move item n of the weights to `places[n]` of a catalogue of `n_items`."""
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
