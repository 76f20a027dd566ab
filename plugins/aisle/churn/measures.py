"""Measure predicted risks: do they rank, do they mean what they say."""

from __future__ import annotations

from math import pi, sqrt
from typing import Final

import numpy as np
from sklearn.metrics import brier_score_loss, roc_auc_score

from aisle.churn.examples import Flags, Floats
from aisle.churn.figures import Bin, Measured

_N_BINS: Final = 10


def measure(risks: Floats, is_churned: Flags) -> Measured:
    """Return the figures; some of the customers churned and some did not."""
    order = np.argsort(risks, kind="stable")
    bins = tuple(
        Bin(len(places), float(risks[places].mean()), float(is_churned[places].mean()))
        for places in np.array_split(order, _N_BINS)
        if len(places)
    )
    return Measured(
        n_customers=len(risks),
        churned_share=float(is_churned.mean()),
        auc=float(roc_auc_score(is_churned, risks)),
        brier=float(brier_score_loss(is_churned, risks)),
        calibration_error=sum(part.n_customers * abs(part.churned_share - part.mean_risk) for part in bins)
        / len(risks),
        calibration_chance=sum(part.n_customers * _deviation(part) for part in bins) / len(risks),
        bins=bins,
    )


def _deviation(part: Bin) -> float:
    """Return how far the share of a bin is from its true risk by chance alone, in the mean."""
    return sqrt(2 / pi * part.mean_risk * (1 - part.mean_risk) / part.n_customers)
