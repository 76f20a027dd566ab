from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from aisle.contracts.events import Event, calls

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def event_of(number: int, **changes: Any) -> Event:
    event = Event(f"e{number}", "ann", "basket", "purchase", f"P{number}", 2.0, NOON + timedelta(minutes=number))
    return replace(event, **changes)


def test_the_wire_form_has_the_time_in_whole_seconds_rounded_down_as_the_csv_has() -> None:
    late = event_of(1, occurred_at=NOON.replace(microsecond=999_999))
    assert late.as_wire() == {
        "userId": "ann",
        "sessionId": "basket",
        "eventId": "e1",
        "eventType": "purchase",
        "itemId": "P1",
        "eventValue": 2.0,
        "sentAt": int(NOON.timestamp()),
    }
    assert "eventValue" not in event_of(1, event_value=None).as_wire()


def test_a_call_has_one_user_and_session_at_most_ten_events_and_the_oldest_first() -> None:
    events = [event_of(number) for number in range(12)]
    others = [event_of(20, user_id="ben"), event_of(21, session_id="another basket")]
    sessions = [[sent["eventId"] for sent in call["eventList"]] for call in calls([*reversed(events), *others])]
    assert sorted(map(len, sessions)) == [1, 1, 2, 10]
    assert [sent for ids in sessions if len(ids) > 1 for sent in ids] == [event.event_id for event in events]


def test_boto3_finds_nothing_wrong_with_the_wire_form() -> None:
    from botocore.validate import ParamValidator

    client = boto3.client("personalize-events", region_name="us-east-1")
    shape = client.meta.service_model.operation_model("PutEvents").input_shape
    (call,) = calls([event_of(1)])
    assert not ParamValidator().validate({"trackingId": "t", **call}, shape).has_errors()
