"""Scores of different lists on one scale."""

from __future__ import annotations

from collections.abc import Sequence


def relative_scores(scores: Sequence[float]) -> list[float]:
    """Return each score's share of the best one of its list, from 0 to 1.

    Zero is the bottom of the scale, or the worst score where scores fall below zero.
    """
    bottom, best = min(0.0, min(scores, default=0.0)), max(scores, default=0.0)
    span = best - bottom
    return [(score - bottom) / span for score in scores] if span else [1.0] * len(scores)
