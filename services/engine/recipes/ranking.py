"""Ranking: from scores to lists of items, and from scores to shares that sum to 1."""

from __future__ import annotations

import numpy as np

from services.engine.recipes.histories import Floats, Ints


def top(scores: Floats, length: int) -> Ints:
    """Columns of the `length` largest scores of each row, best first, then by column. Of equals at the cut, any.

    Shapes   scores (n, n_items), returns (n, min(length, n_items)).
    """
    length = min(length, scores.shape[1])
    if length < scores.shape[1]:
        chosen = np.sort(np.argpartition(scores, -length, axis=1)[:, -length:], axis=1)
    else:
        chosen = np.broadcast_to(np.arange(length), scores.shape)
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


def best(scores: Floats, length: int) -> Ints:
    """Places of the up to `length` largest scores of one list, best first; -inf means: never."""
    if length < 1:
        return np.empty(0, np.intp)
    chosen: Ints = top(scores[None, :], length)[0]
    return chosen[np.isfinite(scores[chosen])]


def lift(taken: Ints, taken_by_all: Ints, caution: float) -> Floats:
    """How much more often a group takes each item than everybody does: 1 for an item as usual; positive.

    taken          (n_items,) events of the group
    taken_by_all   (n_items,) events of everybody, of which some may be 0
    caution        events of everybody that are mixed into the group's, so that few events say little
    """
    usual = (taken_by_all + 1) / (taken_by_all + 1).sum()
    return np.asarray((taken + caution * usual) / ((taken.sum() + caution) * usual))


def shares(preference: Floats, prior: Floats) -> Floats:
    """Relative scores: the positive part of a preference plus a small positive prior, divided by its sum.

    Every score lies in (0, 1) and a row sums to 1 over the catalogue, as the service's scores do. Who has no
    preference at all gets the prior itself, so a user without history is ranked by popularity.

    Shapes   preference (n, n_items), changed in place and returned; prior (n_items,), positive.
    """
    np.maximum(preference, 0, out=preference)
    preference += prior
    preference /= preference.sum(axis=1, keepdims=True)
    return preference
