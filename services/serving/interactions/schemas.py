"""Events as applications send them, and what became of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from aisle.contracts.limits import LONGEST_ID
from services.serving.interactions.events import LONGEST_SENT_ID, SENT_ID, Reason

#: Of one request; Amplitude's own upload API takes as many.
MAX_EVENTS = 2000

#: Levels of lists and objects in properties; pydantic writes no more than 255.
MAX_DEPTH = 100


def _refuse_deep(properties: dict[str, Any]) -> dict[str, Any]:
    """Return them unchanged. Raises ValueError if they are nested too deeply to be written again."""
    level: list[Any] = [properties]
    for _ in range(MAX_DEPTH):
        values = (value for holder in level for value in (holder.values() if isinstance(holder, dict) else holder))
        level = [value for value in values if isinstance(value, dict | list)]
        if not level:
            return properties
    raise ValueError(f"is nested more than {MAX_DEPTH} levels deep")


#: What a sender says beside the fields of an event.
Properties = Annotated[dict[str, Any], AfterValidator(_refuse_deep)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_ID)]
SentId = Annotated[str, StringConstraints(max_length=LONGEST_SENT_ID, pattern=SENT_ID)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID)]


class SentEvent(BaseModel):
    """Something that a user did to an item, or a list of items that a user was shown."""

    model_config = ConfigDict(extra="forbid")

    event_type: Name = Field(description="A type of the table of types; others are skipped", examples=["click"])
    user_id: Text | None = Field(default=None, description="The shop's id of the user; none: an anonymous visitor")
    session_id: SentId | None = Field(default=None, description="Required of anonymous visitors, who may log in later")
    item_id: Text | None = Field(default=None, description="The item", examples=["22423"])
    item_ids: list[Text] = Field(default=[], description="Of an impression: the items in the order shown")
    item_type: Text | None = Field(default=None, examples=["paper"])
    feed_type: Text | None = None
    event_value: float | None = Field(default=None, allow_inf_nan=False)
    platform: Text | None = None
    properties: Properties = Field(default={}, description="Anything else, as at most 8 KB of JSON")
    recommendation_id: SentId | None = Field(default=None, description="Of the list that the item was on")
    request_id: SentId | None = None
    occurred_at: AwareDatetime | None = Field(default=None, description="With a time zone; none: now")
    event_id: Name | None = Field(default=None, description="The same in every try: the event counts once")


class SentEvents(BaseModel):
    """Events of one request."""

    model_config = ConfigDict(extra="forbid")

    events: list[SentEvent] = Field(max_length=MAX_EVENTS)


class SkippedEvent(BaseModel):
    """An event of which nothing is stored but that it came."""

    index: int = Field(description="Its place in the request, from 0")
    reason: Reason


class EventsAnswer(BaseModel):
    """What became of a request's events."""

    processed: int = Field(description="Events that are stored, now or before", examples=[1])
    skipped: int = Field(examples=[0])
    skipped_events: list[SkippedEvent] | None = Field(
        default=None, description="The skipped ones, each with its reason; absent where there is none"
    )
