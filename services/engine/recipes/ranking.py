"""Ranking: from scores to lists of items, and from scores to shares that sum to 1."""

from __future__ import annotations

import numpy as np

from services.engine.recipes.histories import Floats, Ints


def top(scores: Floats, length: int) -> Ints:
    """Columns of the `length` largest scores of each row, best first; equal scores by column.

    Shapes   scores (n, n_items), returns (n, min(length, n_items)).
    """
    length = min(length, scores.shape[1])
    if length < scores.shape[1]:
        chosen = np.sort(np.argpartition(scores, -length, axis=1)[:, -length:], axis=1)
    else:
        chosen = np.broadcast_to(np.arange(length), scores.shape)
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


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
