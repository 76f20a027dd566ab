"""What the figures of an experiment allow to say, at whatever moment somebody looks.

A fixed-sample test that is read every day until it is significant finds an effect in most experiments without one. The
test here is the mixture sequential probability ratio test for a difference of two means (Robbins 1970; Johari, Koomen,
Pekelis, Walsh: Always Valid Inference, Operations Research 70(3), 2022). Its p-value holds at every moment, and its
interval is a confidence sequence: with probability 1 - alpha it covers the true difference at all moments together.

With the estimated difference d, its variance v and a normal mixture of standard deviation t:

    ratio    = sqrt(v / (v + t²)) · exp(t² d² / (2 v (v + t²)))
    p        = min(1, 1 / ratio)
    interval = d ± sqrt(v (v + t²) / t² · (ln((v + t²) / v) - 2 ln alpha))

The variance is estimated, so both hold for large samples; below `MIN_USERS` in an arm nothing is said. t is the effect
that the experiment is there to find: it decides how soon the test ends, never whether it errs too often.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import chisquare

ALPHA = 0.05
#: Below this probability the split is not the one that was asked for (Fabijan et al., KDD 2019).
SAMPLE_RATIO_ALPHA = 0.001
#: Observed users of an arm, and users with and without the outcome, below which nothing is said.
MIN_USERS, MIN_OUTCOMES = 100, 10


@dataclass(frozen=True)
class Rate:
    """Users of an arm, and those of them with an outcome."""

    n_users: int
    n_outcomes: int

    @property
    def value(self) -> float:
        return self.n_outcomes / self.n_users if self.n_users else 0.0

    @property
    def variance(self) -> float:
        """Variance of the rate; one more user with and without the outcome keep it above 0."""
        share = (self.n_outcomes + 1) / (self.n_users + 2)
        return share * (1 - share) / self.n_users


@dataclass(frozen=True)
class Difference:
    """An arm's rate less the control's, its interval, and the probability of such a difference without an effect."""

    value: float
    low: float
    high: float
    p_value: float


def difference(control: Rate, arm: Rate, *, effect: float, alpha: float = ALPHA) -> Difference | None:
    """Compare an arm with the control. None while there are too few users or outcomes."""
    n_outcomes = control.n_outcomes + arm.n_outcomes
    n_others = control.n_users + arm.n_users - n_outcomes
    if min(control.n_users, arm.n_users) < MIN_USERS or min(n_outcomes, n_others) < MIN_OUTCOMES:
        return None
    value, variance, mixture = arm.value - control.value, control.variance + arm.variance, effect * effect
    both = variance + mixture
    log_ratio = math.log(variance / both) / 2 + mixture * value * value / (2 * variance * both)
    half = math.sqrt(variance * both / mixture * (math.log(both / variance) - 2 * math.log(alpha)))
    return Difference(value, max(-1.0, value - half), min(1.0, value + half), min(1.0, math.exp(-log_ratio)))


def sample_ratio_p_value(exposed: Sequence[int], weights: Sequence[float]) -> float | None:
    """Return the probability of a split at least as far from the weights (chi-square). None without a user."""
    total = sum(exposed)
    if total == 0:
        return None
    expected = [total * weight / sum(weights) for weight in weights]
    return float(chisquare(exposed, expected).pvalue)
