"""What Amplitude calls things: the members of an event in its upload API, its export and its SDKs."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.text import tidy
from services.serving.errors import InvalidBody
from services.serving.interactions.events import IncomingEvent, event_id_of, sent_id
from services.serving.people import usable_id

#: An amount that an SDK reports of a sale is a purchase; `$productId` is its item, `$quantity` how many.
_REVENUE = "revenue_amount"
_PURCHASE = "purchase"
#: Numbers below this are seconds: as milliseconds they would lie before 1974.
_FIRST_MILLISECONDS = 10**11
#: Members of event_properties that have a place of their own.
_PLACED = frozenset(
    {"item_id", "item_type", "items_shown", "feed_type", "event_value", "recommendation_id", "request_id"}
)
#: Of a skipped event, what is kept: nothing that names its user.
_KEPT = ("event_type", "event_properties", "time", "event_time", "insert_id", "$insert_id")


@dataclass(frozen=True, slots=True)
class AmplitudeEvent:
    """An event and whom it names, in the sender's own words."""

    event: IncomingEvent
    sent_user_id: str | None


def events_in(body: object) -> Sequence[object]:
    """Return the events of a body: `{"events": […]}`, a list, or one event. Raises InvalidBody if it is none."""
    events = body
    if isinstance(body, dict):
        events = body.get("events", [body] if "event_type" in body else None)
    if not isinstance(events, list):
        raise InvalidBody('the body has no events: send {"events": […]}, a list of events, or one event')
    return events


def is_of_sdk(body: object) -> bool:
    """Whether an SDK sent a body: it takes an answer without a numeric `code` for a failure."""
    if not isinstance(body, dict):
        return False
    if {"client_upload_time", "options", "request_metadata"} & body.keys():
        return True
    events = body.get("events")
    return isinstance(events, list) and any(isinstance(event, dict) and "library" in event for event in events)


def read_event(sent: object, received_at: datetime) -> AmplitudeEvent:
    """Read an event, whatever it lacks: what is missing or unusable is None, and the event is checked later."""
    if not isinstance(sent, dict):
        return AmplitudeEvent(_nothing(sent, received_at), None)
    given = sent.get("event_properties")
    properties: Mapping[str, Any] = given if isinstance(given, dict) else {}
    sent_user_id, device_id = usable_id(_id(sent.get("user_id"))), _id(sent.get("device_id"))
    event_type = _text(sent.get("event_type")) or ""
    is_sale = event_type == _REVENUE
    item_id = properties.get("item_id", properties.get("$productId") if is_sale else None)
    value = properties.get("event_value", properties.get("$quantity") if is_sale else None)
    shown = properties.get("items_shown")
    event = IncomingEvent(
        event_id=_event_id(sent, device_id, sent_user_id, item_id),
        source="amplitude",
        event_type=_PURCHASE if is_sale else event_type,
        occurred_at=_moment(sent, received_at),
        session_id=_session(sent.get("session_id"), device_id, sent_user_id),
        item_id=_id(item_id),
        item_ids=tuple(_id(item) or "" for item in shown) if isinstance(shown, list) else (),
        item_type=_text(properties.get("item_type")),
        feed_type=_text(properties.get("feed_type")),
        event_value=_number(value),
        platform=_text(sent.get("platform")),
        properties={name: value for name, value in properties.items() if name not in _PLACED},
        recommendation_id=sent_id(properties.get("recommendation_id")),
        request_id=sent_id(properties.get("request_id")),
        received={name: sent[name] for name in _KEPT if name in sent},
    )
    return AmplitudeEvent(event, sent_user_id)


def _nothing(sent: object, received_at: datetime) -> IncomingEvent:
    return IncomingEvent(
        event_id=event_id_of("amplitude", repr(sent)), source="amplitude", event_type="", occurred_at=received_at
    )


def _event_id(sent: Mapping[str, Any], device_id: str | None, user_id: str | None, item_id: object) -> str:
    """An SDK gives an event one id for all its tries, unique on its device. Without one, what happened is the id."""
    insert_id = sent.get("insert_id") or sent.get("$insert_id")
    if insert_id:
        return event_id_of("amplitude", device_id, user_id, insert_id)
    when = sent.get("time") or sent.get("event_time")
    if not when:
        return uuid.uuid4().hex
    what = (sent.get("event_type"), item_id, sent.get("event_properties") if item_id is None else None)
    return event_id_of("amplitude", device_id, user_id, sent.get("session_id"), when, *what)


def _session(session_id: object, device_id: str | None, user_id: str | None) -> str | None:
    """A session's id is the moment at which it began, which another device may have too; -1 is none."""
    known = session_id if session_id not in (None, "", -1, "-1") else None
    if known is None and device_id is None:
        return None
    return event_id_of("session", device_id or user_id, known)


def _moment(sent: Mapping[str, Any], received_at: datetime) -> datetime:
    """When it happened: milliseconds, or UTC without a zone. Unreadable: as of its receipt."""
    when = sent.get("time") or sent.get("event_time")
    try:
        if isinstance(when, str) and not when.strip().isdigit():
            moment = datetime.fromisoformat(when.strip())
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if when is None or isinstance(when, bool):
            return received_at
        number = float(when)
        return datetime.fromtimestamp(number / (1000 if abs(number) >= _FIRST_MILLISECONDS else 1), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return received_at


def _id(value: object) -> str | None:
    """An id as text, as long as it is; None if it is none. A whole number is written without a fraction."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return tidy(str(value))


def _text(value: object) -> str | None:
    tidied = tidy(value) if isinstance(value, str) else None
    return tidied[:LONGEST_ID] if tidied else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
