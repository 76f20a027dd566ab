"""Single events, and the calls of PutEvents that carry them.

Source: Personalize developer guide, "Recording real-time interactions" and "Quotas", state of 2025-11.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from personalize_kinds.events import Call, calls_of


@dataclass(frozen=True, slots=True)
class Event:
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
        """Write the event as PutEvents takes it: its time in whole seconds rounded down, as in the interactions CSV."""
        wire: dict[str, Any] = {
            "userId": self.user_id,
            "sessionId": self.session_id,
            "eventId": self.event_id,
            "eventType": self.event_type,
            "itemId": self.item_id,
            "sentAt": math.floor(self.occurred_at.timestamp()),
        }
        return wire if self.event_value is None else wire | {"eventValue": self.event_value}


def calls(events: Iterable[Event]) -> Iterator[Call]:
    """Yield as few calls as the service allows, the events of each session oldest first."""
    return calls_of(event.as_wire() for event in sorted(events, key=attrgetter("occurred_at")))
