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
from personalize_kinds.limits import MAX_CATEGORICAL_LENGTH, MAX_IMPRESSION_ITEMS


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a user did to an item. `occurred_at` carries a zone.

    `event_id` depends on nothing but what happened: the service counts a second event of the same id not at all.
    `impression` is the list on which the user saw the item.
    """

    event_id: str
    user_id: str
    session_id: str
    event_type: str
    item_id: str
    event_value: float | None
    occurred_at: datetime
    impression: list[str] | None = None

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
        if self.event_value is not None:
            wire["eventValue"] = self.event_value
        if shown := _sendable(self.impression or ()):
            wire["impression"] = shown
        return wire


def _sendable(impression: Iterable[str]) -> list[str]:
    """As many items of an impression, from its first one, as an event may carry."""
    shown: list[str] = []
    n_characters = 0
    for item_id in impression:
        n_characters += len(item_id) + 1  # items are stored with a separator between them
        if len(shown) == MAX_IMPRESSION_ITEMS or n_characters > MAX_CATEGORICAL_LENGTH:
            break
        shown.append(item_id)
    return shown


def calls(events: Iterable[Event]) -> Iterator[Call]:
    """Yield as few calls as the service allows, the events of each session oldest first."""
    return calls_of(event.as_wire() for event in sorted(events, key=attrgetter("occurred_at")))
