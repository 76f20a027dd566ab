"""Repeats: the probability that a user comes back to an item, by its presence, number of events and latest event.

Rates are counted on the newest tenth of the users' events: the share of pairs of a kind that occur again. With little
data the tenth before it is counted too, as if the newest did not exist, and so on. Rates of kinds with few pairs are
mixed with those of coarser kinds, up to the rate of all pairs. Each item has a factor in addition, because people come
back to some things (candles) and not to others (a cake stand).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.kernels import fill_cases, kinds_of
from services.engine.recipes.pairs import Pairs, flat

#: Weight of the coarser kind's rate, in pairs, and of an item's factor of 1, in repeats.
CAUTION = 10.0
#: Maximum number of tenths that are counted, and the number of pairs that is enough.
MAX_ROUNDS, ENOUGH_PAIRS = 9, 2_000_000
#: Presence has steps of half an octave around 1; counts and ages have these steps.
PRESENCE_STEPS = 41
STEPS = np.array([0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512])


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rates by kind of pair, shape (PRESENCE_STEPS, len(STEPS), len(STEPS)), and the items' factors (n_items,)."""

    rates: Floats
    loyalty: Floats

    def of(self, pairs: Pairs) -> Floats:
        """Return the probability that each pair occurs again, float32."""
        kinds = kinds_of(pairs.presence, pairs.counts, pairs.last, STEPS, PRESENCE_STEPS)
        return np.asarray(self.rates.reshape(-1)[kinds] * self.loyalty[pairs.items], np.float32)


@dataclass(frozen=True, slots=True)
class Cases:
    """Kind and item of pairs, and whether they occur again (1 or 0); shapes (n,)."""

    kinds: Ints
    items: Ints
    again: Ints


def repeats(histories: Histories, n_items: int) -> Repeats:
    """Count repeats in the newest events of histories."""
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
    while len(rounds) < MAX_ROUNDS and sum(len(cases.items) for cases in rounds) < ENOUGH_PAIRS:
        cuts = histories.newest_from(ends)
        rounds.append(_round(histories, cuts, ends, n_items))
        ends = cuts
    return Cases(
        np.concatenate([cases.kinds for cases in rounds]),
        np.concatenate([cases.items for cases in rounds]),
        np.concatenate([cases.again for cases in rounds]),
    )


def _round(histories: Histories, cuts: Ints, ends: Ints, n_items: int) -> Cases:
    """Return the pairs of the events before `cuts`, and which of them occur again before `ends`; both (n_users,)."""
    starts = histories.starts[:-1].astype(np.int64)
    room = int((cuts - starts).sum())
    cases = Cases(np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int8))
    n_pairs = fill_cases(
        starts, cuts, ends.astype(np.int64), flat(histories.items, np.int32), flat(histories.moments, np.int32),
        flat(histories.weights, np.float32), STEPS, PRESENCE_STEPS,
        cases.kinds, cases.items, cases.again, n_items,
    )  # fmt: skip
    return Cases(cases.kinds[:n_pairs], cases.items[:n_pairs], cases.again[:n_pairs])


def _rates(cases: Cases) -> Floats:
    shape = (PRESENCE_STEPS, len(STEPS), len(STEPS))
    all_pairs = np.bincount(cases.kinds, minlength=np.prod(shape)).reshape(shape)
    repeated = np.bincount(cases.kinds, cases.again, np.prod(shape)).reshape(shape)
    rate: Floats = (repeated.sum() + np.array(1.0)) / (all_pairs.sum() + 2)
    for finer_axes in ((1, 2), (2,), ()):
        n_pairs, n_repeated = all_pairs.sum(finer_axes, keepdims=True), repeated.sum(finer_axes, keepdims=True)
        rate = (n_repeated + CAUTION * rate) / (n_pairs + CAUTION)
    return rate
