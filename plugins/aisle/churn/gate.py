"""Whether a new model of churn may go live, and why.

It must beat the model that knows nothing but the days since the last purchase, in ranking and in squared error, and its
risks must mean what they say.
"""

from __future__ import annotations

from aisle.churn.figures import Measured
from aisle.evaluation.gate import Decision
from aisle.settings import Churn


def decide(model: Measured, recency: Measured, settings: Churn) -> Decision:
    """Decide on a version by its figures and those of recency alone, on the same customers."""
    refusals = [_too_few(model, settings), _no_better(model, recency), _uncalibrated(model, settings)]
    reasons = [refusal for refusal in refusals if refusal]
    figures = (
        f"AUC {model.auc:.3f} and Brier score {model.brier:.4f} on {model.n_customers} customers, recency alone "
        f"{recency.auc:.3f} and {recency.brier:.4f}; calibration error {model.calibration_error:.3f}"
    )
    return Decision(not reasons, "; ".join([*reasons, figures]))


def _too_few(model: Measured, settings: Churn) -> str | None:
    if model.n_customers >= settings.min_customers:
        return None
    return f"too few customers to measure: at least {settings.min_customers} are needed"


def _no_better(model: Measured, recency: Measured) -> str | None:
    if model.auc > recency.auc and model.brier < recency.brier:
        return None
    return "no better than the days since the last purchase alone"


def _uncalibrated(model: Measured, settings: Churn) -> str | None:
    allowed = settings.max_calibration_error + model.calibration_chance
    if model.calibration_error <= allowed:
        return None
    return (
        f"its risks do not mean what they say: they are off by {model.calibration_error:.3f}; "
        f"{settings.max_calibration_error:.3f} is allowed, and {model.calibration_chance:.3f} for chance"
    )
