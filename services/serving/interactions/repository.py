"""All that is stored of events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

import msgspec
from psycopg.sql import Identifier

from aisle.warehouse import sql
from services.serving.batches import Batches
from services.serving.database import Database

#: PostgreSQL stores no NUL. A backslash that is itself escaped begins none.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_STORE = ("serving/interactions/await_erasure", "serving/interactions/store")
#: Events of one transaction.
_MOST_EVENTS = 1000


class EventRow(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """An event as `serving/interactions/store` reads it, once each time it comes; `reason` is why it is skipped."""

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


@cache
def _joins() -> list[str]:
    """Return the statements that give the events of sessions to whoever has logged in to them."""
    given = sql("serving/interactions/given_sessions")
    return [
        sql("serving/interactions/join_sessions", table=Identifier(table), sessions=given)
        for table in ("interactions", "impressions")
    ]


class InteractionsRepository:
    """Schema `serving`: interactions, impressions, sessions and what was received."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batches = Batches(self._store, _MOST_EVENTS)

    async def store(self, events: Sequence[EventRow]) -> set[str]:
        """Store events, and give those of their sessions to whoever has logged in; all of it or nothing.

        Requests that come while others are stored share one transaction. Return the ids of events of people who were
        erased after the event, of which nothing is stored.
        """
        return {event.event_id for event, is_erased in (await self._batches.get_all(events)).items() if is_erased}

    async def _store(self, events: Sequence[EventRow]) -> Mapping[EventRow, bool]:
        """Store the events of one or more requests; return of each whether its person was erased after it."""
        distinct: dict[str, EventRow] = {}
        for event in events:
            if (known := distinct.get(event.event_id)) is None or (known.reason and not event.reason):
                distinct[event.event_id] = event
        session_ids = sorted({event.session_id for event in distinct.values() if event.session_id})
        rows = _NUL.sub(rb"\1", msgspec.json.encode(list(distinct.values()))).decode()
        statements = [sql(name) for name in _STORE] + (_joins() if session_ids else [])
        values = {"events": rows, "session_ids": session_ids}
        _, erased, *_ = await self._database.write(statements, values)
        erased_ids = {event_id for (event_id,) in erased}
        return {event: event.event_id in erased_ids for event in events}
