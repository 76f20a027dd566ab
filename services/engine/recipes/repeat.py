"""Repeats: how likely a user comes back to an item, by how present, how often and how recently it was taken.

Rates are counted on the users' own newest tenth: what share of all pairs of that kind were taken again. Where data are
few, the same is asked of the tenth before it, as if the newest had not happened yet, and so on. Kinds with few pairs
lean on coarser ones, down to the rate of all pairs; then every item has a factor of its own, because people come back
to some things (candles) and not to others (a cake stand).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.pairs import Pairs, pairs_of

#: Pairs that the rate of the coarser kind is worth, and repeats that an item's factor of 1 is worth.
CAUTION = 10.0
#: How many tenths are looked at, unless there are enough pairs before.
MAX_ROUNDS, ENOUGH_PAIRS = 9, 2_000_000
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


class Cases(NamedTuple):
    """Pairs, by kind and by item, and whether they were taken again (1 or 0); shapes (3, n) and twice (n,)."""

    kinds: Ints
    items: Ints
    again: Floats


def repeats(histories: Histories, n_items: int) -> Repeats:
    """What the histories' own newest events say about coming back."""
    cases = _cases(histories, n_items)
    rates = _rates(cases)
    expected = rates[tuple(cases.kinds)]
    loyalty = (np.bincount(cases.items, cases.again, n_items) + CAUTION) / (
        np.bincount(cases.items, expected, n_items) + CAUTION
    )
    return Repeats(rates.astype(np.float32), loyalty.astype(np.float32))


def _cases(histories: Histories, n_items: int) -> Cases:
    rounds: list[Cases] = []
    while len(rounds) < MAX_ROUNDS and sum(len(one.items) for one in rounds) < ENOUGH_PAIRS:
        newest = histories.newest()
        later, histories = histories.keep(newest), histories.keep(~newest)
        pairs = pairs_of(histories, n_items)
        rounds.append(Cases(np.stack(_kinds(pairs)), pairs.items, _taken(pairs, later, n_items)))
    return Cases(*(np.concatenate(parts, axis=-1) for parts in zip(*rounds, strict=True)))


def _rates(cases: Cases) -> Floats:
    shape = (PRESENCE_STEPS, len(STEPS), len(STEPS))
    kinds = np.ravel_multi_index(tuple(cases.kinds), shape)
    all_pairs = np.bincount(kinds, minlength=np.prod(shape)).reshape(shape)
    repeated = np.bincount(kinds, cases.again, np.prod(shape)).reshape(shape)
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
