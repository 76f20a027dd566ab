"""Churn predictions of the current user."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from services.serving.churn import service
from tests.integration.serving.current_user import Visitors, as_user
from tests.serving_shop import api_settings

CHURN = "/api/recommendations/churn-prediction/"
MADE_AT = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)


def predicted(visitors: Visitors, user_id: str, risk: float, at: datetime = MADE_AT) -> None:
    visitors.shop.run(
        "insert into serving.churn_predictions (user_id, prediction_date, churn_risk, features)"
        " values (%(user)s, %(at)s, %(risk)s, '{\"days_since_order\": 40}')",
        user=user_id, at=at, risk=risk,
    )  # fmt: skip


def test_s4_14_the_newest_prediction_of_the_user_has_the_documented_fields(visitors: Visitors) -> None:
    visitors.known("u1", "u2")
    predicted(visitors, "u1", 0.9, MADE_AT - timedelta(days=1))
    predicted(visitors, "u1", 0.23)
    predicted(visitors, "u2", 0.7)
    api = visitors.api()
    answer = api.get(CHURN, headers=as_user("u1"))
    assert answer.status_code == 200
    assert answer.json() == {"churn_risk": 0.23, "risk_level": "low", "prediction_date": "2024-01-15T10:30:00Z"}
    assert api.get(CHURN, headers=as_user("u2")).json()["risk_level"] == "high"


@pytest.mark.parametrize(
    ("risk", "settings", "level"),
    [
        (0.0, {}, "low"), (0.23, {}, "low"), (0.299, {}, "low"), (0.3, {}, "medium"), (0.699, {}, "medium"),
        (0.7, {}, "high"), (1.0, {}, "high"), (0.23, {"churn_medium_from": 0.2}, "medium"),
        (0.5, {"churn_high_from": 0.5}, "high"), (0.5, {"churn_medium_from": 0.5, "churn_high_from": 0.5}, "high"),
    ],
)  # fmt: skip
def test_s4_15_the_level_follows_the_thresholds(
    visitors: Visitors, risk: float, settings: dict[str, float], level: str
) -> None:
    visitors.known("u1")
    predicted(visitors, "u1", risk)
    assert visitors.api(**settings).get(CHURN, headers=as_user("u1")).json()["risk_level"] == level


def test_s4_15_levels_out_of_order_are_refused_at_start_up() -> None:
    with pytest.raises(ValueError, match="SERVING_CHURN_MEDIUM_FROM"):
        api_settings(churn_medium_from=0.8, churn_high_from=0.7)


def test_while_nothing_was_predicted_the_answer_is_a_503_with_its_reason(visitors: Visitors) -> None:
    visitors.known("u1", "u2")
    api = visitors.api()
    answer = api.get(CHURN, headers=as_user("u1"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "predictions_missing")
    assert answer.headers["Retry-After"]
    predicted(visitors, "u2", 0.5)
    answer = api.get(CHURN, headers=as_user("u1"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "prediction_unknown")


@pytest.mark.parametrize(("age", "max_age"), [(0, 86400), (86000, 400), (86400, 0), (900000, 0)])
def test_s4_27_a_client_may_keep_a_prediction_for_its_time_to_live(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch, age: int, max_age: int
) -> None:
    visitors.known("u1")
    predicted(visitors, "u1", 0.5)
    monkeypatch.setattr(service, "now", lambda: MADE_AT + timedelta(seconds=age))
    headers = visitors.api().get(CHURN, headers=as_user("u1")).headers
    assert (headers["Cache-Control"], headers["Age"]) == (f"private, max-age={max_age}", str(age))
    assert {"Authorization", "X-User-ID"} <= set(headers["Vary"].split(", "))


@pytest.mark.parametrize("risk", [-0.01, 1.01, float("nan")])
def test_s4_7_the_table_takes_no_risk_outside_of_0_and_1(visitors: Visitors, risk: Any) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        predicted(visitors, "u1", risk)
