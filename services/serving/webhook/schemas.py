"""The answers to senders of events."""

from __future__ import annotations

from pydantic import BaseModel, Field

from services.serving.interactions.events import Reason

MESSAGE = "Webhook successfully processed"


class SkippedEvent(BaseModel):
    """An event of which nothing is stored but that it came."""

    index: int = Field(description="Its place in the request, from 0")
    reason: Reason


class WebhookAnswer(BaseModel):
    """What became of a request's events."""

    message: str = Field(default=MESSAGE, examples=[MESSAGE])
    processed: int = Field(description="Events that are stored, now or before", examples=[1])
    skipped: int = Field(examples=[0])
    skipped_events: list[SkippedEvent] | None = Field(
        default=None, description="The skipped ones, each with its reason; absent where there is none"
    )


class UploadAnswer(WebhookAnswer):
    """The same for an SDK of Amplitude, which sends everything again after an answer without `code`."""

    code: int = Field(default=200)
