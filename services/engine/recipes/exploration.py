"""Exploration: some places of a list go to young items, about which little is known yet.

An item is young while its age, relative to the newest interaction of the data and not to now, is within a cut-off.
Young items with few interactions, that suit the user and were not shown in vain, come first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.kernels import take_earliest
from services.engine.recipes.pairs import flat

SECONDS_PER_DAY = 86_400
#: Share of the places that a weight of 1 gives to exploration.
MAX_SHARE = 0.5

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Explored:
    """Item numbers of a list, and which of them are explored; shapes (length,)."""

    items: Ints
    tried: Mask


def first_seen(histories: Histories, n_items: int) -> Floats:
    """Return the epoch seconds of each item's oldest interaction, NaN without one; shape (n_items,)."""
    seen = np.full(n_items, np.inf)
    take_earliest(flat(histories.items, np.int32), flat(histories.times, np.int64), seen)
    seen[np.isinf(seen)] = np.nan
    return seen


def young(born: Floats, newest: float, cut_off_days: float) -> Mask:
    """Return which items are not older than the cut-off; items of unknown age are young.

    born (n_items,) and newest in epoch seconds; newest is the time of the data's newest interaction.
    """
    return ~(born < newest - cut_off_days * SECONDS_PER_DAY)


def curiosity(scores: Floats, n_events: Ints, may_be_tried: Mask) -> Floats:
    """Weigh items for exploration, 0 for those that may not be explored; shape (n_items,).

    The weight grows with the root of the score, so that taste guides but does not decide, and falls with every event,
    because much is known of popular items. Items that were shown in vain have a lower score already.
    """
    return np.where(may_be_tried, np.sqrt(np.maximum(scores, 0)) / (1 + n_events), 0.0)


def explore(ranked: Ints, worth: Floats, weight: float, random: np.random.Generator) -> Explored:
    """Give each place of `ranked` to exploration with probability `weight * MAX_SHARE`; the rest keeps its order.

    ranked   (length,) item numbers
    worth    (n_items,) weights for exploration; items are drawn in proportion, without repetition
    weight   0 (none) to 1. A weight of 0 draws no random number and returns `ranked` itself.
    """
    if weight <= 0:
        return untouched(ranked)
    places = np.flatnonzero(random.random(len(ranked)) < weight * MAX_SHARE)
    drawn = _draw(_without(worth, ranked), len(places), random)
    places = places[: len(drawn)]
    tried = np.zeros(len(ranked), bool)
    tried[places] = True
    items = np.empty_like(ranked)
    items[places] = drawn
    items[~tried] = ranked[: len(ranked) - len(places)]
    return Explored(items, tried)


def untouched(ranked: Ints) -> Explored:
    """Return a list without exploration."""
    return Explored(ranked, np.zeros(len(ranked), bool))


def falling(scores: Floats) -> Floats:
    """Raise scores of a list to those of later places, so that an explored item reports the score of its place."""
    return np.maximum.accumulate(scores[::-1])[::-1]


def _without(worth: Floats, items: Ints) -> Floats:
    left = worth.copy()
    left[items] = 0
    return left


def _draw(worth: Floats, number: int, random: np.random.Generator) -> Ints:
    """Draw up to `number` distinct items in proportion to their worth: the largest of log worth + Gumbel noise.

    Source: T. Vieira, "Gumbel-max trick and weighted reservoir sampling", 2014.
    """
    candidates = np.flatnonzero(worth > 0)
    keys: Any = np.log(worth[candidates]) + random.gumbel(size=len(candidates))
    return candidates[np.argsort(-keys, kind="stable")[:number]]
