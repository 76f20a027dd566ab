"""Ranking: from scores to lists of items, and from scores to shares that sum to 1."""

from __future__ import annotations

import numpy as np

from services.engine.recipes.histories import Floats, Ints


def top(scores: Floats, length: int) -> Ints:
    """Return the columns of the `length` largest scores of each row, best first, then by column. Ties at the cut: any.

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
    """Return the places of up to `length` largest scores of one list, best first; -inf is never among them."""
    if length < 1:
        return np.empty(0, np.intp)
    chosen: Ints = top(scores[None, :], length)[0]
    return chosen[np.isfinite(scores[chosen])]


def lift(taken: Ints, taken_by_all: Ints, caution: float) -> Floats:
    """Return how much more often a group takes each item than all users do: positive, 1 for no difference.

    taken          (n_items,) events of the group
    taken_by_all   (n_items,) events of all users; may be 0
    caution        events of all users that are mixed into the group's, so that few events have little effect
    """
    usual = (taken_by_all + 1) / (taken_by_all + 1).sum()
    return np.asarray((taken + caution * usual) / ((taken.sum() + caution) * usual))


def shares(preference: Floats, prior: Floats) -> Floats:
    """Turn preferences into relative scores: the positive part plus a small positive prior, divided by the sum.

    Every score is in (0, 1) and a row sums to 1 over the catalogue, like the service's scores. Without any preference
    the scores are the prior, so that a user without history gets popular items.

    Shapes   preference (n, n_items), changed in place and returned; prior (n_items,), positive.
    """
    np.maximum(preference, 0, out=preference)
    preference += prior
    preference /= preference.sum(axis=1, keepdims=True)
    return preference
