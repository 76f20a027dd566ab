"""Marts of analytics on a small company, and what became of recommendations, next to pandas."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

from aisle.groups.membership import belongs
from aisle.groups.where import BEHAVIOUR, Where
from services.migrations import upgrade
from tests.integration.transform.conftest import Company, lasting_company
from tests.integration.transform.recomputed import differences_from_a_recomputation

START = datetime(2024, 3, 1, 12, tzinfo=UTC)
IMPRESSION = """
insert into serving.impressions
    (event_id, source, user_id, session_id, weights_version, event_type, item_ids, recommendation_id, occurred_at)
values (%(event_id)s, 'api', %(user)s, %(session)s, '1', 'initial_impression', %(items)s, %(answer)s, %(at)s)
"""
REACTION = """
insert into serving.interactions
    (event_id, source, user_id, session_id, weights_version, event_type, item_id, recommendation_id, event_value,
    occurred_at)
values (%(event_id)s, 'api', %(user)s, %(session)s, '1', %(type)s, %(item)s, %(answer)s, %(value)s, %(at)s)
"""
GENERATION = """
insert into cache.generations
    (generation, state, user_lists, item_lists, users_asked, items_asked, solution_versions, published_at)
values (%s, 'retired', 1, 1, 1, 1, %s, %s)
"""


def test_the_marts_of_a_small_company_equal_a_recomputation_with_pandas(small_company: Company) -> None:
    assert differences_from_a_recomputation(small_company.url) == []
    for mart in ("customer_segments", "cohort_retention", "regional_demand", "returns"):
        assert small_company.rows(f"select * from analytics.{mart}"), mart


def test_a_warehouse_without_orders_has_empty_marts(empty_company: Company) -> None:
    marts = empty_company.rows(
        "select table_name as name from information_schema.tables where table_schema = 'analytics'"
    )
    assert len(marts) == 6
    assert [row for mart in marts for row in empty_company.rows(f"select * from analytics.{mart['name']}")] == []


def test_a_pair_of_products_has_a_lift_of_baskets_alone(company: Company) -> None:
    for number in range(6):
        company.ordered(f"both-{number}", {"product_id": "MUG"}, {"product_id": "TEA"})
        company.ordered(f"other-{number}", {"product_id": "PAN"})
    stock = ({"product_id": f"P{number}"} for number in range(50))
    company.ordered("stock", {"product_id": "MUG"}, *stock)
    company.build()
    assert differences_from_a_recomputation(company.url) == []
    (pair,) = company.rows("select * from analytics.product_pairs where product_id = 'MUG'")
    assert (pair["with_product_id"], pair["n_baskets"], pair["lift"]) == ("TEA", 6, 2.0)


@pytest.fixture
def visited(company: Company) -> Company:
    """A company with purchases, and with what readers were shown and did, at random."""
    upgrade(company.url)
    chance = random.Random(7)
    for number in range(60):
        items = [{"product_id": item, "unit_price": 5} for item in chance.sample("ABCDEF", 2)]
        at = START + timedelta(hours=chance.randrange(15 * 24))
        company.ordered(str(number), *items, user_id=chance.choice(["ann", "ben", None]), ordered_at=at)
    with psycopg.connect(company.url) as connection:
        for version, days in (("v1", 2), ("v2", 6)):
            connection.execute(GENERATION, (version, Jsonb({"users": version}), START + timedelta(days=days)))
        for number in range(40):
            connection.execute(IMPRESSION, _event(chance, number) | {"items": chance.sample("ABCDEFA", 3)})
        for number in range(300):
            kind = chance.choice(["click", "click", "dwell", "view"])
            value = chance.choice([None, 3.5, 20.0]) if kind == "dwell" else None
            connection.execute(REACTION, _event(chance, number) | {
                "type": kind, "item": chance.choice("ABCDEF"), "value": value
            })  # fmt: skip
    return company


def _event(chance: random.Random, number: int) -> dict[str, Any]:
    user = chance.choice(["ann", "ben", None])
    return {
        "event_id": f"{number}",
        "user": user,
        "session": user or chance.choice(["s1", "s2"]),
        "answer": chance.choice(["r1", "r2", "r3", None]),
        "at": START + timedelta(hours=chance.randrange(10 * 24)),
    }


def test_s2_79_to_81_performance_of_recommendations_equals_a_computation_with_pandas(visited: Company) -> None:
    visited.build()
    built = {(row["shown_on"], row["model_version"]): row for row in _performance(visited)}
    expected = _recomputed(visited)
    assert set(built) == set(expected)
    for key, figures in expected.items():
        assert {name: float(built[key][name]) for name in figures} == figures, key
    assert {version for _, version in built} == {None, "v1", "v2"}
    totals = pd.DataFrame(list(expected.values())).sum()
    assert (totals > 0).all(), "an empty comparison proves nothing"


def test_what_serving_stores_after_a_build_is_there_without_another(visited: Company) -> None:
    visited.build()
    before = sum(row["n_shown"] for row in _performance(visited))
    with psycopg.connect(visited.url) as connection:
        connection.execute("update serving.impressions set item_ids = item_ids || '{NEW}'::text[]")
    assert sum(row["n_shown"] for row in _performance(visited)) > before


@pytest.fixture(scope="module")
def customers_of_all_sorts(
    postgres: Any, _warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """A champion, a new customer, and an old one at high risk."""
    orders = [("best", day, 50) for day in (1, 3, 6, 9)]
    orders += [("old", 1, 1), ("second", 2, 9), ("third", 3, 9), ("new", 8, 5)]
    with lasting_company("sorts", postgres, _warehouse_template, tmp_path_factory) as company:
        upgrade(company.url)
        for number, (user_id, day, price) in enumerate(orders):
            item = {"product_id": "MUG", "unit_price": price}
            company.ordered(f"{number}", item, user_id=user_id, ordered_at=f"2024-04-0{day}T10:00Z")
        with psycopg.connect(company.url) as connection:
            connection.execute(
                "insert into serving.churn_predictions (user_id, prediction_date, churn_risk)"
                " values ('old', '2024-05-01', 0.8), ('new', '2024-05-01', 0.1)"
            )
        company.build()
        yield company


def test_s4_15_a_customer_has_the_level_of_the_newest_risk(company: Company) -> None:
    levels = {0.0: "low", 0.23: "low", 0.2999: "low", 0.3: "medium", 0.6999: "medium", 0.7: "high", 1.0: "high"}
    upgrade(company.url)
    company.ordered("none", {"product_id": "MUG"}, user_id="none")
    with psycopg.connect(company.url) as connection:
        for risk in levels:
            company.ordered(f"{risk}", {"product_id": "MUG"}, user_id=f"{risk}")
            connection.execute(
                "insert into serving.churn_predictions (user_id, prediction_date, churn_risk)"
                " values (%(user)s, '2024-01-01', 0.5), (%(user)s, '2024-02-01', %(risk)s)",
                {"user": f"{risk}", "risk": risk},
            )
    company.build()
    rows = company.rows("select user_id, churn_risk, churn_level from analytics.customer_segments")
    assert {row["user_id"]: (row["churn_risk"], row["churn_level"]) for row in rows} == {
        "none": (None, None),
        **{f"{risk}": (risk, level) for risk, level in levels.items()},
    }


@pytest.mark.parametrize(
    ("customers", "expected"),
    [
        ({"segment": ["champion"]}, {"best"}),
        ({"segment": ["lost", "new"]}, {"new", "old", "second"}),
        ({"churn_level": ["high"]}, {"old"}),
        ({"segment": ["new"], "churn_level": ["high"]}, set()),
        ({"recency_score": [4, 5], "monetary_score": [5]}, {"best"}),
    ],
)
def test_s2_108_a_dataset_group_chooses_customers_by_behaviour(
    customers_of_all_sorts: Company, customers: dict[str, list[str | int]], expected: set[str]
) -> None:
    where = Where(customers=customers)
    with psycopg.connect(customers_of_all_sorts.url) as connection:
        for mart in ("users", "interactions"):
            query = SQL("select distinct user_id from {} where {}").format(
                Identifier("personalize", mart), where.condition(mart)
            )
            assert {user_id for (user_id,) in connection.execute(query)} == expected
        query = SQL("select distinct user_id from personalize.interactions where {}").format(belongs(where))
        assert {user_id for (user_id,) in connection.execute(query)} == expected
    assert (where.restricts("users"), where.restricts("interactions"), where.restricts("items")) == (True, True, False)
    assert set(BEHAVIOUR) <= set(customers_of_all_sorts.rows("select * from analytics.customer_segments")[0])


def test_an_event_of_somebody_whom_the_marts_do_not_know_yet_waits(customers_of_all_sorts: Company) -> None:
    query = SQL("select {} from (values ('stranger', 'MUG')) as interactions (user_id, item_id)").format(
        belongs(Where(customers={"segment": ["new"]}))
    )
    with psycopg.connect(customers_of_all_sorts.url) as connection:
        assert connection.execute(query).fetchone() == (None,)


def _performance(company: Company) -> list[dict[str, Any]]:
    return company.rows("select * from analytics.recommendation_performance")


def _recomputed(company: Company) -> dict[tuple[Any, Any], dict[str, float]]:
    """Return the counts by day and version: each impression is looked at by itself."""
    shown = pd.DataFrame(company.rows("select * from serving.impressions where recommendation_id is not null"))
    shown["reader"] = shown["user_id"].fillna(shown["session_id"])
    shown = shown.explode("item_ids").sort_values("occurred_at")
    shown = shown.drop_duplicates(["recommendation_id", "reader", "item_ids"])
    events = pd.DataFrame(company.rows("select * from serving.interactions"))
    events["reader"] = events["user_id"].fillna(events["session_id"])
    purchases = company.rows("select * from intermediate.int_purchases__by_order where user_id is not null")
    counts: dict[tuple[Any, Any], dict[str, float]] = {}
    clicks = []
    for _, row in shown.iterrows():
        key = row["occurred_at"].date(), _version(row["occurred_at"])
        own = events[
            (events["recommendation_id"] == row["recommendation_id"])
            & (events["reader"] == row["reader"])
            & (events["item_id"] == row["item_ids"])
            & (events["occurred_at"] >= row["occurred_at"])
        ]
        clicked = own[own["event_type"] == "click"]["occurred_at"]
        stayed = own[own["event_type"] == "dwell"]["event_value"].dropna().astype(float)
        count = counts.setdefault(key, dict.fromkeys(
            ["n_shown", "n_clicked", "n_dwells", "dwell_seconds", "n_conversions", "attributed_revenue"], 0.0
        ))  # fmt: skip
        count["n_shown"] += 1
        count["n_clicked"] += not clicked.empty
        count["n_dwells"] += len(stayed)
        count["dwell_seconds"] += stayed.sum()
        if not clicked.empty:
            clicks.append((clicked.min(), row["reader"], row["item_ids"], row["recommendation_id"], key))
    for purchase in purchases:
        before = [
            (at, key)
            for at, reader, item, _, key in sorted(clicks, key=lambda click: (click[0], -ord(click[3][-1])))
            if (reader, item) == (purchase["user_id"], purchase["product_id"])
            and at <= purchase["ordered_at"] < at + timedelta(days=7)
        ]
        if before:
            counts[before[-1][1]]["n_conversions"] += 1
            counts[before[-1][1]]["attributed_revenue"] += float(purchase["amount"])
    return counts


def _version(at: datetime) -> str | None:
    if at >= START + timedelta(days=6):
        return "v2"
    return "v1" if at >= START + timedelta(days=2) else None
