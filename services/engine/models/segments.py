"""aws-item-affinity and aws-item-attribute-affinity: the users most likely to interact with given items.

A user's affinity to an item is the item's presence in the user's memory, which fades with time, plus what EASE predicts
from all of the user's items. An item without interactions is scored by the known items with the most similar
attributes. The scores of a query's items, such as all items with an attribute, are added.

Hyperparameter
hidden_dimension   how finely users are distinguished: the ridge of EASE is divided by hidden_dimension / 149
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from services.engine.data.training import Training
from services.engine.models.model import Model, Ranked
from services.engine.recipes.affinity import affinity
from services.engine.recipes.content import features, likeness, row_blocks
from services.engine.recipes.cooccurrence import cooccurrence, neighbours
from services.engine.recipes.ease import MAX_DENSE_ITEMS, ease, ridge_of
from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.neighbourhood import MAX_NEIGHBOURS
from services.engine.recipes.ranking import top

#: How fast memory fades: an event counts 1 / (1 + age) ** FADING.
FADING = 0.5
#: Number of known items that stand in for an item without interactions.
SUBSTITUTES = 10


@dataclass(frozen=True)
class ItemAffinity(Model):
    """The users' memories as events, item-item weights (dense, or sparse above MAX_DENSE_ITEMS), and substitutes.

    Shapes   starts (n_users + 1,); items, presence (n_events,): user u has items[starts[u]:starts[u + 1]];
    leading (n_items, n_items); stand_ins (n_items, n_items), sparse: the item itself or, for an item without
    interactions, the known items most similar to it.
    """

    starts: Ints
    items: Ints
    presence: Floats
    leading: Floats | sp.csr_matrix
    stand_ins: sp.csr_matrix
    input_key: ClassVar[str] = "itemId"
    answers: ClassVar[Literal["items", "users"]] = "users"

    @classmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        histories, n_items = training.histories, training.n_items
        interactions = histories.binary(n_items)
        memory = histories.remembered(n_items, FADING)
        if n_items <= MAX_DENSE_ITEMS:
            leading = ease(interactions, ridge_of(options))
        else:
            shared = cooccurrence(interactions, popularity_discount=0.0, min_cointeractions=2)
            leading = neighbours(shared, MAX_NEIGHBOURS)
        return cls(memory.indptr, memory.indices, memory.data, leading, _substitutes(training))

    def scores(self, queries: Histories) -> Floats:
        """Return every user's affinity to the items of each query, or to all items if the query is empty."""
        asked = queries.binary(self._n_items) @ self.stand_ins
        scores = affinity(self._memory, self._taken, asked, self.leading)
        is_unknown = np.diff(asked.indptr) == 0
        scores[is_unknown] = self._activity
        return scores

    def rank(self, queries: Histories, length: int) -> Ranked:
        n_users = len(self.starts) - 1
        chosen = np.empty((len(queries), min(length, n_users)), np.int64)
        for rows in row_blocks(np.arange(len(queries)), n_users):
            chosen[rows] = top(self.scores(queries.take(rows)), length)
        return Ranked(chosen)

    def without_users(self, kept: npt.NDArray[np.bool_]) -> Self:
        memory = self._memory[kept]
        return replace(self, starts=memory.indptr, items=memory.indices, presence=memory.data)

    @property
    def _n_items(self) -> int:
        return int(self.leading.shape[0])

    @cached_property
    def _memory(self) -> sp.csr_matrix:
        return sp.csr_matrix((self.presence, self.items, self.starts), shape=(len(self.starts) - 1, self._n_items))

    @cached_property
    def _taken(self) -> sp.csr_matrix:
        taken = self._memory.copy()
        taken.data = np.ones(len(taken.data), np.float32)
        return taken

    @cached_property
    def _activity(self) -> Floats:
        """Each user's total presence of items: the scores for an unknown item."""
        return np.asarray(self._memory.sum(axis=1), np.float32).ravel()


class ItemAttributeAffinity(ItemAffinity):
    """ItemAffinity for attributes: a query holds all items with them. Measured with queries of one item."""

    input_key: ClassVar[str] = "itemAttributes"


def _substitutes(training: Training) -> sp.csr_matrix:
    """Map each item to itself or, without interactions, to the known items most similar to it; rows sum to 1 or 0."""
    n_items = training.n_items
    taken = np.bincount(training.histories.items, minlength=n_items) > 0
    cold = np.flatnonzero(~taken)
    known = np.flatnonzero(taken)
    rows: list[Ints] = [known]
    columns: list[Ints] = [known]
    values: list[Floats] = [np.ones(len(known))]
    held = features(training.items) if len(cold) else sp.csr_matrix((n_items, 0))
    for block in row_blocks(cold, n_items) if held.shape[1] else ():
        alike = likeness(held, block) * taken
        chosen = top(alike, SUBSTITUTES)
        similarities = np.take_along_axis(alike, chosen, axis=1)
        shares = similarities / np.maximum(similarities.sum(axis=1, keepdims=True), 1e-12)
        rows.append(np.repeat(block, chosen.shape[1]))
        columns.append(chosen.ravel())
        values.append(shares.ravel())
    entries = (np.concatenate(values).astype(np.float32), (np.concatenate(rows), np.concatenate(columns)))
    substitutes = sp.csr_matrix(entries, shape=(n_items, n_items))
    substitutes.eliminate_zeros()
    return substitutes
