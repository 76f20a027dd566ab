"""The answers to senders of Amplitude's events."""

from __future__ import annotations

from pydantic import Field

from services.serving.interactions.schemas import EventsAnswer

MESSAGE = "Webhook successfully processed"


class WebhookAnswer(EventsAnswer):
    """What became of a request's events, as the webhook's senders know it."""

    message: str = Field(default=MESSAGE, examples=[MESSAGE])


class UploadAnswer(WebhookAnswer):
    """The same for an SDK of Amplitude, which sends everything again after an answer without `code`."""

    code: int = Field(default=200)
