"""The owner's pages over a warehouse: figures by the stated rules, filters, empty warehouses, phones and the dark."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from services.migrations import upgrade
from tests.serving_shop import Shop

NOW = datetime.now(UTC)
HOSTILE = "<script>document.title='taken'</script>"
PAGES = ("/admin", "/admin/interactions", "/admin/events", "/admin/cache", "/admin/churn", "/experiments")


@pytest.fixture
def empty(shop: Shop) -> Shop:
    upgrade(shop.url)
    return shop


class Life:
    """What was shown and done in a shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._n_events = 0

    def shown(self, user: str, *items: str, answer: str = "r1", days_ago: float = 5) -> None:
        self.shop.run(
            "insert into serving.impressions (event_id, source, user_id, session_id, weights_version, event_type,"
            " item_ids, recommendation_id, occurred_at) values (%(id)s, 'api', %(user)s, %(user)s, '1',"
            " 'initial_impression', %(items)s, %(answer)s, %(at)s)",
            id=self._event_id(), user=user, items=list(items), answer=answer, at=NOW - timedelta(days=days_ago),
        )  # fmt: skip

    def did(
        self, event_type: str, user: str, item: str, *, answer: str | None = "r1", days_ago: float = 4.9,
        value: float | None = None, source: str = "api",
        item_type: str | None = None,
    ) -> None:  # fmt: skip
        self.shop.run(
            "insert into serving.interactions (event_id, source, user_id, session_id, event_type, item_id, item_type,"
            " weight, weights_version, event_value, recommendation_id, occurred_at) values (%(id)s, %(source)s,"
            " %(user)s, %(user)s, %(type)s, %(item)s, %(item_type)s, 1, '1', %(value)s, %(answer)s, %(at)s)",
            id=self._event_id(), source=source, user=user, type=event_type, item=item, item_type=item_type,
            value=value, answer=answer, at=NOW - timedelta(days=days_ago),
        )  # fmt: skip

    def bought(self, user: str, item: str, *, quantity: float = 1, days_ago: float = 4) -> None:
        moment = int((NOW - timedelta(days=days_ago)).timestamp())
        self.shop.run(
            "insert into personalize.interactions values (%(user)s, %(item)s, 'purchase', %(quantity)s, %(at)s)",
            user=user, item=item, quantity=quantity, at=moment,
        )  # fmt: skip

    def _event_id(self) -> str:
        self._n_events += 1
        return f"e{self._n_events}"


@pytest.fixture
def life(empty: Shop) -> Life:
    empty.product("mug", last_price=12.5)
    empty.product("tea", last_price=4)
    empty.publish()
    empty.run("update cache.generations set published_at = %(at)s", at=NOW - timedelta(days=20))
    return Life(empty)


def figures(shop: Shop) -> dict[str | None, tuple[int, int, int, float]]:
    answer = shop.api().get("/api/v1/performance")
    assert answer.status_code == 200, answer.text
    return {
        version["model_version"]: (version["n_shown"], version["n_clicked"], version["n_bought"], version["revenue"])
        for version in answer.json()["versions"]
    }


def test_s1_49_s2_79_to_81_impressions_clicks_purchases_and_revenue_by_model_version(life: Life) -> None:
    life.shown("u1", "mug", "tea")
    life.shown("u2", "mug", answer="r2")
    life.did("click", "u1", "mug")
    life.bought("u1", "mug", quantity=2)
    assert figures(life.shop) == {"arn:of-users": (3, 1, 1, 25.0)}


@pytest.mark.parametrize(
    ("event", "clicked", "bought"),
    [
        ({"user": "u1", "item": "mug"}, 1, 1),
        ({"user": "u2", "item": "mug"}, 0, 0),
        ({"user": "u1", "item": "tea"}, 0, 0),
        ({"user": "u1", "item": "mug", "answer": "r9"}, 0, 0),
        ({"user": "u1", "item": "mug", "answer": None}, 0, 0),
        ({"user": "u1", "item": "mug", "days_ago": 6.0}, 0, 0),
        ({"user": "u1", "item": "mug", "days_ago": 3.0}, 1, 0),
    ],
)
def test_a_click_is_of_its_user_answer_and_item_and_comes_before_the_purchase(
    life: Life, event: dict[str, Any], clicked: int, bought: int
) -> None:
    life.shown("u1", "mug")
    life.did("click", **event)
    life.bought("u1", "mug")
    ((_, n_clicked, n_bought, _),) = figures(life.shop).values()
    assert (n_clicked, n_bought) == (clicked, bought)


def test_what_is_repeated_counts_once_and_a_purchase_belongs_to_one_click(life: Life) -> None:
    for answer, days_ago in (("r1", 6.0), ("r2", 5.0)):
        for _ in range(2):
            life.shown("u1", "mug", answer=answer, days_ago=days_ago)
            life.did("click", "u1", "mug", answer=answer, days_ago=days_ago - 0.1)
    life.bought("u1", "mug")
    assert figures(life.shop) == {"arn:of-users": (2, 2, 1, 12.5)}


def test_items_of_an_answer_that_is_shown_in_parts_count_once_each(life: Life) -> None:
    life.shown("u1", "mug", "tea", days_ago=6)
    life.shown("u1", "tea", "cup", "cup", days_ago=5)
    life.shown("u2", "mug", "mug", "tea", answer="r2")
    life.shown("u2", "mug", answer="r3")
    life.shown("u3", "mug", answer="r3")
    life.did("click", "u1", "mug", days_ago=4)
    life.did("click", "u1", "cup", days_ago=5.5)  # before it was shown
    assert figures(life.shop) == {"arn:of-users": (7, 1, 0, 0.0)}


def test_a_late_purchase_is_not_attributed_and_a_list_before_the_first_generation_has_no_version(life: Life) -> None:
    life.shown("u1", "mug", days_ago=22)
    life.did("click", "u1", "mug", days_ago=21.9)
    life.bought("u1", "mug", days_ago=14)
    assert figures(life.shop) == {None: (1, 1, 0, 0.0)}


def test_s1_51_dwell_times_are_averaged(life: Life) -> None:
    for seconds in (10, 30, None):
        life.did("dwell", "u1", "mug", value=seconds)
    life.did("dwell", "u1", "mug", value=900, answer=None)
    said = life.shop.api().get("/api/v1/performance").json()
    assert (said["n_dwells"], said["mean_dwell_seconds"]) == (2, 20)


@pytest.mark.parametrize(
    ("query", "items"),
    [
        ("", ["c", "b", "a"]),
        ("?event_type=click", ["b", "a"]),
        ("?item_id=a", ["a"]),
        ("?user_id=u2", ["c"]),
        ("?source=shop", ["b"]),
        ("?item_type=paper", ["c", "a"]),
        ("?item_type=paper&event_type=click", ["a"]),
        ("?item_type=Paper", []),
        ("?item_type=no%20such%20type", []),
        ("?event_type=click&user_id=u2", []),
        ("?event_type=&item_id=&item_type=&user_id=&source=", ["c", "b", "a"]),
    ],
)
def test_s4_33_s1_71_the_log_of_interactions_is_filtered(life: Life, query: str, items: list[str]) -> None:
    life.did("click", "u1", "a", days_ago=3, item_type="paper")
    life.did("click", "u1", "b", days_ago=2, source="shop")
    life.did("share", "u2", "c", days_ago=1, item_type="paper")
    page = life.shop.api(open_pages=True).get(f"/admin/interactions{query}")
    assert page.status_code == 200
    assert re.findall('<th scope="row">([^<]*)', page.text) == items


def received(shop: Shop, source: str, outcome: str, reason: str | None, n_events: int) -> None:
    with psycopg.connect(shop.url) as connection:
        connection.cursor().executemany(
            "insert into serving.received_events (event_id, source, event_type, outcome, reason)"
            " values (%s, %s, 'x', %s, %s)",
            [(f"{source}-{reason}-{nth}", source, outcome, reason) for nth in range(n_events)],
        )


def test_the_page_of_events_shows_what_was_skipped_and_why(empty: Shop) -> None:
    received(empty, "amplitude", "processed", None, 7)
    received(empty, "amplitude", "skipped", "missing_item", 3)
    page = empty.api(open_pages=True).get("/admin/events").text
    assert "missing item" in page
    described = page.split('data-chart="')[1].split('"')[0].replace("&#34;", '"')
    assert [series["values"] for series in json.loads(described)["series"]] == [[7.0], [3.0]]


def predicted(shop: Shop, user: str, risk: float, *, days_ago: float) -> None:
    shop.run(
        "insert into serving.churn_predictions (user_id, prediction_date, churn_risk)"
        " values (%(user)s, %(at)s, %(risk)s)",
        user=user, risk=risk, at=NOW - timedelta(days=days_ago),
    )  # fmt: skip


def test_s4_35_churn_predictions_by_day_or_a_word_that_there_are_none(empty: Shop) -> None:
    assert "churn" in empty.api(open_pages=True).get("/admin/churn").text


def trained(shop: Shop, run_key: str, state: str, *, auc: float, days_ago: float = 1, reason: str = HOSTILE) -> None:
    bins = [{"n_customers": 100, "mean_risk": nth / 10, "churned_share": nth / 11} for nth in range(1, 10)]
    shop.run(
        "insert into ops.churn_models (run_key, state, reason, trained_at, uri, sha256, horizon_days, first_date,"
        " last_date, n_examples, measured_on, n_customers, churned_share, auc, brier, calibration_error, recency_auc,"
        " recency_brier, bins) values (%(run_key)s, %(state)s, %(reason)s, %(at)s, 's3://a/b', 'x', 90, '2024-01-01',"
        " '2024-09-01', 9000, '2024-09-01', 900, 0.5, %(auc)s, 0.18, 0.03, 0.7, 0.2, %(bins)s)",
        run_key=run_key, state=state, reason=reason, at=NOW - timedelta(days=days_ago), auc=auc, bins=json.dumps(bins),
    )  # fmt: skip


def test_s4_44_the_page_of_churn_shows_each_model_with_its_figures_and_the_calibration_of_the_live_one(
    empty: Shop,
) -> None:
    trained(empty, "first", "previous", auc=0.81, days_ago=9)
    trained(empty, "second", "live", auc=0.82, days_ago=2)
    trained(empty, "third", "rejected", auc=0.69)
    page = empty.api(open_pages=True).get("/admin/churn").text
    assert re.findall('<th scope="row">([a-z]+)</th>', page) == ["third", "second", "first"]
    assert HOSTILE not in page
    calibration, figures = (
        json.loads(described.split('"')[0].replace("&#34;", '"')) for described in page.split('data-chart="')[1:]
    )
    assert [len(series["values"]) for series in calibration["series"]] == [9, 9]
    assert figures["series"][0]["values"] == [0.81, 0.82, 0.69]


def test_the_page_of_churn_says_that_no_model_was_trained(empty: Shop) -> None:
    assert "No model of churn was trained yet" in empty.api(open_pages=True).get("/admin/churn").text


@pytest.mark.parametrize(("high_from", "n_high"), [(0.5, "2"), (0.7, "1"), (0.95, "0")])
def test_high_risks_are_counted_by_the_setting(empty: Shop, high_from: float, n_high: str) -> None:
    for user, risk in (("u1", 0.6), ("u2", 0.9), ("u3", 0.1)):
        predicted(empty, user, risk, days_ago=1)
    page = empty.api(open_pages=True, churn_high_from=high_from, churn_medium_from=0.3).get("/admin/churn").text
    assert re.findall('data-label="High risk">([^<]*)', page) == [n_high]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_in_a_warehouse_without_events_says_so_and_needs_a_login(empty: Shop, page: str) -> None:
    answer = empty.api(open_pages=True).get(page)
    assert answer.status_code == 200, answer.text
    assert empty.api(key=None).get(page).status_code == 401


def test_figures_need_a_key(empty: Shop) -> None:
    assert empty.api(key=None).get("/api/v1/performance").status_code == 401


ADDRESS = "http://shop.test"


@pytest.fixture
def browsed(browser_page: Any, life: Life) -> Any:
    for nth in range(12):
        life.shown(f"u{nth}", "mug", HOSTILE, answer=f"r{nth}", days_ago=1 + nth % 6)
        life.did("click", f"u{nth}", "mug", answer=f"r{nth}", days_ago=0.9 + nth % 6)
        life.did("hide", HOSTILE, HOSTILE, answer=f"r{nth}", days_ago=0.8)
        predicted(life.shop, f"u{nth}", nth / 12, days_ago=1 + nth % 3)
    trained(life.shop, "first", "previous", auc=0.81, days_ago=9)
    trained(life.shop, "second", "live", auc=0.82)
    received(life.shop, "amplitude", "processed", None, 40)
    received(life.shop, "api", "skipped", "missing_user", 4)
    api: TestClient = life.shop.api(open_pages=True)

    def answer(route: Any) -> None:
        given = api.get(route.request.url.removeprefix(ADDRESS))
        route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    browser_page.route("**/*", answer)
    return browser_page


def test_s4_35_the_page_of_churn_shows_predictions_by_day(browsed: Any) -> None:
    browsed.goto(f"{ADDRESS}/admin/churn")
    rows = [row.inner_text().split() for row in browsed.locator("table").first.locator("tbody tr").all()]
    days = [(NOW - timedelta(days=days_ago)).date().isoformat() for days_ago in (1, 2, 3)]
    assert [row[0] for row in rows] == days
    assert [(row[1], row[-2], row[-1]) for row in rows] == [("4", "0.38", "1"), ("4", "0.46", "1"), ("4", "0.54", "1")]
    assert browsed.evaluate("[...document.querySelectorAll('canvas')].filter(Chart.getChart).length") == 3
