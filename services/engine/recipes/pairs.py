"""Pairs of users and their distinct items, with the memory of each: the form in which users are scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.kernels import count_pairs, fill_pairs


@dataclass(frozen=True)
class Pairs:
    """Distinct items of n users in order of their first events.

    Shapes    starts (n + 1,): user u has pairs starts[u]:starts[u + 1]; the others (n_pairs,).
    memory    presence of the item for taste: every event within the span counts weight / (1 + age) ** power
    presence  the same over the whole history with a power of 1
    counts    number of events
    last      age of the newest event, in distinct times of the user
    """

    starts: Ints
    items: Ints
    memory: Floats
    presence: Floats
    counts: Ints
    last: Ints

    @property
    def users(self) -> Ints:
        """The user of each pair, shape (n_pairs,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def matrix(self, values: Floats, n_items: int) -> sp.csr_matrix:
        """Return users by items, with a value for each pair."""
        return sp.csr_matrix((values, self.items, self.starts), shape=(len(self.starts) - 1, n_items))


def pairs_of(histories: Histories, n_items: int, *, power: float = 1.0, span: int | None = None) -> Pairs:
    """Fold histories into pairs. A memory that fades like a power of time keeps both the newest event and old habits.

    Source: J. Anderson and L. Schooler, "Reflections of the environment in memory", 1991.
    """
    starts, items, ages = flat(histories.starts, np.int64), flat(histories.items, np.int32), histories.ages
    oldest = int(ages.max(initial=0))
    fading = ((1 + np.arange(oldest + 1)) ** -power).astype(np.float32)
    pair_starts = np.concatenate([[0], np.cumsum(count_pairs(starts, items, n_items))])
    n_pairs = pair_starts[-1]
    pairs = Pairs(
        pair_starts,
        np.empty(n_pairs, np.int32),
        np.zeros(n_pairs, np.float32),
        np.zeros(n_pairs, np.float32),
        np.zeros(n_pairs, np.int32),
        np.empty(n_pairs, np.int32),
    )
    fill_pairs(
        starts, items, flat(ages, np.int32), flat(histories.weights, np.float32), fading, span or oldest + 1,
        pair_starts, pairs.items, pairs.memory, pairs.presence, pairs.counts, pairs.last, n_items,
    )  # fmt: skip
    return pairs


def flat(values: Any, kind: type[np.generic]) -> Any:
    """Return an array as the kernels need it: contiguous, writeable, of one type. Copies only if necessary."""
    return np.require(values, kind, ["C", "W"])
