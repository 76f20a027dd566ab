"""Exploration: some places of a list go to young items that nobody can know much about yet.

An item is young while its age, counted back from the newest interaction of the data and not from now, is within a
cut-off. Among the young, those come first that few have taken, that suit the user and that were not shown in vain.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.kernels import take_earliest
from services.engine.recipes.pairs import flat

SECONDS_PER_DAY = 86_400
#: The share of places that a weight of 1 gives away. The rest shows what is known to suit.
MAX_SHARE = 0.5

Mask = npt.NDArray[np.bool_]


class Explored(NamedTuple):
    """Item numbers of a list, and which of its places hold a try; shapes (length,)."""

    items: Ints
    tried: Mask


def first_seen(histories: Histories, n_items: int) -> Floats:
    """Epoch seconds of each item's oldest interaction, NaN for an item without; shape (n_items,)."""
    seen = np.full(n_items, np.inf)
    take_earliest(flat(histories.items, np.int32), flat(histories.times, np.int64), seen)
    seen[np.isinf(seen)] = np.nan
    return seen


def young(born: Floats, newest: float, cut_off_days: float) -> Mask:
    """Items not older than the cut-off; an item of unknown age, which nobody took either, is young.

    born (n_items,) and newest in epoch seconds; newest is the time of the data's newest interaction.
    """
    return ~(born < newest - cut_off_days * SECONDS_PER_DAY)


def curiosity(scores: Floats, n_events: Ints, may_be_tried: Mask) -> Floats:
    """How much each item deserves a try, 0 for those that may not be tried; shape (n_items,).

    Grows with the root of the score, so that taste guides and does not decide, and falls with every event, because
    what many took is known. What was shown in vain has a smaller score already.
    """
    return np.where(may_be_tried, np.sqrt(np.maximum(scores, 0)) / (1 + n_events), 0.0)


def explore(ranked: Ints, worth: Floats, weight: float, random: np.random.Generator) -> Explored:
    """The list `ranked` with each place given away with probability `weight * MAX_SHARE`; the rest keeps its order.

    ranked   (length,) item numbers
    worth    (n_items,) how much each item deserves a try; tries are drawn in proportion, without repetition
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
    """A list without any try."""
    return Explored(ranked, np.zeros(len(ranked), bool))


def falling(scores: Floats) -> Floats:
    """The scores of a list so that none is below a later one: a try reports the score of its place."""
    return np.maximum.accumulate(scores[::-1])[::-1]


def _without(worth: Floats, items: Ints) -> Floats:
    left = worth.copy()
    left[items] = 0
    return left


def _draw(worth: Floats, number: int, random: np.random.Generator) -> Ints:
    """Up to `number` distinct items in proportion to their worth: the largest of log worth + Gumbel noise.

    Source: T. Vieira, "Gumbel-max trick and weighted reservoir sampling", 2014.
    """
    candidates = np.flatnonzero(worth > 0)
    keys: Any = np.log(worth[candidates]) + random.gumbel(size=len(candidates))
    return candidates[np.argsort(-keys, kind="stable")[:number]]
