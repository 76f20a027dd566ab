"""From orders to the answer of the API: a model is trained, decided on, and scores every customer."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg.rows import dict_row

from aisle.churn.examples import read_customers, read_dates
from aisle.churn.model import load
from aisle.settings import get_settings
from aisle.warehouse import connect
from services.serving.app import create_app
from tests.integration.churn.conftest import N_CUSTOMERS
from tests.integration.serving.current_user import SECRET, as_user
from tests.serving_shop import api_settings

CHURN = "/api/recommendations/churn-prediction/"
SCORED = {"score_customers": "success", "gate_churn": "success", "publish_predictions": "success"}

pytestmark = pytest.mark.usefixtures("aws_connection")


def rows(url: str, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query.encode()).fetchall()


def setting(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"AISLE_CHURN__{name}", value)
    get_settings.cache_clear()


@pytest.fixture
def trained(churning: str, bucket: str, run_gated_dag: Any) -> str:
    assert run_gated_dag("churn_train", "first") == {"train_model": "success"}
    return churning


def test_s4_44_a_model_that_beats_recency_goes_live_with_its_figures_and_its_file(
    trained: str, s3: Any, bucket: str
) -> None:
    (version,) = rows(trained, "select * from ops.churn_models")
    assert version["state"] == "live", version["reason"]
    assert version["auc"] > version["recency_auc"]
    assert version["brier"] < version["recency_brier"]
    assert version["n_customers"] == sum(part["n_customers"] for part in version["bins"])
    assert version["uri"] == f"s3://{bucket}/churn/first/model.json"
    body = s3.get_object(Bucket=bucket, Key="churn/first/model.json")["Body"].read()
    assert load(body).horizon_days == version["horizon_days"] == 90
    assert b"customer-" not in body


def test_s4_6_every_customer_gets_a_risk_features_and_reasons_that_are_the_models(
    trained: str, s3: Any, bucket: str, run_gated_dag: Any
) -> None:
    assert run_gated_dag("churn_score", "today") == SCORED
    predictions = rows(trained, "select * from serving.churn_predictions order by user_id")
    assert len(predictions) == N_CUSTOMERS
    assert {row["model_version"] for row in predictions} == {"first"}
    model = load(s3.get_object(Bucket=bucket, Key="churn/first/model.json")["Body"].read())
    with connect(trained) as connection:
        customers = read_customers(connection, read_dates(connection).newest)
    assert [row["user_id"] for row in predictions] == customers.user_ids
    assert np.allclose([row["churn_risk"] for row in predictions], model.predict(customers.features))
    for row, contributions in zip(predictions, model.contributions(customers.features), strict=True):
        for reason in row["reasons"]:
            place = [curve.feature for curve in model.curves].index(reason["feature"])
            assert reason["contribution"] == pytest.approx(contributions[place], abs=1e-4)
            assert reason["value"] == row["features"][reason["feature"]]


def test_s4_14_the_api_answers_from_the_newest_scoring_and_says_503_before_the_first(
    trained: str, run_gated_dag: Any
) -> None:
    with psycopg.connect(trained) as connection:
        connection.execute("insert into identity.customers (user_id) values ('customer-7')")
    app = create_app(api_settings(database_url=trained, token_secret=SECRET))
    with TestClient(app, "http://localhost") as api:
        answer = api.get(CHURN, headers=as_user("customer-7"))
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "predictions_missing")
        run_gated_dag("churn_score", "today")
        (stored,) = rows(trained, "select * from serving.churn_predictions where user_id = 'customer-7'")
        body = api.get(CHURN, headers=as_user("customer-7")).json()
        assert set(body) == {"churn_risk", "risk_level", "prediction_date"}
        assert body["churn_risk"] == stored["churn_risk"]
        assert datetime.fromisoformat(body["prediction_date"]) == stored["prediction_date"]


def test_a_training_that_is_repeated_over_other_orders_leaves_the_model_as_it_is(
    trained: str, run_gated_dag: Any
) -> None:
    run_gated_dag("churn_score", "today")
    before = rows(trained, "select user_id, churn_risk from serving.churn_predictions order by user_id")
    with psycopg.connect(trained) as connection:
        connection.execute("create table kept_orders as select * from core.orders")
        connection.execute("delete from core.orders where order_id like '%7'")
    assert run_gated_dag("churn_train", "first") == {"train_model": "success"}
    with psycopg.connect(trained) as connection:
        connection.execute("truncate core.orders")
        connection.execute("insert into core.orders select * from kept_orders")
    assert run_gated_dag("churn_score", "today") == SCORED
    after = rows(trained, "select user_id, churn_risk from ops.churn_scores order by user_id")
    assert [row["user_id"] for row in after] == [row["user_id"] for row in before]
    assert np.allclose([row["churn_risk"] for row in after], [row["churn_risk"] for row in before])
    assert [row["state"] for row in rows(trained, "select state from ops.churn_models")] == ["live"]


def test_a_newer_model_replaces_the_live_one_and_the_third_retires_the_first(trained: str, run_gated_dag: Any) -> None:
    for run_key in ("second", "third"):
        run_gated_dag("churn_train", run_key)
    states = {row["run_key"]: row["state"] for row in rows(trained, "select run_key, state from ops.churn_models")}
    assert states == {"first": "retired", "second": "previous", "third": "live"}


@pytest.mark.parametrize(
    ("setting_", "value", "why"),
    [("MIN_CUSTOMERS", "100000", "too few customers"), ("MAX_CALIBRATION_ERROR", "0", "do not mean what they say")],
)
def test_a_model_that_is_rejected_leaves_the_live_one_and_the_reason(
    trained: str, run_gated_dag: Any, monkeypatch: pytest.MonkeyPatch, setting_: str, value: str, why: str
) -> None:
    if setting_ == "MAX_CALIBRATION_ERROR":
        monkeypatch.setattr("aisle.churn.measures._deviation", lambda part: 0.0)
    setting(monkeypatch, **{setting_: value})
    assert run_gated_dag("churn_train", "second") == {"train_model": "success"}
    states = {row["run_key"]: row for row in rows(trained, "select * from ops.churn_models")}
    assert {key: row["state"] for key, row in states.items()} == {"first": "live", "second": "rejected"}
    assert why in states["second"]["reason"]
    run_gated_dag("churn_score", "today")
    assert {row["model_version"] for row in rows(trained, "select * from serving.churn_predictions")} == {"first"}


def test_without_a_live_model_nothing_is_scored(churning: str, bucket: str, run_gated_dag: Any) -> None:
    states = run_gated_dag("churn_score", "today")
    assert set(states.values()) == {"skipped"}
    assert rows(churning, "select * from serving.churn_predictions") == []


def test_orders_of_too_short_a_time_skip_the_training(churning: str, bucket: str, run_gated_dag: Any) -> None:
    with psycopg.connect(churning) as connection:
        connection.execute("delete from features.churn_dates where as_of_date < date '2025-03-01'")
    assert run_gated_dag("churn_train", "early") == {"train_model": "skipped"}
    assert rows(churning, "select * from ops.churn_models") == []


def test_a_model_file_that_was_changed_is_not_used(trained: str, s3: Any, bucket: str, run_gated_dag: Any) -> None:
    key = "churn/first/model.json"
    model = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(model | {"base": 9}).encode())
    assert run_gated_dag("churn_score", "today")["score_customers"] == "failed"


def test_risks_that_the_gate_stops_are_not_published(trained: str, run_gated_dag: Any) -> None:
    run_gated_dag("churn_score", "yesterday")
    before = rows(trained, "select count(*) from serving.churn_predictions")
    with psycopg.connect(trained) as connection:
        # All but a few customers are gone: the volume of the run falls below what the gate allows.
        connection.execute("delete from core.orders where user_id > 'customer-11'")
    states = run_gated_dag("churn_score", "today")
    assert (states["score_customers"], states["gate_churn"]) == ("success", "failed")
    assert states["publish_predictions"] == "upstream_failed"
    assert rows(trained, "select count(*) from serving.churn_predictions") == before


def test_dates_are_those_of_complete_days(churning: str) -> None:
    with connect(churning) as connection:
        dates = read_dates(connection)
    (newest,) = rows(churning, "select max(ordered_at)::date as day from core.orders")
    assert dates.newest == newest["day"]
    assert dates.known[-1] <= dates.known_before(dates.newest)[-1]
