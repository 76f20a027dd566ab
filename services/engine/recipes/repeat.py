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
from services.engine.recipes.kernels import fill_cases, kinds_of
from services.engine.recipes.pairs import Pairs, flat

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
        kinds = kinds_of(pairs.presence, pairs.counts, pairs.last, STEPS, PRESENCE_STEPS)
        return np.asarray(self.rates.reshape(-1)[kinds] * self.loyalty[pairs.items], np.float32)


class Cases(NamedTuple):
    """Pairs, by kind and by item, and whether they were taken again (1 or 0); shapes (n,)."""

    kinds: Ints
    items: Ints
    again: Ints


def repeats(histories: Histories, n_items: int) -> Repeats:
    """What the histories' own newest events say about coming back."""
    cases = _cases(histories, n_items)
    rates = _rates(cases)
    expected = rates.reshape(-1)[cases.kinds]
    loyalty = (np.bincount(cases.items, cases.again, n_items) + CAUTION) / (
        np.bincount(cases.items, expected, n_items) + CAUTION
    )
    return Repeats(rates.astype(np.float32), loyalty.astype(np.float32))


def _cases(histories: Histories, n_items: int) -> Cases:
    rounds: list[Cases] = []
    ends = histories.starts[1:]
    while len(rounds) < MAX_ROUNDS and sum(len(one.items) for one in rounds) < ENOUGH_PAIRS:
        cuts = histories.newest_from(ends)
        rounds.append(_round(histories, cuts, ends, n_items))
        ends = cuts
    return Cases(*(np.concatenate(parts) for parts in zip(*rounds, strict=True)))


def _round(histories: Histories, cuts: Ints, ends: Ints, n_items: int) -> Cases:
    """The pairs of what came before `cuts`, and which of them came again before `ends`; both of shape (n_users,)."""
    starts = histories.starts[:-1].astype(np.int64)
    room = int((cuts - starts).sum())
    cases = Cases(np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int8))
    n_pairs = fill_cases(
        starts, cuts, ends.astype(np.int64), flat(histories.items, np.int32), flat(histories.moments, np.int32),
        flat(histories.weights, np.float32), STEPS, PRESENCE_STEPS, *cases, n_items,
    )  # fmt: skip
    return Cases(*(values[:n_pairs] for values in cases))


def _rates(cases: Cases) -> Floats:
    shape = (PRESENCE_STEPS, len(STEPS), len(STEPS))
    all_pairs = np.bincount(cases.kinds, minlength=np.prod(shape)).reshape(shape)
    repeated = np.bincount(cases.kinds, cases.again, np.prod(shape)).reshape(shape)
    rate: Floats = (repeated.sum() + np.array(1.0)) / (all_pairs.sum() + 2)
    for finer_axes in ((1, 2), (2,), ()):
        n_pairs, n_repeated = all_pairs.sum(finer_axes, keepdims=True), repeated.sum(finer_axes, keepdims=True)
        rate = (n_repeated + CAUTION * rate) / (n_pairs + CAUTION)
    return rate
