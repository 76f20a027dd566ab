"""The users' events in order, as flat arrays: the form of interactions in every recipe."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from services.engine.recipes.kernels import newest_from

NEWEST_SHARE = 0.1
#: Mean number of distinct items per moment from which on moments count as orders.
MIN_ITEMS_OF_ORDERS = 1.5
SAMPLE_USERS = 2_000

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Histories:
    """Events of n users, oldest first within each user.

    Shapes   starts (n + 1,): user u has events starts[u]:starts[u + 1]; the others (n_events,).
    moments  number of the event's distinct time within its user, from 0: items of one order share one
    weights  weight of each event, 1 unless event weights are configured
    times    epoch seconds
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
        """The number of distinct times from each event to its user's newest; 0 for the newest."""
        newest = np.zeros(len(self), self.moments.dtype)
        has_events = self.lengths > 0
        newest[has_events] = self.moments[self.starts[1:][has_events] - 1]
        return newest[self.users] - self.moments

    def take(self, rows: Ints) -> Histories:
        """Return the histories of some users, in the order of `rows`; row -1 is a user without events."""
        safe = np.maximum(rows, 0)
        lengths = np.where(rows < 0, 0, self.starts[safe + 1] - self.starts[safe])
        starts = np.concatenate([[0], np.cumsum(lengths)])
        events = np.repeat(self.starts[safe] - starts[:-1], lengths) + np.arange(starts[-1])
        return self._of(starts, events)

    def keep(self, mask: npt.NDArray[np.bool_]) -> Histories:
        """Return the same users with only the events of `mask`, shape (n_events,)."""
        lengths = np.bincount(self.users[mask], minlength=len(self))
        starts = np.concatenate([[0], np.cumsum(lengths)])
        return self._of(starts, mask)

    def _of(self, starts: Ints, events: Any) -> Histories:
        return Histories(starts, self.items[events], self.moments[events], self.weights[events], self.times[events])

    @cached_property
    def has_orders(self) -> bool:
        """Whether moments are orders of several items rather than single events, measured on a sample."""
        if not len(self.items):
            return False
        step = max(len(self) // SAMPLE_USERS, 1)
        sample = self.take(np.arange(0, len(self), step))
        moments = sample.users * (int(sample.moments.max(initial=0)) + 1) + sample.moments
        items = np.unique(moments * (int(sample.items.max(initial=0)) + 1) + sample.items)
        return len(items) >= MIN_ITEMS_OF_ORDERS * len(np.unique(moments))

    def newest(self) -> npt.NDArray[np.bool_]:
        """Return which events are the newest tenth of their user, at least one, and whole orders. Shape (n_events,).

        A split order would teach that items of one order exclude or require each other.
        """
        return np.asarray(np.arange(len(self.items)) >= self.newest_from(self.starts[1:])[self.users])

    def newest_from(self, ends: Ints) -> Ints:
        """Return where the newest tenth begins if each user's events end at `ends`; shapes (n,)."""
        starts, moments = self.starts[:-1].astype(np.int64), self.moments.astype(np.int32)
        return newest_from(starts, ends.astype(np.int64), moments, self.has_orders, NEWEST_SHARE)

    def matrix(self, n_items: int, event_values: Floats) -> sp.csr_matrix:
        """Return users by items, float32; values of repeated pairs are added."""
        values = event_values.astype(np.float32)
        summed = sp.csr_matrix((values, self.items.astype(np.int32), self.starts), shape=(len(self), n_items))
        summed.sum_duplicates()
        return summed

    def binary(self, n_items: int) -> sp.csr_matrix:
        """Return 1 for each pair of user and item that occurs."""
        pairs = self.matrix(n_items, np.ones(len(self.items)))
        pairs.data[:] = 1
        return pairs

    def remembered(self, n_items: int, power: float) -> sp.csr_matrix:
        """Return the presence of each item in its user's memory: every event counts weight / (1 + age) ** power.

        A memory that fades like a power of time keeps both the newest event and old habits.
        Source: J. Anderson and L. Schooler, "Reflections of the environment in memory", 1991.
        """
        return self.matrix(n_items, self.weights / (1 + self.ages.astype(np.float32)) ** power)
