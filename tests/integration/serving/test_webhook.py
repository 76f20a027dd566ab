"""Amplitude's events: the documented answer, what is stored of them, and nothing lost or stored twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aisle.contracts.company_orders import Customer
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from services.serving.webhook.schemas import WebhookAnswer
from tests.integration.serving.webhook import EXAMPLE, WEBHOOK, Receiver, click, event
from tests.serving_metrics import counted
from tests.serving_shop import HASH_KEY

HASHER = PersonHasher(Identity(hash_key=HASH_KEY))  # type: ignore[arg-type]


def test_s1_9_the_example_gets_the_documented_answer(webhook_api: TestClient, receiver: Receiver) -> None:
    for body in ({"api_key": "your_api_key", "events": [EXAMPLE]}, {"events": [EXAMPLE]}):  # S1-5, S1-6
        answer = webhook_api.post(WEBHOOK, json=body)
        assert answer.status_code == 200
        assert answer.text == '{"message":"Webhook successfully processed","processed":1,"skipped":0}'
    user_id = HASHER.hashes("oe", Customer(id="12345")).source_id
    moment = datetime(2009, 2, 13, 23, 31, 30, tzinfo=UTC)  # S1-8
    columns = "event_type, user_id, item_id, item_type, occurred_at, source, weight"  # S1-7, S1-71
    assert receiver.rows(columns) == [("click", user_id, "doc_123", "paper", moment, "amplitude", 1.0)]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_s1_1_other_methods_are_refused(webhook_api: TestClient, method: str) -> None:
    assert webhook_api.request(method, WEBHOOK).status_code == 405


def test_s1_2_irrelevant_events_are_skipped_with_a_200(webhook_api: TestClient, receiver: Receiver) -> None:
    answer = webhook_api.post(
        WEBHOOK, json={"events": [event(event_type="[Amplitude] Page Viewed"), {}, EXAMPLE, "no event"]}
    )
    assert (answer.status_code, answer.json()["processed"], answer.json()["skipped"]) == (200, 1, 3)
    skipped = WebhookAnswer.model_validate(answer.json()).skipped_events or []
    assert [(event.index, event.reason) for event in skipped] == [(place, "irrelevant") for place in (0, 1, 3)]
    assert len(receiver.rows("event_id")) == 1


def test_s1_10_s1_45_s1_46_a_mixed_batch_is_counted_and_explained_by_index(webhook_api: TestClient) -> None:
    events = [
        click("a"), event(event_type="session_start"), click("b"),
        event(user_id=None), event(event_properties={}), click("c"),
    ]  # fmt: skip
    before = counted(webhook_api, "aisle_serving_events_total", "outcome", source="amplitude")
    assert webhook_api.post(WEBHOOK, json={"events": events}).json() == {
        "message": "Webhook successfully processed",
        "processed": 3,
        "skipped": 3,
        "skipped_events": [
            {"index": 1, "reason": "irrelevant"},
            {"index": 3, "reason": "missing_user"},
            {"index": 4, "reason": "missing_item"},
        ],
    }
    rise = counted(webhook_api, "aisle_serving_events_total", "outcome", source="amplitude") - before
    assert rise == {"processed": 3, "irrelevant": 1, "missing_user": 1, "missing_item": 1}  # S1-45, S1-46


def test_retries_in_other_pieces_store_each_event_once(webhook_api: TestClient, receiver: Receiver) -> None:
    events = [click(f"p{n}", insert_id=f"i{n}", device_id="d") for n in range(6)]
    for piece in (events, events[3:], events[:4], events[::-1], [events[2]], events[1:3] + events[1:3]):
        assert webhook_api.post("/2/httpapi", json={"api_key": "k", "events": piece}).json()["processed"] == len(piece)
    assert receiver.rows("item_id") == [(f"p{n}",) for n in range(6)]


def test_one_insert_id_on_two_devices_is_two_events(webhook_api: TestClient, receiver: Receiver) -> None:
    events = [click(device, insert_id="1", device_id=device) for device in ("d1", "d2")]
    events += [click(user, insert_id="1", user_id=user) for user in ("u1", "u2")]
    webhook_api.post(WEBHOOK, json={"events": events})
    assert receiver.rows("item_id") == [("d1",), ("d2",), ("u1",), ("u2",)]


def test_without_an_insert_id_the_same_thing_at_the_same_time_counts_once(
    webhook_api: TestClient, receiver: Receiver
) -> None:
    without_time = {name: value for name, value in click("c").items() if name != "time"}
    for _ in range(2):
        webhook_api.post(
            WEBHOOK, json={"events": [click("a"), click("a", time=1234567890001), click("b"), without_time]}
        )
    assert receiver.rows("item_id") == [("a",), ("a",), ("b",), ("c",), ("c",)]


def test_a_sale_that_an_sdk_reports_is_a_purchase(webhook_api: TestClient, receiver: Receiver) -> None:
    sale = {"$productId": "P7", "$quantity": 3, "$price": 9.5, "$revenueType": "income"}
    webhook_api.post("/2/httpapi", json={"events": [event(event_type="revenue_amount", event_properties=sale)]})
    assert receiver.rows("event_type, item_id, event_value, weight") == [("purchase", "P7", 3.0, None)]


def test_s0_21_a_visitor_who_logs_in_has_done_what_they_did_before(webhook_api: TestClient, receiver: Receiver) -> None:
    def at(second: int, **more: Any) -> dict[str, Any]:
        return {**click(f"p{second}"), "device_id": "d1", "session_id": 1234567890000, "insert_id": f"i{second}",
                "time": 1234567890000 + second * 1000, **more}  # fmt: skip

    first_visit = [at(1, user_id=None), at(2, user_id=None, device_id="d2"), at(3, event_type="$identify")]
    assert webhook_api.post("/2/httpapi", json={"events": first_visit}).json()["processed"] == 2
    user_id = HASHER.hashes("oe", Customer(id="12345")).source_id
    assert receiver.rows("item_id, user_id") == [("p1", user_id), ("p2", None)]


def test_nothing_that_names_a_user_is_stored(webhook_api: TestClient, receiver: Receiver) -> None:
    named = {"user_id": "customer-4711", "device_id": "device-4711", "user_properties": {"phone": "4711"},
             "ip_address": "4711", "insert_id": "customer-4711-1"}  # fmt: skip
    webhook_api.post(WEBHOOK, json={"events": [event(**named), event(event_type="session_start", **named)]})
    for table in ("interactions", "received_events", "sessions"):
        (stored,) = receiver.rows(f"jsonb_agg({table})::text", table)
        assert "4711" not in stored[0]


def test_a_value_below_zero_of_what_speaks_for_an_item_costs_that_event_alone(
    webhook_api: TestClient, receiver: Receiver
) -> None:
    below = [
        event(event_properties={"item_id": "a", "event_value": -1}),
        event(event_type="fundraise", event_properties={"item_id": "a", "event_value": -0.01}),
        event(event_type="scroll_impression", event_properties={"items_shown": ["a"], "event_value": -5}),
        event(event_type="revenue_amount", event_properties={"$productId": "a", "$quantity": -3, "$price": 2.5}),
    ]
    answer = webhook_api.post(WEBHOOK, json={"events": [*below, click("b")]}).json()
    assert answer["processed"] == 1
    assert answer["skipped_events"] == [{"index": place, "reason": "invalid_value"} for place in range(4)]
    assert receiver.rows("item_id") == [("b",)]


def test_any_other_value_and_a_dislike_of_a_value_below_zero_are_stored(webhook_api: TestClient) -> None:
    events = [event(event_properties={"item_id": "a", "event_value": value}) for value in (0, -0.0, 0.5, None, "x")]
    dislike = event(event_type="downvote", event_properties={"item_id": "a", "event_value": -1})
    assert webhook_api.post(WEBHOOK, json={"events": [*events, dislike]}).json()["processed"] == 6


def test_an_id_of_a_list_or_request_that_could_name_a_person_is_not_stored(
    webhook_api: TestClient, receiver: Receiver
) -> None:
    named = ["ann@example.com", "Ann Khan", "x" * 129, "\x00", 7]
    events = [
        event(event_properties={"item_id": f"p{place}", "recommendation_id": sent, "request_id": sent})
        for place, sent in enumerate([*named, "r-1"])
    ]
    assert webhook_api.post(WEBHOOK, json={"events": events}).json()["processed"] == 6
    assert receiver.rows("item_id, recommendation_id, request_id") == [
        *((f"p{place}", None, None) for place in range(5)), ("p5", "r-1", "r-1"),
    ]  # fmt: skip
