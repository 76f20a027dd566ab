"""One event on its way in, and what became of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from aisle.contracts.limits import CLOCK_TOLERANCE, EARLIEST_MOMENT

Source = Literal["amplitude", "api", "feed", "shop"]
Reason = Literal[
    "irrelevant", "missing_user", "missing_item", "invalid_item", "invalid_value", "invalid_time", "too_large", "erased"
]

#: Ids of sessions, requests and recommendations are stored as they are sent: no longer than ids are, and of characters
#: in which neither a name nor an e-mail address is written.
LONGEST_SENT_ID = 128
SENT_ID = r"^[A-Za-z0-9._:~+/=-]*$"


class IncomingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a user did to an item (`item_id`), or items that a user was shown (`item_ids`, in their order).

    `user_id` is one of Aisle's (`People`), never a caller's own; None while the user is anonymous, who then has a
    `session_id`. Without a `session_id`, a user's events of a day are one session. `occurred_at` carries a zone. Of two
    events with the same `event_id` the first counts: `event_id_of` makes one. `received` is the event as it came,
    without its user; it is kept if the event is skipped.
    """

    event_id: str
    source: Source
    event_type: str
    occurred_at: datetime
    user_id: str | None = None
    session_id: str | None = None
    item_id: str | None = None
    item_ids: tuple[str, ...] = ()
    item_type: str | None = None
    feed_type: str | None = None
    event_value: float | None = None
    platform: str | None = None
    properties: Mapping[str, Any] = {}
    recommendation_id: str | None = None
    request_id: str | None = None
    received: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an event: stored, or skipped for a reason."""

    event_id: str
    reason: Reason | None = None

    @property
    def is_processed(self) -> bool:
        return self.reason is None


def event_id_of(*parts: object) -> str:
    """Return an id that depends on nothing but what happened: 32 hex digits. A sender's own ids may name a person."""
    text = "\x1f".join("" if part is None else str(part) for part in parts)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def sent_id(value: object) -> str | None:
    """Return the id of a session, request or recommendation as it may be stored; None if it is none."""
    is_id = isinstance(value, str) and 0 < len(value) <= LONGEST_SENT_ID and re.fullmatch(SENT_ID, value)
    return str(value) if is_id else None


def moment_of(occurred_at: datetime, received_at: datetime) -> datetime | None:
    """Return when an event counts as having happened; None if it cannot have happened then.

    An event may come late by years, and in any order. One from the future comes from a wrong clock: within an hour it
    is believed, beyond it counts as of its receipt, because it would outweigh every later one.
    """
    if occurred_at < EARLIEST_MOMENT:
        return None
    return occurred_at.astimezone(UTC) if occurred_at <= received_at + CLOCK_TOLERANCE else received_at
