"""Events in Amplitude's words: which of them the API makes use of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

#: Types with a list of items that a user was shown, and types of what a user does to one item.
IMPRESSIONS = frozenset({"initial_impression", "scroll_impression"})
EVENT_TYPES = IMPRESSIONS | {
    "fundraise", "donate", "upvote", "share", "bookmark", "download", "comment", "click", "view", "hide",
    "not_interested", "downvote", "flag_content", "like", "ai_usage", "purchase", "revenue_amount", "dwell",
}  # fmt: skip


def is_of_use(event: object, event_types: Collection[str] = EVENT_TYPES) -> bool:
    """
    Whether an event says something about a user and items, so that it is worth sending. Nothing is sent for that.

    :param event_types: Types of the API's table, where that is another one than Aisle's own.
    """
    if not isinstance(event, dict):
        return False
    event_type, given = event.get("event_type"), event.get("event_properties")
    if not isinstance(event_type, str) or event_type not in event_types:
        return False
    return _names_a_user(event) and _names_items(event_type, given if isinstance(given, dict) else {})


def _names_a_user(event: dict[str, Any]) -> bool:
    return any(_is_id(event.get(name)) for name in ("user_id", "device_id", "session_id"))


def _names_items(event_type: str, properties: dict[str, Any]) -> bool:
    if event_type in IMPRESSIONS:
        shown = properties.get("items_shown")
        return isinstance(shown, list) and bool(shown) and all(_is_id(item) for item in shown)
    names = ("item_id", "$productId") if event_type == "revenue_amount" else ("item_id",)
    return any(_is_id(properties.get(name)) for name in names)


def _is_id(value: object) -> bool:
    """Whether a value is text or a number; -1 is how Amplitude writes that there is none."""
    is_scalar = isinstance(value, str | int) and not isinstance(value, bool)
    return is_scalar and str(value).strip() not in ("", "-1")
