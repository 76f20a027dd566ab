"""Single events as PutEvents takes them: the wire's form, its limits, and which events may share a call.

Source: Personalize developer guide, "Recording real-time interactions" and "Quotas", state of 2025-11.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

MAX_EVENTS_PER_CALL = 10


class Event(NamedTuple):
    """One thing that a user did to an item. `occurred_at` carries a zone.

    `event_id` depends on nothing but what happened: the service counts a second event of the same id not at all.
    """

    event_id: str
    user_id: str
    session_id: str
    event_type: str
    item_id: str
    event_value: float | None
    occurred_at: datetime

    def as_wire(self) -> dict[str, Any]:
        """The event as a member of `eventList`: its time in whole seconds rounded down, as in the interactions CSV."""
        wire: dict[str, Any] = {
            "eventId": self.event_id,
            "eventType": self.event_type,
            "itemId": self.item_id,
            "sentAt": math.floor(self.occurred_at.timestamp()),
        }
        return wire if self.event_value is None else wire | {"eventValue": self.event_value}


Call = tuple[Event, ...]
_whose = attrgetter("user_id", "session_id")


def calls(events: Iterable[Event]) -> Iterator[Call]:
    """The events in as few calls as the service allows: one user and session each, at most ten events, oldest first."""
    for _, session in groupby(sorted(events, key=attrgetter("user_id", "session_id", "occurred_at")), _whose):
        mine = tuple(session)
        yield from (mine[first : first + MAX_EVENTS_PER_CALL] for first in range(0, len(mine), MAX_EVENTS_PER_CALL))
