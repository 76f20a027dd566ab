"""The answers to senders of Amplitude's events."""

from __future__ import annotations

from pydantic import BaseModel, Field

from services.serving.interactions.schemas import EventsAnswer

MESSAGE = "Webhook successfully processed"


class WebhookAnswer(EventsAnswer):
    """What became of a request's events, as the webhook's senders know it."""

    message: str = Field(default=MESSAGE, examples=[MESSAGE])


class UploadAnswer(WebhookAnswer):
    """The same for an SDK of Amplitude, which sends everything again after an answer without `code`."""

    code: int = Field(default=200)


class UploadError(BaseModel):
    """Why a request of an SDK is refused, as Amplitude says it: SDKs lose the events if `error` is no text."""

    code: int = Field(description="HTTP status of the answer")
    error: str = Field(description="For people; an SDK that reads `Invalid API key:` does not try again")
    throttled_events: list[int] | None = Field(
        default=None, description="Places of the events to send again later, from 0; absent where that does not help"
    )
