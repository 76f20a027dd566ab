"""The model of churn: what it is made of adds up, what it learned is true, and a file that is no model is refused."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from aisle.churn.errors import ModelUnusable, TooLittleHistory
from aisle.churn.examples import FEATURES, Examples, Floats
from aisle.churn.fitting import fit
from aisle.churn.measures import measure
from aisle.churn.model import ChurnModel, load, reasons

RECENCY, AMOUNT, SD_GAP = (FEATURES.index(name) for name in ("days_since_purchase", "amount", "sd_gap_days"))
N_CUSTOMERS = 20_000


def risk_of(features: Floats) -> Floats:
    """The truth: the longer ago and the cheaper, the likelier; nobody knows of the rest."""
    logits = features[:, RECENCY] / 40 - features[:, AMOUNT] / 200 - 0.5
    return 1 / (1 + np.exp(-logits))


def examples(seed: int = 1, n_customers: int = N_CUSTOMERS) -> Examples:
    random = np.random.default_rng(seed)
    features = random.gamma(2, 20, (n_customers, len(FEATURES)))
    features[:, AMOUNT] = random.gamma(2, 100, n_customers)
    features[random.random(n_customers) < 0.3, SD_GAP] = np.nan
    days = [date(2024, 1, 1) + timedelta(int(day)) for day in random.integers(0, 400, n_customers)]
    return Examples(np.array(days, "datetime64[D]"), features, random.random(n_customers) < risk_of(features))


@pytest.fixture(scope="module")
def model() -> ChurnModel:
    return fit(examples(), 90)


def test_contributions_add_up_to_the_risk_for_unknown_and_extreme_values_too(model: ChurnModel) -> None:
    features = np.vstack([examples(2).features, np.full(len(FEATURES), np.nan), np.full(len(FEATURES), 1e12)])
    features = np.vstack([features, np.full(len(FEATURES), -1e12)])
    logits = model.base + model.contributions(features).sum(axis=1)
    risks = model.predict(features)
    assert np.allclose(np.log(risks / (1 - risks)), logits)
    assert ((risks > 0) & (risks < 1)).all()


def test_contributions_are_relative_to_the_mean_customer(model: ChurnModel) -> None:
    assert np.allclose(model.contributions(examples().features).mean(axis=0), 0, atol=1e-9)


def test_the_risks_are_the_truth_on_customers_never_seen(model: ChurnModel) -> None:
    unseen = examples(3)
    assert np.abs(model.predict(unseen.features) - risk_of(unseen.features)).mean() < 0.05
    measured = measure(model.predict(unseen.features), unseen.is_churned)
    assert measured.calibration_error < 0.05


def test_a_reason_is_what_the_model_does_when_the_feature_changes(model: ChurnModel) -> None:
    customer = examples(4).features[:1].copy()
    customer[0, RECENCY] = 400
    strongest, *_ = reasons(customer[0], model.contributions(customer)[0], 3)
    assert (strongest.feature, strongest.value) == ("days_since_purchase", 400)
    assert strongest.contribution > 0
    curve = model.curves[RECENCY]
    neutral = customer.copy()
    neutral[0, RECENCY] = np.interp(0, curve.values, curve.knots)
    before, after = (float(np.log(risk / (1 - risk))) for risk in (*model.predict(customer), *model.predict(neutral)))
    assert before - after == pytest.approx(strongest.contribution, abs=0.02)


def test_reasons_are_the_strongest_first(model: ChurnModel) -> None:
    for customer in examples(5, 200).features:
        given = reasons(customer, model.contributions(customer[None])[0], len(FEATURES))
        strengths = [abs(reason.contribution) for reason in given]
        assert strengths == sorted(strengths, reverse=True)


def test_s4_44_a_stored_model_gives_the_risks_of_the_trained_one_to_the_last_digit(model: ChurnModel) -> None:
    features = examples(6).features
    assert (load(model.dump()).predict(features) == model.predict(features)).all()


def test_one_training_of_the_same_customers_gives_the_same_model(model: ChurnModel) -> None:
    assert fit(examples(), 90).dump() == model.dump()


def test_features_that_are_left_out_or_constant_or_unknown_have_no_say() -> None:
    some = examples()
    some.features[:, AMOUNT] = 7
    some.features[:, SD_GAP] = np.nan
    curves = {curve.feature: curve for curve in fit(some, 90, {"days_since_purchase", "amount", "sd_gap_days"}).curves}
    used = {name for name, curve in curves.items() if np.ptp([*curve.values]) > 1e-6}
    assert used == {"days_since_purchase"}


@pytest.mark.parametrize("churned", [True, False])
def test_customers_who_all_churned_or_none_teach_nothing(churned: bool) -> None:
    some = examples(n_customers=50)
    with pytest.raises(TooLittleHistory, match="50 customers"):
        fit(Examples(some.dates, some.features, np.full(50, churned)), 90)


def _changed(model: ChurnModel, **changes: Any) -> bytes:
    content = json.loads(model.dump())
    content["curves"][0] |= changes
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"feature": "phone"},
        {"knots": [3, 2, 1], "values": [0, 0, 0]},
        {"knots": [1, 1], "values": [0, 0]},
        {"knots": [1, 2], "values": [0]},
        {"knots": [], "values": []},
        {"values": "many"},
        {"code": "import os"},
    ],
)
def test_a_file_that_is_no_model_of_todays_features_is_refused(model: ChurnModel, changes: dict[str, Any]) -> None:
    with pytest.raises(ModelUnusable, match="churn_train"):
        load(_changed(model, **changes))


@pytest.mark.parametrize("body", [b"", b"{}", b"\x80\x04pickle", b"null"])
def test_bytes_that_are_no_model_are_refused(body: bytes) -> None:
    with pytest.raises(ModelUnusable):
        load(body)
