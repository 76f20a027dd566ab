"""`POST /api/v1/events`: what applications report, each once, under the user id of the user that they name."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from aisle.contracts.company_orders import Customer
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from services.migrations import upgrade
from tests.serving_shop import HASH_KEY, Shop

HASHER = PersonHasher(Identity(hash_key=HASH_KEY))  # type: ignore[arg-type]
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def shop(warehouse_url: str) -> Iterator[Shop]:
    upgrade(warehouse_url)
    with ExitStack() as opened:
        yield Shop(warehouse_url, opened)


@pytest.fixture
def api(shop: Shop) -> TestClient:
    return shop.api()


def rows(shop: Shop, columns: str, table: str = "interactions") -> list[tuple[Any, ...]]:
    with psycopg.connect(shop.url) as connection:
        return connection.execute(f"select {columns} from serving.{table} order by 1".encode()).fetchall()


def post(api: TestClient, *events: dict[str, Any]) -> Any:
    return api.post("/api/v1/events", json={"events": list(events)}).json()


def event(**more: Any) -> dict[str, Any]:
    return {"event_type": "click", "user_id": "7", "item_id": "P1", "occurred_at": NOON.isoformat(), **more}


def test_s0_19_an_event_is_stored_with_all_that_it_says(api: TestClient, shop: Shop) -> None:
    said = {"item_type": "paper", "platform": "web", "event_value": 2, "properties": {"a": [1]}, "session_id": "s1",
            "recommendation_id": "r1", "request_id": "q1"}  # fmt: skip
    assert post(api, event(**said)) == {"processed": 1, "skipped": 0}
    columns = "item_id, item_type, platform, event_value, properties, session_id, recommendation_id, request_id"
    assert rows(shop, columns) == [("P1", "paper", "web", 2.0, {"a": [1]}, "s1", "r1", "q1")]
    assert rows(shop, "user_id, weight, source") == [(HASHER.hashes("oe", Customer(id="7")).source_id, 1.0, "api")]


def test_s0_21_an_anonymous_visitor_is_known_by_the_session(api: TestClient, shop: Shop) -> None:
    anonymous = event(user_id=None, session_id="s1")
    assert post(api, anonymous)["processed"] == 1
    later = (NOON + timedelta(minutes=1)).isoformat()
    assert post(api, event(session_id="s1", item_id="P2", occurred_at=later))["processed"] == 1
    assert len(rows(shop, "user_id")) == 2
    assert len(set(rows(shop, "user_id"))) == 1


def test_the_list_that_was_shown_is_an_impression(api: TestClient, shop: Shop) -> None:
    post(api, event(event_type="initial_impression", item_id=None, item_ids=["b", "a"], feed_type="home"))
    assert rows(shop, "item_ids, feed_type", "impressions") == [(["b", "a"], "home")]


def test_what_is_skipped_is_explained_and_the_rest_is_stored(api: TestClient) -> None:
    sent = [event(), event(event_type="login"), event(user_id=" "), event(item_id=None)]
    assert post(api, *sent) == {
        "processed": 1,
        "skipped": 3,
        "skipped_events": [
            {"index": 1, "reason": "irrelevant"},
            {"index": 2, "reason": "missing_user"},
            {"index": 3, "reason": "missing_item"},
        ],
    }


@pytest.mark.parametrize("same", [{"event_id": "e1"}, {}, {"event_id": uuid.uuid4().hex}])
def test_an_event_counts_once_however_often_it_is_sent(api: TestClient, shop: Shop, same: dict[str, str]) -> None:
    for _ in range(3):
        assert post(api, event(**same), event(**same))["processed"] == 2
    assert len(rows(shop, "event_id")) == 1


def test_without_an_id_and_a_time_each_is_an_event_of_its_own(api: TestClient, shop: Shop) -> None:
    post(api, *[{"event_type": "view", "user_id": "7", "item_id": "P1"} for _ in range(3)])
    assert len(rows(shop, "event_id")) == 3


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"events": {}},
        {"events": ["click"]},
        {"events": [event(user=1)]},
        {"events": [event(item_id=7)]},
        {"events": [event(occurred_at="2026-01-01T00:00:00")]},
        {"events": [event(event_value="NaN")]},
        {"events": [event(item_id="x" * 256)]},
        {"events": [event()] * 2001},
        {"events": [], "more": 1},
    ],
)
def test_what_is_not_an_event_is_refused_whole(api: TestClient, shop: Shop, body: Any) -> None:
    answer = api.post("/api/v1/events", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
    assert "xxx" not in answer.text
    assert rows(shop, "event_id", "received_events") == []


def test_an_api_key_is_needed(shop: Shop) -> None:
    assert shop.api(key=None).post("/api/v1/events", json={"events": [event()]}).status_code == 401


def test_ids_that_are_stored_as_they_come_cannot_name_a_person(api: TestClient, shop: Shop) -> None:
    for name in ("session_id", "request_id", "recommendation_id"):
        for sent in ("ann@example.com", "Ann Khan", "x" * 129, "a\nb", "é"):
            error = post(api, event(**{name: sent}))["error"]
            assert error["code"] == "invalid_request"
            assert f"events.0.{name}" in error["message"]
            assert sent not in error["message"]
    assert rows(shop, "event_id") == []


def test_ids_as_programs_make_them_are_stored(api: TestClient, shop: Shop) -> None:
    sent_ids = ["s1", "x" * 128, "6f1c0b1e-8a5e-4b7e-9d0e-0f1f2a3b4c5d", "a.b_c:d~e+f/g=", ""]
    events = [event(item_id=f"P{place}", session_id=sent, request_id=sent) for place, sent in enumerate(sent_ids)]
    assert post(api, *events)["processed"] == 5
    assert rows(shop, "item_id, request_id") == [(f"P{place}", sent) for place, sent in enumerate(sent_ids)]


def test_a_purchase_of_a_negative_value_is_skipped_alone(api: TestClient) -> None:
    refund = event(event_type="purchase", event_value=-2)
    assert post(api, refund, event())["skipped_events"] == [{"index": 0, "reason": "invalid_value"}]
