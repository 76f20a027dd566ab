"""Fit a model of churn: one curve per feature, by logistic regression with a ridge penalty.

Each feature is a linear spline with knots at quantiles of the customers learned from. The weight of a knot's hat
function is the value of the curve there, so that the fitted model needs nothing but its curves. The likelihood makes
the sum of the curves a probability; a fold of its own for calibration would be lost to learning, and of another
season (ADR 20).
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from aisle.churn.examples import FEATURES, Examples, Floats
from aisle.churn.model import ChurnModel, Curve

#: Knots of a curve, at most: quantiles that coincide are one.
_N_KNOTS: Final = 8
#: Inverse of the ridge penalty, as scikit-learn counts it.
_STRENGTH: Final = 0.01
_ITERATIONS: Final = 100


def fit(learned: Examples, horizon_days: int, features: Collection[str] = FEATURES) -> ChurnModel:
    """Fit a model; curves of features that are not among `features` are 0 everywhere.

    Raises TooLittleHistory if all of the customers churned, or none.
    """
    learned.require_both("learning churn")
    columns = learned.features.T
    knots = [_knots(column, used=name in features) for name, column in zip(FEATURES, columns, strict=True)]
    hats = [_hats(column, ticks) for column, ticks in zip(columns, knots, strict=True)]
    regression = LogisticRegression(C=_STRENGTH, solver="newton-cholesky", max_iter=_ITERATIONS)
    regression.fit(np.hstack(hats), learned.is_churned)
    base, weights = float(regression.intercept_[0]), regression.coef_[0]
    ends = np.cumsum([0, *(hat.shape[1] for hat in hats)]).tolist()
    curves = []
    for place, (first, last) in enumerate(pairwise(ends)):
        mean = float((hats[place] @ weights[first:last]).mean())
        *values, if_unknown = (weights[first:last] - mean).tolist()
        curves.append(Curve(FEATURES[place], tuple(knots[place].tolist()), tuple(values), if_unknown))
        base += mean
    return ChurnModel(horizon_days, base, tuple(curves))


def _knots(column: Floats, *, used: bool) -> Floats:
    """Return where the curve of a feature may bend, in rising order."""
    values = column[~np.isnan(column)]
    return np.unique(np.quantile(values, np.linspace(0, 1, _N_KNOTS))) if used and len(values) else np.zeros(1)


def _hats(column: Floats, knots: Floats) -> Floats:
    """Return how near each value is to each knot, from 0 to 1, and whether it is unknown: (n, len(knots) + 1)."""
    is_unknown = np.isnan(column)
    hats = [np.where(is_unknown, 0, np.interp(column, knots, hat)) for hat in np.eye(len(knots))]
    return np.column_stack([*hats, is_unknown])
