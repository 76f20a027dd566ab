"""The model of churn: a sum of one curve per feature, so that what each contributes to a customer's risk is exact.

    logit(risk) = base + Σ curve(feature)

A curve is linear between its knots, constant beyond them, and has a value of its own for a feature that is unknown. It
is centred: 0 is the mean of the customers that the model learned from. A stored model is JSON: numbers, and no code.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np

from aisle.churn.errors import ModelUnusable
from aisle.churn.examples import FEATURES, Floats


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a feature contributes, in units of the logit: `values` at `knots`, `if_unknown` for NaN."""

    feature: str
    knots: tuple[float, ...]
    values: tuple[float, ...]
    if_unknown: float

    def at(self, column: Floats) -> Floats:
        """Return the contributions for the values of the feature (n,)."""
        return np.where(np.isnan(column), self.if_unknown, np.interp(column, self.knots, self.values))


class ChurnModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A calibrated model; the curves are in the order of FEATURES."""

    horizon_days: int
    base: float
    curves: tuple[Curve, ...]

    def contributions(self, features: Floats) -> Floats:
        """Return what each feature contributes to the logit of each customer's risk: (n, len(FEATURES))."""
        return np.column_stack([curve.at(features[:, place]) for place, curve in enumerate(self.curves)])

    def predict(self, features: Floats) -> Floats:
        """Return the risk of each customer (n,), from 0 to 1."""
        return risks(self.base + self.contributions(features).sum(axis=1))

    def dump(self) -> bytes:
        """Return the model as JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1)


@dataclass(frozen=True, slots=True)
class Reason:
    """A feature's value, and what it contributes to the logit of the risk: above 0 it raises the risk."""

    feature: str
    value: float | None
    contribution: float


_models = msgspec.json.Decoder(ChurnModel)


def load(body: bytes) -> ChurnModel:
    """Read a stored model. Raises ModelUnusable if it cannot be used with today's features."""
    try:
        model = _models.decode(body)
    except msgspec.DecodeError as error:
        raise ModelUnusable(f"reading a model of churn: {error}; train a new one with `churn_train`") from error
    names = tuple(curve.feature for curve in model.curves)
    if names != FEATURES or not all(map(_is_sound, model.curves)):
        raise ModelUnusable(
            f"reading a model of churn: its curves are of {', '.join(names)}, or their knots do not rise; the features "
            f"are {', '.join(FEATURES)}: train a new one with `churn_train`"
        )
    return model


def risks(logits: Floats) -> Floats:
    """Return the probability of each logit; none is exactly 0 or 1."""
    return 1 / (1 + np.exp(-np.clip(logits, -30, 30)))


def reasons(features: Floats, contributions: Floats, n_reasons: int) -> list[Reason]:
    """Return what moves a customer's risk furthest from the mean customer's, the strongest first.

    `features` and `contributions` are of one customer: (len(FEATURES),).
    """
    strongest = np.argsort(-np.abs(contributions), kind="stable").tolist()
    return [
        Reason(FEATURES[place], known(features[place]), round(float(contributions[place]), 4))
        for place in strongest[:n_reasons]
        if contributions[place]
    ]


def known(value: Any) -> float | None:
    """Return a feature as JSON has it; None for NaN."""
    return None if np.isnan(value) else round(float(value), 4)


def _is_sound(curve: Curve) -> bool:
    rises = all(low < high for low, high in pairwise(curve.knots))
    return rises and len(curve.knots) == len(curve.values) > 0
