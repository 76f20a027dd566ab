"""How good ranked lists are, by the textbook.

A list counts to its tenth place, but for `precision_at_5`, and for `mrr`, which looks at the whole of it. An item that
a list names again hits once, at its first place; its other places are spent. A user whose list is missing has found
nothing. All but coverage are means over users, so that a user with many purchases weighs as much as one with a single.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from math import inf, log2
from statistics import variance

DEPTH = 10

#: Metric → value, from 0 to 1.
Figures = dict[str, float]


def measure(lists: Mapping[str, Sequence[str]], bought: Mapping[str, AbstractSet[str]], n_items: int) -> Figures:
    """The figures of lists by user, against what each user of `bought` then bought; `n_items` could have been shown.

    Raises ValueError where nobody bought anything: a mean over nobody is no figure.
    """
    if not bought:
        raise ValueError("measuring lists: there is no user to measure them by")
    pairs = [(lists.get(user, ()), items) for user, items in bought.items()]
    shown = {item for ranked, _ in pairs for item in ranked[:DEPTH]}
    return {
        "precision_at_5": _mean(_hits(ranked, items, 5) / 5 for ranked, items in pairs),
        "precision_at_10": _mean(_hits(ranked, items) / DEPTH for ranked, items in pairs),
        "recall_at_10": _mean(_hits(ranked, items) / len(items) for ranked, items in pairs),
        "ndcg_at_10": _mean(gains(lists, bought)),
        "mrr": _mean(_reciprocal_rank(ranked, items) for ranked, items in pairs),
        "coverage": min(1.0, len(shown) / n_items) if n_items else 0.0,
    }


def gains(lists: Mapping[str, Sequence[str]], bought: Mapping[str, AbstractSet[str]]) -> list[float]:
    """ndcg_at_10 user by user, in the order of `bought`."""
    return [_gain(lists.get(user, ()), items) / _ideal_gain(len(items)) for user, items in bought.items()]


def ratio_stderr(above: Sequence[float], below: Sequence[float], least_below: float) -> float:
    """Standard error of mean(above) / mean(below), where the two are pairs of figures, one pair per user.

    By the delta method; `below` counts as at least `least_below`. Two users at least, or it is infinite.
    """
    if len(above) < 2:
        return inf
    mean_below = max(_mean(below), least_below)
    ratio = _mean(above) / mean_below
    spread = variance([upper - ratio * lower for upper, lower in zip(above, below, strict=True)])
    return float((spread / len(above)) ** 0.5 / mean_below)


def _hits(ranked: Sequence[str], items: AbstractSet[str], depth: int = DEPTH) -> int:
    """How many of the first `depth` places hit an item for the first time."""
    return sum(place <= depth for place in _hit_places(ranked, items))


def _hit_places(ranked: Sequence[str], items: AbstractSet[str]) -> list[int]:
    """Places, from 1 to 10, at which an item is hit for the first time."""
    first = {item: place for place, item in reversed([*enumerate(ranked[:DEPTH], start=1)])}
    return [place for item, place in first.items() if item in items]


def _gain(ranked: Sequence[str], items: AbstractSet[str]) -> float:
    """Each hit counts one, divided by the logarithm of its place plus one."""
    return sum(1 / log2(place + 1) for place in _hit_places(ranked, items))


def _ideal_gain(n_items: int) -> float:
    return sum(1 / log2(place + 1) for place in range(1, min(n_items, DEPTH) + 1))


def _reciprocal_rank(ranked: Sequence[str], items: AbstractSet[str]) -> float:
    return next((1 / place for place, item in enumerate(ranked, start=1) if item in items), 0.0)


def _mean(values: Iterable[float]) -> float:
    counted = list(values)
    return sum(counted) / len(counted)
