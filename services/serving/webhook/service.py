"""Amplitude's events on their way in: who each names, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from services.serving.errors import BodyTooLarge
from services.serving.interactions.events import Outcome
from services.serving.interactions.schemas import MAX_EVENTS
from services.serving.interactions.service import Interactions
from services.serving.people import People
from services.serving.webhook.amplitude import read_event


class EventProcessor:
    """Filters, weighs and stores events in Amplitude's words."""

    def __init__(self, people: People, interactions: Interactions) -> None:
        self._people = people
        self._interactions = interactions

    def should_process_event(self, event: object) -> bool:
        """Whether an event would be stored."""
        read = read_event(event, datetime.now(UTC))
        return self._interactions.should_process_event(msgspec.structs.replace(read.event, user_id=read.sent_user_id))

    async def process_event(self, event: object) -> Outcome:
        """Store one event; the same event once more changes nothing."""
        (outcome,) = await self.process_events([event])
        return outcome

    async def process_events(self, events: Sequence[object]) -> list[Outcome]:
        """Store events, all or none, and return what became of each, in order. Raises BodyTooLarge, or as `store`."""
        if len(events) > MAX_EVENTS:
            raise BodyTooLarge(f"the body has {len(events)} events; send at most {MAX_EVENTS} at a time")
        received_at = datetime.now(UTC)
        read = [read_event(event, received_at) for event in events]
        user_ids = await self._people.of({sent.sent_user_id for sent in read if sent.sent_user_id})
        return await self._interactions.store(
            [
                msgspec.structs.replace(sent.event, user_id=user_ids[sent.sent_user_id])
                if sent.sent_user_id
                else sent.event
                for sent in read
            ]
        )
