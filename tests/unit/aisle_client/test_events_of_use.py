"""Which events in Amplitude's words are worth sending: those that the API would store."""

from __future__ import annotations

from typing import Any

import pytest

from aisle.contracts.event_types import read_event_types
from aisle_client import AsyncEventProcessor, EventProcessor
from aisle_client.events import EVENT_TYPES, IMPRESSIONS
from services.serving.dependencies import Dependencies
from services.serving.webhook.service import EventProcessor as Receiver
from tests.serving_shop import api_settings

PROCESSED = {"message": "Webhook successfully processed", "processed": 1, "skipped": 0}
CLICK = {"event_type": "click", "user_id": "12345", "event_properties": {"item_id": "doc_123"}, "time": 1234567890000}
SHOWN = {"event_type": "initial_impression", "user_id": 7, "event_properties": {"items_shown": ["a", 2]}}


def test_the_types_are_those_of_the_table_and_a_sale_of_an_sdk() -> None:
    table = read_event_types(api_settings().event_types_file)
    assert {*table.types, "revenue_amount"} == EVENT_TYPES
    assert {name for name, kind in table.types.items() if kind.impression} == IMPRESSIONS


@pytest.mark.parametrize(
    "event",
    [
        CLICK, SHOWN, None, "click", [], {}, {**CLICK, "event_type": "session_start"}, {**CLICK, "event_type": None},
        {**CLICK, "event_type": ["click"]}, {**CLICK, "user_id": ""}, {**CLICK, "user_id": None},
        {**CLICK, "user_id": None, "device_id": "d1"}, {**CLICK, "user_id": None, "session_id": -1},
        {**CLICK, "user_id": None, "session_id": 1234567890000}, {**CLICK, "user_id": True},
        {**CLICK, "event_properties": None}, {**CLICK, "event_properties": {"item_id": 22423}},
        {**CLICK, "event_properties": {"item_id": " "}}, {**CLICK, "event_properties": {"items_shown": ["a"]}},
        {**SHOWN, "event_properties": {"items_shown": []}}, {**SHOWN, "event_properties": {"items_shown": "a"}},
        {**SHOWN, "event_properties": {"items_shown": ["a", None]}}, {**SHOWN, "event_properties": {"item_id": "a"}},
        {**CLICK, "event_type": "revenue_amount", "event_properties": {"$productId": "P1"}},
        {**CLICK, "event_properties": {"$productId": "P1"}},
    ],
)  # fmt: skip
def test_s1_38_an_event_is_worth_sending_if_the_api_would_store_it(event: Any) -> None:
    nowhere = Dependencies.of(api_settings())
    expected = Receiver(nowhere.people, nowhere.interactions).should_process_event(event)
    assert EventProcessor("http://nowhere", "key").should_process_event(event) is expected
    assert AsyncEventProcessor("http://nowhere", "key").should_process_event(event) is expected


def test_s1_26_another_table_has_other_types() -> None:
    processor = EventProcessor("http://nowhere", "key")
    played = {**CLICK, "event_type": "play"}
    assert not processor.should_process_event(played)
    assert processor.should_process_event(played, event_types={"play"})


def test_s1_39_an_event_is_sent_as_it_is_and_known_again_in_every_try(api: Any) -> None:
    processor = EventProcessor(api.url, "key")
    api.answers(200, PROCESSED)
    assert processor.process_event(CLICK) == {"processed": 1, "skipped": 0, "reasons": []}
    assert (api.requests[-1].path, api.requests[-1].body) == ("/webhooks/amplitude/", {"events": [CLICK]})
    api.answers(200, PROCESSED)
    processor.process_event(SHOWN)  # of no time
    (event,) = api.requests[-1].body["events"]
    assert len(event.pop("insert_id")) == 32
    assert event == SHOWN
