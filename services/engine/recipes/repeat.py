"""Repeats: how likely a user comes back to an item, by how present, how often and how recently it was taken.

Rates are counted on the users' own newest tenth: what share of all pairs of that kind were taken again. Kinds with few
pairs lean on coarser ones, down to the rate of all pairs; then every item has a factor of its own, because people come
back to some things (candles) and not to others (a cake stand).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.pairs import Pairs, pairs_of

#: Pairs that the rate of the coarser kind is worth, and repeats that an item's factor of 1 is worth.
CAUTION = 10.0
#: Presence in steps of half an octave around 1; counts and ages from one of these to the next.
PRESENCE_STEPS = 41
STEPS = np.array([0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512])


class Repeats(NamedTuple):
    """Rates by kind of pair, shape (PRESENCE_STEPS, len(STEPS), len(STEPS)), and the items' factors (n_items,)."""

    rates: Floats
    loyalty: Floats

    def of(self, pairs: Pairs) -> Floats:
        """How likely each pair comes again, float32."""
        return np.asarray(self.rates[_kinds(pairs)] * self.loyalty[pairs.items], np.float32)


def repeats(histories: Histories, n_items: int) -> Repeats:
    """What the histories' own newest events say about coming back."""
    newest = histories.newest()
    pairs, later = pairs_of(histories.keep(~newest), n_items), histories.keep(newest)
    again = _taken(pairs, later, n_items)
    rates = _rates(pairs, again)
    expected = rates[_kinds(pairs)]
    loyalty = (np.bincount(pairs.items, again, n_items) + CAUTION) / (
        np.bincount(pairs.items, expected, n_items) + CAUTION
    )
    return Repeats(rates.astype(np.float32), loyalty.astype(np.float32))


def _rates(pairs: Pairs, again: Floats) -> Floats:
    shape = (PRESENCE_STEPS, len(STEPS), len(STEPS))
    kinds = np.ravel_multi_index(_kinds(pairs), shape)
    all_pairs = np.bincount(kinds, minlength=np.prod(shape)).reshape(shape)
    repeated = np.bincount(kinds, again, np.prod(shape)).reshape(shape)
    rate: Floats = (repeated.sum() + np.array(1.0)) / (all_pairs.sum() + 2)
    for finer_axes in ((1, 2), (2,), ()):
        n_pairs, n_repeated = all_pairs.sum(finer_axes, keepdims=True), repeated.sum(finer_axes, keepdims=True)
        rate = (n_repeated + CAUTION * rate) / (n_pairs + CAUTION)
    return rate


def _kinds(pairs: Pairs) -> tuple[Ints, Ints, Ints]:
    presence = np.floor(2 * np.log2(np.maximum(pairs.presence, 1e-6))).astype(np.int64) + PRESENCE_STEPS // 2
    count, last = (np.searchsorted(STEPS, values, side="right") - 1 for values in (pairs.counts, pairs.last))
    return np.clip(presence, 0, PRESENCE_STEPS - 1), count, last


def _taken(pairs: Pairs, later: Histories, n_items: int) -> Floats:
    """1 for each pair that is among the later events."""
    taken = later.binary(n_items)
    keys = np.repeat(np.arange(len(later)), np.diff(taken.indptr)) * n_items + taken.indices
    return np.isin(pairs.users * n_items + pairs.items, keys).astype(np.float64)
