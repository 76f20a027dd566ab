"""aws-sims: items with users in common, close to each other in time, popular ones discounted.

Three views of the interactions are added, each as a share of the item's best neighbour: EASE weights, BM25 between
items, and proximity in the users' histories. Popular items fill the rest of a list.

Hyperparameters
popularity_discount_factor  from 0 (popular items come first) over 0.5 (no change to the views) to 1 (they come last)
min_cointeraction_count     items with fewer users in common are not neighbours
{min,max}_user_history_length_percentile, {min,max}_item_interaction_count_percentile
    users and items outside these percentiles are left out of training; without the parameter none are
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from services.engine.data.training import Training
from services.engine.models.model import Model, Ranked
from services.engine.recipes.content import row_blocks
from services.engine.recipes.ease import MAX_DENSE_ITEMS, RIDGE, ease
from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.kinship import Kinship
from services.engine.recipes.popularity import ordered, popularity
from services.engine.recipes.ranking import top

#: The longest list that a request may ask for.
LONGEST_LIST = 500
#: The service's default of min_cointeraction_count.
DEFAULT_COINTERACTIONS = 3


@dataclass(frozen=True)
class Sims(Model):
    """The neighbours of each item, best first, then -1; and the popularity of all items.

    Shapes   neighbours, similarities (n_items, up to LONGEST_LIST); filler (n_items,), negative and so below
    every similarity.
    """

    neighbours: Ints
    similarities: Floats
    filler: Floats
    input_key: ClassVar[str] = "itemId"
    #: The popularity_discount_factor that does not change the views, which is the recipe's default.
    neutral_discount: ClassVar[float] = 0.5

    @classmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        histories, n_items = filtered(training.histories, training.n_items, options), training.n_items
        least, kin = int(options.get("min_cointeraction_count", DEFAULT_COINTERACTIONS)), kinship(histories, n_items)
        return cls.of(lambda items: kin.rows(items, least), popularity(histories, n_items), options)

    @classmethod
    def of(cls, alike: Callable[[Ints], Floats], users: Floats, options: Mapping[str, str]) -> Self:
        """Build a model from the similarities that `alike` returns, discounted by the popularity of the neighbours.

        Shapes   alike returns a new (len(items), n_items), not negative; users (n_items,), the users of each item.
        """
        n_items = len(users)
        discount = float(options.get("popularity_discount_factor", cls.neutral_discount)) - cls.neutral_discount
        factors = ((users + 1) ** -discount).astype(np.float32)
        neighbours = np.full((n_items, min(LONGEST_LIST, n_items)), -1, np.int32)
        similarities = np.zeros(neighbours.shape, np.float32)
        for rows in row_blocks(np.arange(n_items), n_items):
            nearest(alike(rows) * factors, neighbours[rows[0] :], similarities[rows[0] :])
        filler = ordered(users)
        return cls(neighbours, similarities, filler / (filler.max(initial=0) + 1) - 1)

    def scores(self, queries: Histories) -> Floats:
        """Score all items by similarity to the newest item of each query, which itself is never an answer."""
        known, newest = newest_items(queries)
        scores: Floats = np.tile(self.filler, (len(queries), 1))
        neighbours = self.neighbours[newest]
        real = neighbours >= 0
        rows = np.broadcast_to(known[:, None], neighbours.shape)
        scores[rows[real], neighbours[real]] = self.similarities[newest][real]
        scores[known, newest] = -np.inf
        return scores

    def rank(self, queries: Histories, length: int) -> Ranked:
        """Rank like `top` of `scores`, but look only at neighbours, and fill up with popular items."""
        length = min(length, len(self.filler) - 1)
        popular = top(self.filler[None, :], min(length + LONGEST_LIST + 1, len(self.filler)))[0]
        chosen = np.tile(popular[:length], (len(queries), 1))
        known, newest = newest_items(queries)
        items, places = np.unique(newest, return_inverse=True)
        lists = np.empty((len(items), length), chosen.dtype)
        for row, item in enumerate(items.tolist()):
            lists[row] = self._list(item, popular, length)
        chosen[known] = lists[places]
        return Ranked(chosen)

    def _list(self, item: int, popular: Ints, length: int) -> Ints:
        own = self.neighbours[item, :length]
        own = own[own >= 0]
        if len(own) == length:
            return np.asarray(own)
        rest = popular[~np.isin(popular, own) & (popular != item)]
        return np.concatenate([own, rest])[:length]


def filtered(histories: Histories, n_items: int, options: Mapping[str, str]) -> Histories:
    """Return the histories without the users and items outside the percentiles in the options."""
    users = within(histories.lengths.astype(float), "user_history_length", options)
    events = np.bincount(histories.items, minlength=n_items).astype(float)
    items = within(events, "item_interaction_count", options)
    return histories.keep(users[histories.users] & items[histories.items])


def within(counts: Floats, what: str, options: Mapping[str, str]) -> npt.NDArray[np.bool_]:
    """Return which counts are between the `min_` and `max_..._percentile` (shares from 0 to 1) of those above 0."""
    low, high = (float(options.get(f"{end}_{what}_percentile", share)) for end, share in (("min", 0.0), ("max", 1.0)))
    positive = counts[counts > 0]
    if not len(positive):
        return np.ones(len(counts), bool)
    minimum, maximum = np.quantile(positive, [min(low, 1.0), min(high, 1.0)])
    return np.asarray((counts >= minimum) & (counts <= maximum))


def kinship(histories: Histories, n_items: int) -> Kinship:
    """Build the similarity of items by their users; EASE is one of the views unless there are too many items."""
    weights = ease(histories.binary(n_items), RIDGE) if n_items <= MAX_DENSE_ITEMS else None
    return Kinship.of(histories, n_items, weights)


def nearest(alike: Floats, neighbours: Ints, similarities: Floats) -> None:
    """Write the most similar items of each row, best first, and their similarities; leave other places unchanged.

    Shapes   alike (n, n_items); neighbours, similarities (n or more, limit).
    """
    limit = neighbours.shape[1]
    for row, values in enumerate(alike):
        items = np.flatnonzero(values > 0)
        chosen = items[top(values[None, items], limit)[0]]
        neighbours[row, : len(chosen)], similarities[row, : len(chosen)] = chosen, values[chosen]


def newest_items(queries: Histories) -> tuple[Ints, Ints]:
    """Return the rows of the queries that are not empty, and the newest item of each."""
    known = np.flatnonzero(queries.lengths > 0)
    return known, queries.items[queries.starts[1:][known] - 1]
