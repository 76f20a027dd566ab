"""What users did, in order, as flat arrays: the form in which every recipe takes interactions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from services.engine.recipes.kernels import newest_from

NEWEST_SHARE = 0.1
#: Distinct items per moment from which the moments of a data set are orders.
MIN_ITEMS_OF_ORDERS = 1.5
SAMPLE_USERS = 2_000

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Histories:
    """Events of n users, oldest first within each user.

    Shapes   starts (n + 1,): user u has events starts[u]:starts[u + 1]; the others (n_events,).
    moments  number of the event's distinct time within its user, from 0: lines of one order share one.
    weights  how much an event counts, 1 unless event weights were configured.
    times    epoch seconds.
    """

    starts: Ints
    items: Ints
    moments: Ints
    weights: Floats
    times: Ints

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Ints:
        return np.diff(self.starts)

    @property
    def users(self) -> Ints:
        """The user of each event, shape (n_events,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def ages(self) -> Ints:
        """Distinct times between each event and its user's newest, 0 for the newest itself."""
        newest = np.zeros(len(self), self.moments.dtype)
        some = self.lengths > 0
        newest[some] = self.moments[self.starts[1:][some] - 1]
        return newest[self.users] - self.moments

    def take(self, rows: Ints) -> Histories:
        """The histories of some users, in the order of `rows`; row -1 is a user without events."""
        safe = np.maximum(rows, 0)
        lengths = np.where(rows < 0, 0, self.starts[safe + 1] - self.starts[safe])
        starts = np.concatenate([[0], np.cumsum(lengths)])
        events = np.repeat(self.starts[safe] - starts[:-1], lengths) + np.arange(starts[-1])
        return self._of(starts, events)

    def keep(self, mask: npt.NDArray[np.bool_]) -> Histories:
        """The same users with only the events of `mask`, shape (n_events,)."""
        lengths = np.bincount(self.users[mask], minlength=len(self))
        starts = np.concatenate([[0], np.cumsum(lengths)])
        return self._of(starts, mask)

    def _of(self, starts: Ints, events: Any) -> Histories:
        return Histories(starts, self.items[events], self.moments[events], self.weights[events], self.times[events])

    @cached_property
    def has_orders(self) -> bool:
        """Whether a moment is an order of several items, and not one event after another; judged on a sample."""
        if not len(self.items):
            return False
        step = max(len(self) // SAMPLE_USERS, 1)
        sample = self.take(np.arange(0, len(self), step))
        moments = sample.users * (int(sample.moments.max(initial=0)) + 1) + sample.moments
        items = np.unique(moments * (int(sample.items.max(initial=0)) + 1) + sample.items)
        return len(items) >= MIN_ITEMS_OF_ORDERS * len(np.unique(moments))

    def newest(self) -> npt.NDArray[np.bool_]:
        """The newest tenth of each user's events, at least one; of orders whole ones. Shape (n_events,).

        An order cut in two would teach that what was just taken is not wanted and what lies beside it is.
        """
        return np.asarray(np.arange(len(self.items)) >= self.newest_from(self.starts[1:])[self.users])

    def newest_from(self, ends: Ints) -> Ints:
        """Where the newest tenth begins if each user's events ended at `ends`; shapes (n,)."""
        starts, moments = self.starts[:-1].astype(np.int64), self.moments.astype(np.int32)
        return newest_from(starts, ends.astype(np.int64), moments, self.has_orders, NEWEST_SHARE)

    def matrix(self, n_items: int, event_values: Floats) -> sp.csr_matrix:
        """Users by items, float32; values of repeated pairs are added."""
        values = event_values.astype(np.float32)
        summed = sp.csr_matrix((values, self.items.astype(np.int32), self.starts), shape=(len(self), n_items))
        summed.sum_duplicates()
        return summed

    def binary(self, n_items: int) -> sp.csr_matrix:
        """1 for each pair of user and item that occurs."""
        pairs = self.matrix(n_items, np.ones(len(self.items)))
        pairs.data[:] = 1
        return pairs

    def remembered(self, n_items: int, power: float) -> sp.csr_matrix:
        """How present each item is in its user's memory: every event counts weight / (1 + age) ** power.

        Memory that fades like a power of time keeps both the newest event and an old habit in sight.
        Source: J. Anderson and L. Schooler, "Reflections of the environment in memory", 1991.
        """
        return self.matrix(n_items, self.weights / (1 + self.ages.astype(np.float32)) ** power)
