"""The routes of Amplitude: its webhook, and the two paths that its SDKs know."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from services.serving.bodies import read_json
from services.serving.dependencies import dependencies_of
from services.serving.errors import (
    BodyTooLarge,
    DatabaseUnreachable,
    IdentityKeyMissing,
    InvalidBody,
    ServingError,
    TableMissing,
    TooManyRequests,
    Unauthorized,
    responses,
)
from services.serving.gate import Gate
from services.serving.interactions.endpoints import answer_of
from services.serving.interactions.events import Outcome
from services.serving.metrics import EVENT_FAILURES
from services.serving.webhook.amplitude import events_in, is_of_sdk
from services.serving.webhook.auth import SECRET_HEADER, has_sdk_key, may_send, refusal
from services.serving.webhook.schemas import UploadAnswer, UploadError, WebhookAnswer
from services.serving.webhook.service import EventProcessor

router = APIRouter(tags=["events in"])

_EXAMPLE = {
    "event_type": "click",
    "user_id": "12345",
    "event_properties": {"item_id": "doc_123", "item_type": "paper"},
    "time": 1234567890000,
}
_REFUSALS = (InvalidBody, Unauthorized, BodyTooLarge, TooManyRequests)
_ERRORS = responses(*_REFUSALS, DatabaseUnreachable, TableMissing, IdentityKeyMissing)
_UPLOAD_ERRORS = responses(*_REFUSALS, model=UploadError)
#: How long SDKs hold throttled events before they send them again.
_HOLD: Mapping[str, str] = {"Retry-After": "30"}
#: How Amplitude begins to say so; SDKs that read it do not try again.
_WRONG_KEY = "Invalid API key:"
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"One event, a list, or an object with `events`; with the secret in the header {SECRET_HEADER}",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["events"],
                    "properties": {
                        "api_key": {"type": "string"},
                        "events": {"type": "array", "items": {"type": "object"}, "maxItems": 2000},
                    },
                },
                "example": {"api_key": "your_api_key", "events": [_EXAMPLE]},
            }
        },
    }
}


async def _processor(request: Request) -> EventProcessor:
    dependencies = dependencies_of(request)
    return EventProcessor(dependencies.people, dependencies.interactions)


Processor = Annotated[EventProcessor, Depends(_processor)]


@router.post(
    "/webhooks/amplitude/", response_model=WebhookAnswer, response_model_exclude_none=True, responses=_ERRORS,
    openapi_extra=_BODY, summary="Take events from Amplitude's webhook",
)  # fmt: skip
@router.post("/webhooks/amplitude", include_in_schema=False)
async def take_webhook(request: Request, processor: Processor) -> Response:
    """Store the events of a request, each at most once, however often and in whatever company it comes."""
    try:
        body, outcomes = await _take(request, processor)
    except ServingError as error:
        EVENT_FAILURES.labels(error.code).inc()
        raise
    answer = _answer(outcomes, UploadAnswer if is_of_sdk(body) else WebhookAnswer)
    return JSONResponse(_written(answer))


@router.post(
    "/2/httpapi", response_model=UploadAnswer, response_model_exclude_none=True, responses=_UPLOAD_ERRORS,
    openapi_extra=_BODY, summary="Take events from an SDK of Amplitude",
)  # fmt: skip
@router.post(
    "/batch", response_model=UploadAnswer, response_model_exclude_none=True, responses=_UPLOAD_ERRORS,
    openapi_extra=_BODY, summary="Take events from an SDK of Amplitude, in batches",
)  # fmt: skip
async def take_upload(request: Request, processor: Processor) -> Response:
    """The same, with a numeric `code` in every answer and errors as text: SDKs of Amplitude go by both.

    While nothing can be stored the answer is a 429 with the places of all events in `throttled_events`.
    """
    try:
        _, outcomes = await _take(request, processor)
    except ServingError as error:
        EVENT_FAILURES.labels(error.code).inc()
        return _answer_to_sdk(error, getattr(request.state, "n_events", 0))
    return JSONResponse(_written(_answer(outcomes, UploadAnswer)))


async def _take(request: Request, processor: EventProcessor) -> tuple[object, list[Outcome]]:
    dependencies = dependencies_of(request)
    settings = dependencies.settings
    is_known = may_send(settings, request)
    if not is_known and not settings.amplitude_api_key.get_secret_value():
        raise refusal()
    async with dependencies.once(Gate).entered():
        body = await read_json(request, settings.webhook_max_bytes)
        if not is_known and not has_sdk_key(settings, body):
            raise refusal()
        events = events_in(body)
        request.state.n_events = len(events)
        return body, await processor.process_events(events)


def _answer_to_sdk(error: ServingError, n_events: int) -> Response:
    """Answer in the words of the SDKs: of a 503 they try so often and so fast that they lose events within seconds,
    but events that are named as throttled they hold for half a minute before each try.
    """
    status, headers = error.status, error.headers
    throttled: list[int] | None = None
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        status, headers, throttled = HTTPStatus.TOO_MANY_REQUESTS, _HOLD, list(range(n_events))
    message = f"{_WRONG_KEY} {error}" if isinstance(error, Unauthorized) else str(error)
    answer = UploadError(code=int(status), error=message, throttled_events=throttled)
    return JSONResponse(answer.model_dump(exclude_none=True), status_code=answer.code, headers=dict(headers))


def _answer(outcomes: list[Outcome], kind: type[WebhookAnswer]) -> WebhookAnswer:
    return kind(**dict(answer_of(outcomes)))


def _written(answer: WebhookAnswer) -> dict[str, Any]:
    """The members in the documented order."""
    return {"message": answer.message, **answer.model_dump(exclude_none=True)}
