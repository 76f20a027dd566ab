"""All that is stored of events."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from aisle.warehouse import sql
from services.serving.database import Database

#: PostgreSQL stores no NUL. A backslash that is itself escaped begins none.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_STORE = ("serving/interactions/await_erasure", "serving/interactions/store")
_JOIN = ("serving/interactions/join_sessions", "serving/interactions/join_sessions_of_impressions")


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event as `serving/interactions/store` reads it; `reason` is why it is skipped."""

    event_id: str
    source: str
    event_type: str
    is_impression: bool
    reason: str | None
    user_id: str | None
    session_id: str | None
    item_id: str | None
    item_ids: tuple[str, ...]
    item_type: str | None
    feed_type: str | None
    event_value: float | None
    weight: float | None
    weights_version: str
    platform: str | None
    properties: msgspec.Raw
    recommendation_id: str | None
    request_id: str | None
    occurred_at: datetime
    payload: msgspec.Raw | None


class InteractionsRepository:
    """Schema `serving`: interactions, impressions, sessions and what was received."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(self, events: Sequence[EventRow], session_ids: Collection[str]) -> set[str]:
        """Store events, and give those of these sessions to whoever has logged in; all of it or nothing.

        Return the ids of events of people who were erased after the event, of which nothing is stored.
        """
        values = {"events": _NUL.sub(rb"\1", msgspec.json.encode(events)).decode(), "session_ids": sorted(session_ids)}
        statements = _STORE + (_JOIN if session_ids else ())
        _, erased, *_ = await self._database.write([sql(name) for name in statements], values)
        return {event_id for (event_id,) in erased}
