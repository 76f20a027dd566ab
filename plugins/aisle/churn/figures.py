"""How good predicted risks are. Measuring needs scikit-learn; its results do not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bin:
    """A tenth of the customers, by their risk: the mean of it, and what share of them churned."""

    n_customers: int
    mean_risk: float
    churned_share: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of risks on customers whose horizon is over.

    `auc`: the chance that of two customers the one who churned has the higher risk. `brier`: the mean squared error.
    `calibration_error`: how far, in the mean, a bin's share is from its risk; `calibration_chance` of it would be seen
    in a perfect model, because bins are small.
    """

    n_customers: int
    churned_share: float
    auc: float
    brier: float
    calibration_error: float
    calibration_chance: float
    bins: tuple[Bin, ...]
