"""Events from applications: `POST /api/v1/events`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError

from services.serving.auth import require_api_key
from services.serving.bodies import read_json
from services.serving.dependencies import Dependencies, dependencies_of
from services.serving.errors import (
    BodyTooLarge,
    DatabaseUnreachable,
    IdentityKeyMissing,
    InvalidBody,
    InvalidRequest,
    TableMissing,
    TooManyRequests,
    Unauthorized,
    responses,
)
from services.serving.gate import Gate
from services.serving.interactions.events import IncomingEvent, Outcome, event_id_of
from services.serving.interactions.schemas import MAX_EVENTS, EventsAnswer, SentEvent, SentEvents, SkippedEvent
from services.serving.people import usable_id

router = APIRouter(prefix="/api/v1", tags=["events in"], dependencies=[Depends(require_api_key)])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["events"],
                    "additionalProperties": False,
                    "properties": {
                        "events": {"type": "array", "maxItems": MAX_EVENTS, "items": SentEvent.model_json_schema()}
                    },
                },
                "example": {"events": [{"event_type": "click", "user_id": "12345", "item_id": "22423"}]},
            }
        },
    }
}


@router.post(
    "/events", response_model_exclude_none=True, openapi_extra=_BODY, summary="Record what users did and were shown",
    responses=responses(
        InvalidBody, InvalidRequest, Unauthorized, BodyTooLarge, TooManyRequests, DatabaseUnreachable, TableMissing,
        IdentityKeyMissing,
    ),
)  # fmt: skip
async def record_events(request: Request) -> EventsAnswer:
    """Store events, each at most once; skip those that say nothing about a user and items, with the reason."""
    dependencies = dependencies_of(request)
    async with dependencies.once(Gate).entered():
        body = await read_json(request, dependencies.settings.webhook_max_bytes)
        try:
            sent = SentEvents.model_validate(body)
        except ValidationError as error:
            raise InvalidRequest(_faults(error)) from error
        return answer_of(await _store(dependencies, sent.events))


def answer_of(outcomes: list[Outcome]) -> EventsAnswer:
    """Count outcomes, and explain those of skipped events by their index."""
    skipped = [
        SkippedEvent(index=index, reason=outcome.reason)
        for index, outcome in enumerate(outcomes)
        if outcome.reason is not None
    ]
    return EventsAnswer(processed=len(outcomes) - len(skipped), skipped=len(skipped), skipped_events=skipped or None)


async def _store(dependencies: Dependencies, events: list[SentEvent]) -> list[Outcome]:
    received_at = datetime.now(UTC)
    user_ids = await dependencies.people.of({user for event in events if (user := usable_id(event.user_id))})
    return await dependencies.interactions.store([_incoming(event, user_ids, received_at) for event in events])


def _incoming(sent: SentEvent, user_ids: Mapping[str, str], received_at: datetime) -> IncomingEvent:
    user = usable_id(sent.user_id)
    fields = sent.model_dump(exclude={"user_id", "event_id", "occurred_at", "session_id", "item_ids"})
    return IncomingEvent(
        **fields,
        source="api",
        event_id=_event_id(sent),
        user_id=user_ids[user] if user else None,
        session_id=sent.session_id or None,
        item_ids=tuple(sent.item_ids),
        occurred_at=sent.occurred_at or received_at,
        received=sent.model_dump(mode="json", exclude={"user_id", "session_id"}, exclude_defaults=True),
    )


def _event_id(sent: SentEvent) -> str:
    """Without an id of its own, the same thing at the same time is the same event; without a time it never is."""
    who = (sent.user_id, sent.session_id)
    if sent.event_id:
        return event_id_of("api", *who, sent.event_id)
    if sent.occurred_at is None:
        return uuid.uuid4().hex
    return event_id_of("api", *who, sent.event_type, sent.item_id, sent.item_ids, sent.occurred_at)


def _faults(error: ValidationError) -> str:
    """What is wrong, without the values: they are a user's."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults[:10])
