"""Which events are kept, and with which weight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from aisle.contracts.event_types import EventType, EventTypes
from aisle.contracts.limits import LONGEST_ID
from services.serving.interactions.events import IncomingEvent, Outcome, Reason, event_id_of, moment_of
from services.serving.interactions.repository import EventRow, InteractionsRepository
from services.serving.metrics import EVENTS

#: Bytes of JSON: of what a sender says beside the fields of an event, and of a skipped event as it is kept.
MAX_PROPERTIES_BYTES = 8192
#: Items of one impression. Personalize is told of the first ones.
MAX_SHOWN_ITEMS = 500
_NO_TYPE = EventType()


def now() -> datetime:
    """Return the time by which events count as late or early."""
    return datetime.now(UTC)


class Interactions:
    """The one way in for interactions and impressions."""

    def __init__(self, repository: InteractionsRepository, types: EventTypes) -> None:
        self._repository = repository
        self._types = types

    def should_process_event(self, event: IncomingEvent) -> bool:
        """Whether an event says something about a user and items, so that it is stored."""
        return self._reason_to_skip(event, now()) is None

    async def store(self, events: Sequence[IncomingEvent]) -> list[Outcome]:
        """Store events, each at most once whatever requests it comes with; return what became of each, in order.

        Raises DatabaseUnreachable, TableMissing: then nothing is stored, and the sender may send all of them again.
        """
        received_at = now()
        rows = {event.event_id: self._row(event, received_at) for event in reversed(events)}
        if not rows:
            return []
        erased = await self._repository.store(list(rows.values()))
        outcomes = [_outcome(rows[event.event_id], erased) for event in events]
        for event, outcome in zip(events, outcomes, strict=True):
            EVENTS.labels(event.source, "processed" if outcome.is_processed else outcome.reason).inc()
        return outcomes

    def _reason_to_skip(self, event: IncomingEvent, received_at: datetime) -> Reason | None:
        kind = self._types.get(event.event_type)
        if kind is None:
            return "irrelevant"
        if not event.user_id and not event.session_id:
            return "missing_user"
        items = event.item_ids if kind.impression else (event.item_id,)
        if not items or None in items or "" in items:
            return "missing_item"
        if any(len(item) > LONGEST_ID or "\x00" in item for item in items if item) or len(items) > MAX_SHOWN_ITEMS:
            return "invalid_item"
        if not kind.is_negative and (event.event_value or 0) < 0:
            return "invalid_value"
        return "invalid_time" if moment_of(event.occurred_at, received_at) is None else None

    def _row(self, event: IncomingEvent, received_at: datetime) -> EventRow:
        kind = self._types.get(event.event_type) or _NO_TYPE
        reason = self._reason_to_skip(event, received_at)
        properties = msgspec.json.encode(event.properties)
        if reason is None and len(properties) > MAX_PROPERTIES_BYTES:
            reason = "too_large"
        occurred_at = moment_of(event.occurred_at, received_at) or received_at
        return EventRow(
            event_id=event.event_id,
            source=event.source,
            event_type=event.event_type,
            is_impression=kind.impression,
            reason=reason,
            user_id=event.user_id,
            session_id=_session_of(event, occurred_at),
            item_id=event.item_id,
            item_ids=event.item_ids,
            item_type=event.item_type,
            feed_type=event.feed_type,
            event_value=event.event_value,
            weight=kind.weight,
            weights_version=self._types.version,
            platform=event.platform,
            properties=msgspec.Raw(properties),
            recommendation_id=event.recommendation_id,
            request_id=event.request_id,
            occurred_at=occurred_at,
            payload=_payload(event) if reason else None,
        )


def _session_of(event: IncomingEvent, occurred_at: datetime) -> str | None:
    if event.session_id or not event.user_id:
        return event.session_id
    return event_id_of("session", event.source, event.user_id, occurred_at.date())


def _payload(event: IncomingEvent) -> msgspec.Raw | None:
    """What is kept of a skipped event, so that somebody can see why."""
    payload = msgspec.json.encode(event.received or {})
    return msgspec.Raw(
        payload if len(payload) <= MAX_PROPERTIES_BYTES else msgspec.json.encode({"bytes_left_out": len(payload)})
    )


def _outcome(row: EventRow, erased: set[str]) -> Outcome:
    reason: Any = "erased" if row.event_id in erased else row.reason
    return Outcome(row.event_id, reason)
