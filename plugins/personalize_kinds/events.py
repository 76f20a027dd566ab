"""Batch events into calls of PutEvents: events of one user and session, at most ten per call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from personalize_kinds.limits import EVENTS_PER_CALL

#: Members that a call has once, for all of its events.
_OF_THE_CALL = ("userId", "sessionId")

Event = Mapping[str, Any]
#: The arguments of PutEvents, except for the tracking id.
Call = dict[str, Any]


def calls_of(events: Iterable[Event]) -> Iterator[Call]:
    """Yield as few calls as possible. Events of a session keep their order.

    Each event has the members of PutEvents' `eventList`, its `sessionId` and, where it is known, its `userId`.
    """
    for (user_id, session_id), session in groupby(sorted(events, key=_session_of), key=_session_of):
        event_list = [{member: event[member] for member in event if member not in _OF_THE_CALL} for event in session]
        user = {"userId": user_id} if user_id else {}
        for start in range(0, len(event_list), EVENTS_PER_CALL):
            yield {**user, "sessionId": session_id, "eventList": event_list[start : start + EVENTS_PER_CALL]}


def calls_of_one_event(call: Call) -> Iterator[Call]:
    """Yield a call for each event of a call, because the service refuses a whole call for one bad event."""
    return (call | {"eventList": [event]} for event in call["eventList"])


def _session_of(event: Event) -> tuple[str, str]:
    return event.get("userId") or "", event["sessionId"]
