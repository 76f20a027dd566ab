from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import boto3
from hypothesis import given
from hypothesis import strategies as st

from aisle.contracts.events import MAX_EVENTS_PER_CALL, Event, calls

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def event_of(number: int, **changes: Any) -> Event:
    event = Event(f"e{number}", "ann", "basket", "purchase", f"P{number}", 2.0, NOON + timedelta(minutes=number))
    return event._replace(**changes)


def test_the_wire_form_has_the_time_in_whole_seconds_rounded_down_as_the_csv_has() -> None:
    late = event_of(1, occurred_at=NOON.replace(microsecond=999_999))
    assert late.as_wire() == {
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
    found = list(calls([*reversed(events), *others]))
    assert sorted(len(call) for call in found) == [1, 1, 2, 10]
    assert [event.event_id for call in found if len(call) > 1 for event in call] == [event.event_id for event in events]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 99)), max_size=60))
def test_every_event_is_in_exactly_one_call(drawn: list[tuple[str, str, int]]) -> None:
    events = [
        event_of(minute, event_id=f"e{place}", user_id=user, session_id=session)
        for place, (user, session, minute) in enumerate(drawn)
    ]
    found = list(calls(events))
    assert sorted(chain.from_iterable(found)) == sorted(events)
    for call in found:
        assert len({(event.user_id, event.session_id) for event in call}) == 1
        assert 1 <= len(call) <= MAX_EVENTS_PER_CALL


def test_boto3_finds_nothing_wrong_with_the_wire_form() -> None:
    from botocore.validate import ParamValidator

    client = boto3.client("personalize-events", region_name="us-east-1")
    shape = client.meta.service_model.operation_model("PutEvents").input_shape
    request = {"trackingId": "t", "userId": "u", "sessionId": "s", "eventList": [event_of(1).as_wire()]}
    assert not ParamValidator().validate(request, shape).has_errors()
