"""What is known of a customer as of a date does not change with what happens later, and is what pandas reckons."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg.types.json import Jsonb

from aisle.churn.examples import FEATURES, Customers, Dates, read_customers, read_dates, read_examples
from aisle.warehouse import connect
from tests.integration.churn.conftest import purchases


def read(url: str) -> Dates:
    with connect(url) as connection:
        return read_dates(connection)


def customers(url: str, as_of: date) -> Customers:
    with connect(url) as connection:
        return read_customers(connection, as_of)


@pytest.mark.parametrize("place", [0, 4, -1])
def test_nothing_of_the_date_or_later_is_known(churning: str, place: int) -> None:
    as_of = read(churning).known[place]
    before = customers(churning, as_of)
    with psycopg.connect(churning) as connection:
        for table in ("core.orders", "intermediate.int_order_items__classified"):
            connection.execute(f"delete from {table} where ordered_at >= %s".encode(), [as_of])
    after = customers(churning, as_of)
    assert after.user_ids == before.user_ids
    assert np.array_equal(after.features, before.features, equal_nan=True)


def test_a_purchase_on_the_day_before_is_known_and_one_on_the_day_is_the_label(churning: str) -> None:
    as_of = read(churning).known[-1]
    moments = {"eve": as_of - timedelta(days=1), "day": as_of}
    with psycopg.connect(churning) as connection:
        for name, moment in moments.items():
            new = {"order_id": name, "user_id": f"new {name}", "ordered_at": f"{moment}T23:59Z", "items_amount": 9}
            connection.execute(
                b"insert into core.orders select (jsonb_populate_record(orders, %s)).* from core.orders"
                b" where n_purchases > 0 limit 1",
                [Jsonb(new)],
            )
    described = customers(churning, as_of)
    assert "new eve" in described.user_ids
    assert "new day" not in described.user_ids
    recency = described.features[described.user_ids.index("new eve"), FEATURES.index("days_since_purchase")]
    assert recency == 1


def test_features_and_labels_are_those_that_pandas_reckons(churning: str) -> None:
    dates = read(churning)
    orders = pd.DataFrame(purchases(), columns=["user_id", "at"])
    orders["day"] = orders["at"].dt.tz_localize(None).dt.normalize()
    days = orders.drop_duplicates(["user_id", "day"]).sort_values(["user_id", "day"])
    with connect(churning) as connection:
        examples = read_examples(connection, dates.known, 1_000_000)
    for as_of in dates.known:
        moment, of_date = pd.Timestamp(as_of), examples.of([as_of])
        known = days[days["day"] < moment].assign(gap=lambda past: past.groupby("user_id")["day"].diff().dt.days)
        grouped = known.groupby("user_id")
        reckoned = pd.DataFrame(
            {
                "days_since_purchase": (moment - grouped["day"].max()).dt.days,
                "tenure_days": (moment - grouped["day"].min()).dt.days,
                "n_purchase_days": grouped.size(),
                "n_purchase_days_90": known[known["day"] >= moment - timedelta(90)].groupby("user_id").size(),
                "mean_gap_days": grouped["gap"].mean(),
                "sd_gap_days": grouped["gap"].std(),
            }
        )
        reckoned["n_purchase_days_90"] = reckoned["n_purchase_days_90"].fillna(0)
        columns = [FEATURES.index(name) for name in reckoned.columns]
        assert np.allclose(of_date.features[:, columns], reckoned.to_numpy(float), equal_nan=True)
        upcoming = days[(days["day"] >= moment) & (days["day"] < moment + timedelta(dates.horizon_days))]
        assert of_date.is_churned.tolist() == (~reckoned.index.isin(upcoming["user_id"])).tolist()


@pytest.mark.parametrize("max_examples", [1_000, 2_000, 3_000])
def test_of_more_examples_than_the_maximum_the_same_customers_are_read_every_time(
    churning: str, max_examples: int
) -> None:
    dates = read(churning)
    with connect(churning) as connection:
        first, second = (read_examples(connection, dates.known, max_examples) for _ in range(2))
    assert 0.8 * max_examples < len(first) < 1.2 * max_examples
    assert np.array_equal(first.features, second.features, equal_nan=True)


def test_a_horizon_that_settings_change_moves_dates_and_labels(
    churning: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from aisle.settings import get_settings
    from tests.integration.churn.conftest import build_features

    monkeypatch.setenv("AISLE_CHURN__HORIZON_DAYS", "30")
    get_settings.cache_clear()
    build_features(churning, tmp_path)
    dates = read(churning)
    get_settings.cache_clear()
    assert dates.horizon_days == 30
    assert {(later - earlier).days for earlier, later in zip(dates.known, dates.known[1:], strict=False)} == {10}
    assert (dates.newest - dates.known[-1]).days >= 30
