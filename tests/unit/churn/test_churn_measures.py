"""Figures of risks, reckoned by hand, and the decision that they lead to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aisle.churn.figures import Measured
from aisle.churn.gate import decide
from aisle.churn.measures import measure
from aisle.settings import Churn

GOOD = Measured(1_000, 0.5, auc=0.8, brier=0.18, calibration_error=0.03, calibration_chance=0.02, bins=())
RECENCY = replace(GOOD, auc=0.75, brier=0.2)


def test_auc_and_brier_are_those_reckoned_by_hand() -> None:
    measured = measure(np.array([0.9, 0.6, 0.4, 0.2]), np.array([True, False, True, False]))
    assert measured.auc == 0.75
    assert measured.brier == pytest.approx((0.01 + 0.36 + 0.36 + 0.04) / 4)
    assert (measured.n_customers, measured.churned_share) == (4, 0.5)


def test_risks_that_mean_what_they_say_are_off_by_chance_alone() -> None:
    random = np.random.default_rng(7)
    risks = random.random(20_000)
    measured = measure(risks, random.random(20_000) < risks)
    assert measured.calibration_error < 2 * measured.calibration_chance < 0.03
    assert [part.n_customers for part in measured.bins] == [2_000] * 10
    assert sorted(part.mean_risk for part in measured.bins) == [part.mean_risk for part in measured.bins]


@pytest.mark.parametrize("shift", [-0.2, -0.1, 0.1, 0.2])
def test_risks_that_are_shifted_are_off_by_the_shift(shift: float) -> None:
    random = np.random.default_rng(8)
    truth = random.uniform(0.3, 0.7, 20_000)
    measured = measure(truth + shift, random.random(20_000) < truth)
    assert measured.calibration_error == pytest.approx(abs(shift), abs=0.02)


def test_a_model_that_beats_recency_and_is_calibrated_goes_live() -> None:
    decision = decide(GOOD, RECENCY, Churn())
    assert decision.passed
    assert "0.800" in decision.reason
    assert "0.750" in decision.reason


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"auc": 0.75}, "no better"),
        ({"auc": 0.7}, "no better"),
        ({"brier": 0.2}, "no better"),
        ({"calibration_error": 0.1201}, "0.120"),
        ({"n_customers": 99}, "100"),
        ({"n_customers": 99, "brier": 0.3}, "no better"),
    ],
)
def test_a_model_that_does_not_earn_it_is_rejected_with_the_reason(changes: dict[str, float], why: str) -> None:
    decision = decide(replace(GOOD, **changes), RECENCY, Churn())  # type: ignore[arg-type]
    assert not decision.passed
    assert why in decision.reason


@pytest.mark.parametrize(
    ("error", "bound", "passed"), [(0.07, 0.05, True), (0.08, 0.05, False), (0.03, 0.0, False), (0.9, 1.0, True)]
)
def test_the_bound_of_calibration_is_a_setting_and_chance_is_allowed_for(
    error: float, bound: float, passed: bool
) -> None:
    measured = replace(GOOD, calibration_error=error)
    assert decide(measured, RECENCY, Churn(max_calibration_error=bound)).passed == passed
