from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from personalize_kinds.events import calls_of, calls_of_one_event
from personalize_kinds.limits import EVENTS_PER_CALL


def event(number: int, user: str | None = "ann", session: str = "basket") -> dict[str, Any]:
    user_id = {"userId": user} if user else {}
    return {**user_id, "sessionId": session, "eventId": f"e{number}", "eventType": "click", "sentAt": 0}


def ids(call: dict[str, Any]) -> list[str]:
    return [event["eventId"] for event in call["eventList"]]


def test_the_limit_of_a_call_is_that_of_the_service() -> None:
    model = ServiceModel(Loader().load_service_model("personalize-events", "service-2"))
    event_list = model.operation_model("PutEvents").input_shape.members["eventList"]
    assert event_list.metadata["max"] == EVENTS_PER_CALL


@pytest.mark.parametrize(("n_events", "sizes"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])])
def test_events_of_a_session_go_ten_in_a_call_and_keep_their_order(n_events: int, sizes: list[int]) -> None:
    calls = list(calls_of(map(event, range(n_events))))
    assert [len(call["eventList"]) for call in calls] == sizes
    assert list(chain.from_iterable(map(ids, calls))) == [f"e{number}" for number in range(n_events)]


def test_a_call_names_user_and_session_once_and_its_events_do_not() -> None:
    (call,) = calls_of([event(1)])
    assert call == {
        "userId": "ann",
        "sessionId": "basket",
        "eventList": [{"eventId": "e1", "eventType": "click", "sentAt": 0}],
    }
    (anonymous,) = calls_of([event(1, user=None)])
    assert "userId" not in anonymous


@given(st.lists(st.tuples(st.sampled_from(["ann", "ben", None]), st.sampled_from("xyz")), max_size=60))
def test_every_event_is_in_exactly_one_call_of_its_own_session(drawn: list[tuple[str | None, str]]) -> None:
    events = [event(number, user, session) for number, (user, session) in enumerate(drawn)]
    calls = list(calls_of(events))
    assert sorted(chain.from_iterable(map(ids, calls))) == sorted(event["eventId"] for event in events)
    session_of = {event["eventId"]: (event.get("userId"), event["sessionId"]) for event in events}
    for call in calls:
        assert 1 <= len(call["eventList"]) <= EVENTS_PER_CALL
        assert {session_of[event_id] for event_id in ids(call)} == {(call.get("userId"), call["sessionId"])}


def test_a_refused_call_is_taken_apart_into_its_events() -> None:
    (call,) = calls_of([event(1), event(2)])
    apart = list(calls_of_one_event(call))
    assert [ids(single) for single in apart] == [["e1"], ["e2"]]
    assert {(single["userId"], single["sessionId"]) for single in apart} == {("ann", "basket")}
