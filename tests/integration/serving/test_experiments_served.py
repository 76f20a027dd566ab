"""Experiments over a warehouse: arms are served and logged, outcomes are joined, and a report says what they show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from fastapi.testclient import TestClient

from aisle.contracts.company_orders import Customer
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from services.migrations import upgrade
from tests.serving_shop import HASH_KEY, Shop
from tests.waiting import wait_for

FILE = """
[[experiments]]
name = "heavy-weights"
description = "Purchases weigh twice <b>as much</b>"
starts_at = 2026-01-01T00:00:00Z
outcome_days = 1.0
arms = [{ name = "control", group = "shop" }, { name = "heavy", group = "heavy" }]
"""
HASHER = PersonHasher(Identity(hash_key=HASH_KEY))  # type: ignore[arg-type]
#: When everybody of `exposed` was first shown an arm.
EXPOSED_AT = datetime.now(UTC) - timedelta(days=3)


@pytest.fixture
def arms(shop: Shop, tmp_path: Path) -> Callable[..., TestClient]:
    """The API over a shop whose two dataset groups have lists of their own for everybody."""
    upgrade(shop.url)
    shop.groups("shop", "heavy")
    shop.run("insert into identity.customers (user_id) select 'u' || nth from generate_series(0, 19) as nth")
    for nth in range(20):
        shop.list_of("users", f"u{nth}", ("mug", 0.9))
        shop.list_of("users", f"u{nth}", ("tea", 0.9), schema="cache_heavy")
    shop.publish()
    shop.publish(schema="cache_heavy")
    path = tmp_path / "experiments.toml"
    path.write_text(FILE)

    def api(text: str = FILE, **more: Any) -> TestClient:
        path.write_text(text)
        return shop.api(experiments_file=str(path), **more)

    return api


def rows(shop: Shop, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(shop.url) as connection:
        return connection.execute(statement.encode()).fetchall()


def exposed(shop: Shop, arm: str, n_users: int, *, at: datetime = EXPOSED_AT, **acted: int) -> None:
    """Let users have been shown an arm, and some of them then have done something, once each."""
    with psycopg.connect(shop.url) as connection:
        cursor = connection.cursor()
        people = [f"{arm}-{nth}" for nth in range(n_users)]
        cursor.executemany(
            "insert into serving.exposures values ('heavy-weights', %s, %s, %s)", [(user, arm, at) for user in people]
        )
        for event_type, n_events in acted.items():
            cursor.executemany(
                "insert into serving.interactions (event_id, source, user_id, session_id, event_type, item_id, weight,"
                " weights_version, occurred_at) values (%s, 'api', %s, 's', %s, 'mug', %s, '1', %s)",
                [
                    (f"{user}-{event_type}", user, event_type, -0.5 if event_type == "hide" else 1.0,
                     at + timedelta(hours=1))
                    for user in people[:n_events]
                ],
            )  # fmt: skip


def test_s2_92_two_models_are_served_side_by_side_and_each_answer_names_its_arm(arms: Any) -> None:
    api, shown = arms(), defaultdict(set)
    for nth in range(20):
        answer = api.get(f"/api/v1/recommendations/u{nth}").json()
        assert answer["experiment"] == "heavy-weights"
        shown[answer["arm"]].add(answer["items"][0]["item_id"])
    assert shown == {"control": {"mug"}, "heavy": {"tea"}}


def test_exposures_are_logged_once_however_often_a_list_is_fetched(shop: Shop, arms: Any) -> None:
    api = arms()
    fetched = [api.get(f"/api/v1/recommendations/u{nth % 5}").json() for nth in range(15)]

    def logged() -> list[tuple[Any, ...]] | None:
        exposures = rows(shop, "select user_id, arm from serving.exposures")
        return exposures if len(exposures) >= 5 else None

    assert sorted(wait_for(logged, "five exposures")) == sorted({(said["user_id"], said["arm"]) for said in fetched})


def test_an_exposure_has_the_user_id_of_the_events_whatever_id_a_caller_sends(shop: Shop, arms: Any) -> None:
    api, sent_ids = arms(), ["ann@example.com", "12345", "Zoë  Khan", "u1"]
    for sent_id in sent_ids:
        assert api.get(f"/api/v1/recommendations/{quote(sent_id)}").json()["arm"] is not None
    assert api.get(f"/api/v1/recommendations/{quote(chr(1))}").json()["arm"] is None  # an id of nobody
    events = [{"event_type": "click", "user_id": sent_id, "item_id": "mug"} for sent_id in sent_ids]
    assert api.post("/api/v1/events", json={"events": events}).json()["processed"] == 4

    def logged() -> set[tuple[Any, ...]] | None:
        exposures = set(rows(shop, "select user_id from serving.exposures"))
        return exposures if len(exposures) >= 4 else None

    user_ids = wait_for(logged, "four exposures")
    assert user_ids == set(rows(shop, "select user_id from serving.interactions"))
    assert user_ids & {(sent_id,) for sent_id in sent_ids} == {("u1",)}


def test_the_feed_of_the_current_user_is_that_of_the_arm_and_an_exposure(shop: Shop, arms: Any) -> None:
    api = arms()
    listed = api.get("/api/v1/recommendations/u1").json()
    feed = api.get("/api/feed/personalized/", headers={"X-User-ID": "u1"}).json()
    assert [feed[name] for name in ("experiment", "arm", "items")] == [
        listed[name] for name in ("experiment", "arm", "items")
    ]
    assert feed["arm"] is not None
    assert wait_for(lambda: rows(shop, "select user_id from serving.exposures"), "an exposure") == [("u1",)]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        (FILE, "?group=shop"),
        (FILE.replace("starts_at = 2026", "starts_at = 2999"), ""),
        (FILE.replace("outcome_days", "share = 1e-12\noutcome_days"), ""),
        (FILE.replace('group = "heavy"', 'group = "gone"').replace('group = "shop"', 'group = "gone-too"'), ""),
    ],
)
def test_who_takes_no_part_gets_the_usual_list_and_is_not_logged(shop: Shop, arms: Any, text: str, query: str) -> None:
    answer = arms(text).get(f"/api/v1/recommendations/u1{query}").json()
    assert (answer["experiment"], answer["arm"], answer["items"][0]["item_id"]) == (None, None, "mug")
    assert rows(shop, "select * from serving.exposures") == []


def report(api: TestClient) -> Any:
    answer = api.get("/api/v1/experiments/heavy-weights")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_s1_66_the_report_compares_the_outcomes_of_the_arms(shop: Shop, arms: Any) -> None:
    exposed(shop, "control", 2_000, click=200, hide=20)
    exposed(shop, "heavy", 2_000, click=320, hide=20)
    said = report(arms())
    control, heavy = said["reports"]
    assert (control["n_exposed"], control["n_observed"], control["n_clicked"], control["rate"]) == (
        2000,
        2000,
        200,
        0.1,
    )
    assert (control["effect"], control["conclusion"]) == (None, None)
    assert (heavy["n_clicked"], heavy["rate"], heavy["conclusion"]) == (320, 0.16, "better")
    assert heavy["effect"]["difference"] == pytest.approx(0.06)
    assert 0 < heavy["effect"]["low"] < 0.06 < heavy["effect"]["high"]
    assert not said["has_sample_ratio_mismatch"]
    assert {exposures["arm"]: exposures["n_users"] for exposures in said["days"]} == {"control": 2000, "heavy": 2000}


@pytest.mark.parametrize(
    ("clicks", "hides", "n_heavy", "conclusion"),
    [
        (200, 20, 2_000, "undecided"),
        (90, 20, 2_000, "worse"),
        (320, 120, 2_000, "guardrail_broken"),
        (320, 20, 1_700, "sample_ratio_mismatch"),
    ],
)
def test_the_conclusion_of_an_arm(
    shop: Shop, arms: Any, clicks: int, hides: int, n_heavy: int, conclusion: str
) -> None:
    exposed(shop, "control", 2_000, click=200, hide=20)
    exposed(shop, "heavy", n_heavy, click=clicks, hide=hides)
    assert report(arms())["reports"][1]["conclusion"] == conclusion


def test_who_is_still_observed_or_was_in_several_arms_counts_in_no_rate(shop: Shop, arms: Any) -> None:
    exposed(shop, "control", 150, click=30)
    exposed(shop, "heavy", 150, at=datetime.now(UTC) - timedelta(hours=2), click=150)
    shop.run("insert into serving.exposures values ('heavy-weights', 'control-0', 'heavy', now())")
    said = report(arms())
    control, heavy = said["reports"]
    assert (control["n_exposed"], control["n_clicked"], said["n_in_several_arms"]) == (149, 29, 1)
    assert (heavy["n_exposed"], heavy["n_observed"], heavy["rate"], heavy["conclusion"]) == (150, 0, 0, "too_few")


def test_a_purchase_counts_from_the_orders_too_and_only_after_the_exposure_and_within_its_days(
    shop: Shop, arms: Any
) -> None:
    exposed(shop, "control", 4, purchase=1)
    for user, days in (("control-0", 0.5), ("control-1", 0.5), ("control-2", -0.5), ("control-3", 1.5)):
        moment = int((EXPOSED_AT + timedelta(days=days)).timestamp())
        shop.run("insert into personalize.interactions values (%(u)s, 'mug', 'purchase', 1, %(t)s)", u=user, t=moment)
    assert report(arms())["reports"][0]["n_purchased"] == 2


def test_an_experiment_that_there_is_not_is_a_404_and_reports_need_a_key(shop: Shop, arms: Any) -> None:
    assert arms().get("/api/v1/experiments/other").json()["error"]["code"] == "experiment_unknown"
    assert [listed["name"] for listed in arms().get("/api/v1/experiments").json()["experiments"]] == ["heavy-weights"]
    stranger = arms(key=None)
    for path in (
        "/api/v1/experiments",
        "/api/v1/experiments/heavy-weights",
        "/experiments",
        "/experiments/heavy-weights",
    ):
        assert stranger.get(path).status_code == 401


def test_the_pages_show_the_conclusion_and_escape_what_the_file_says(shop: Shop, arms: Any) -> None:
    exposed(shop, "control", 2_000, click=200)
    exposed(shop, "heavy", 2_000, click=320)
    api = arms(open_pages=True)
    page = api.get("/experiments/heavy-weights").text
    assert "Better" in page
    assert "twice &lt;b&gt;as much" in page
    assert "+6.00" in page
    assert 'href="/experiments/heavy-weights"' in api.get("/experiments").text


@pytest.mark.parametrize("sent_id", ["12345", "ann@example.com", "Zoe Khan", "u1", "customer-77"])
def test_a_person_is_in_one_arm_by_whichever_id_and_route_a_program_asks(shop: Shop, arms: Any, sent_id: str) -> None:
    """The unit of an assignment is the person (ADR 18), not the id that a caller happens to send."""
    api = arms()
    contact = HASHER.hashes("oe", Customer(id=sent_id, email=sent_id))
    user_id = "u1" if sent_id == "u1" else contact.email or contact.source_id
    shown = [
        api.get(f"/api/v1/recommendations/{quote(sent_id)}").json()["arm"],
        api.get("/api/feed/personalized/", headers={"X-User-ID": sent_id}).json()["arm"],
        api.app.state.dependencies.assigner.of(user_id).arm.name,
    ]
    assert len(set(shown)) == 1, shown
    logged = wait_for(lambda: rows(shop, "select user_id, arm from serving.exposures"), "the exposure")
    assert logged == [(user_id, shown[0])]
