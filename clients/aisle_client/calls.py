"""The calls of the API: what each sends, and what it makes of the answer. Nothing here sends anything."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from aisle_client.answers import (
    Algorithm,
    ChurnPrediction,
    EventResult,
    ItemList,
    Ranking,
    RecommendedContent,
    RegionHistory,
    RegionKind,
    RegionList,
    RegionResult,
    ScoredItem,
    Stats,
)
from aisle_client.users import User, item_id_of, required_user_id, user_id_of

Answer = TypeVar("Answer")

#: Items of one impression, as Amazon Personalize takes them.
MAX_IMPRESSION = 25


def _whole(body: Any) -> Any:
    return body


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """
    One call.

    :param what: Names it in errors, without the user.
    :param user_id: Whom the call is about, for the routes that take a user's token otherwise.
    :param read: Makes the result of the body.
    """

    what: str
    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    user_id: str | None = None
    read: Callable[[Any], Answer] = _whole
    #: The API keeps one event per id, so a repeated request changes nothing.
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)


# -- lists of items ---------------------------------------------------------------------------------------------------


def recommendations(user_id: User, num_results: int = 20) -> Call[list[ScoredItem]]:
    """Return what to recommend to a user, best first."""
    return _list("recommendations", required_user_id(user_id), num_results, {}, _scored)


def recommendation_list(user_id: User, num_results: int = 20, **filters: Any) -> Call[ItemList]:
    """Return what to recommend to a user, with all fields of the API; `filters` are those of its documentation."""
    return _list("recommendations", required_user_id(user_id), num_results, filters, _whole)


def similar_items(item_id: str | int, num_results: int = 10) -> Call[list[ScoredItem]]:
    """Return the items similar to one item, which is not among them."""
    return _list("similar", item_id_of(item_id), num_results, {}, _scored)


def bought_together(item_id: str | int, num_results: int = 10) -> Call[list[ScoredItem]]:
    """Return the items that are in the same orders as one item."""
    return _list("bought-together", item_id_of(item_id), num_results, {}, _scored)


def popular(num_results: int = 20, **filters: Any) -> Call[list[ScoredItem]]:
    """Return what is ordered most; `province=`, `city=` and `category=` narrow it."""
    return _list("popular", None, num_results, filters, _scored)


def trending(num_results: int = 20, **filters: Any) -> Call[list[ScoredItem]]:
    """Return what is ordered more than before; `province=`, `city=` and `category=` narrow it."""
    return _list("trending", None, num_results, filters, _scored)


def ranking(user_id: User, item_ids: Iterable[str | int], group: str | None = None) -> Call[Ranking]:
    """Return the given items in the order of one user."""
    body: dict[str, Any] = {"user_id": required_user_id(user_id), "item_ids": [item_id_of(item) for item in item_ids]}
    return Call("rankings", "POST", "/api/v1/rankings", body=body | _given(group=group))


def _list(
    name: str, key: str | None, num_results: int, filters: Mapping[str, Any], read: Callable[[Any], Answer]
) -> Call[Answer]:
    path = f"/api/v1/{name}" if key is None else f"/api/v1/{name}/{_quoted(key)}"
    return Call(name, "GET", path, {"limit": num_results, **_given(**filters)}, read=read)


def _scored(body: Any) -> list[ScoredItem]:
    return [ScoredItem(item_id=item["item_id"], score=item["relative_score"]) for item in body["items"]]


# -- regions ----------------------------------------------------------------------------------------------------------


def regions(kind: RegionKind = "city") -> Call[RegionList]:
    """Return the regions with active users, the most populous first."""
    return Call("regions", "GET", "/api/v1/regions", {"kind": kind})


def region_result(region: str, kind: RegionKind = "city", window: datetime | None = None) -> Call[RegionResult]:
    """Return match rates and affinity of a region, in the present window of six hours or an earlier one."""
    params = {"kind": kind, "region": region, **_given(window=window.isoformat() if window else None)}
    return Call("region result", "GET", "/api/v1/regions/result", params)


def region_history(region: str, kind: RegionKind = "city") -> Call[RegionHistory]:
    """Return the results of a region's last windows, the newest first."""
    return Call("region history", "GET", "/api/v1/regions/history", {"kind": kind, "region": region})


# -- events -----------------------------------------------------------------------------------------------------------


def interaction_event(
    user_id: User | None,
    item_id: str | int,
    event_type: str,
    event_value: float | None = None,
    session_id: str | None = None,
    *,
    item_type: str | None = None,
    recommendation_id: str | None = None,
    occurred_at: datetime | None = None,
    event_id: str | None = None,
    properties: Mapping[str, Any] | None = None,
) -> Call[EventResult]:
    """
    Report what a user did to an item. The API stores the given value beside the weight of the type.

    An anonymous user (None, or a framework's) needs a `session_id`; the events join the user who logs in with it.
    """
    event = _event(user_id, event_type, session_id, event_id, occurred_at)
    given = _given(
        item_type=item_type, event_value=event_value, recommendation_id=recommendation_id, properties=properties
    )
    return _events([{**event, "item_id": item_id_of(item_id), **given}])


def record_event(
    user: User | None,
    item_id: str | int,
    event_type: str,
    event_value: float | None = None,
    session_id: str | None = None,
) -> Call[EventResult]:
    """Report what a user did to an item: `record_event(request.user, 7, "view", 1, request.session.session_key)`."""
    return interaction_event(user, item_id, event_type, event_value, session_id)


def impression_data(
    user_id: User | None,
    item_ids: Sequence[str | int],
    session_id: str | None = None,
    *,
    feed_type: str | None = None,
    event_type: str = "initial_impression",
    recommendation_id: str | None = None,
    occurred_at: datetime | None = None,
) -> Call[EventResult]:
    """Report which items a user was shown, in their order. More than 25 become several impressions."""
    if isinstance(item_ids, str | bytes) or not item_ids:
        raise ValueError("item_ids is a list of at least one item id")
    given = _given(feed_type=feed_type, recommendation_id=recommendation_id)
    events = [
        {
            **_event(user_id, event_type, session_id, None, occurred_at),
            "item_ids": [item_id_of(item) for item in shown],
            **given,
        }
        for shown in _pieces(item_ids)
    ]
    return _events(events)


def _event(
    user: User | None, event_type: str, session_id: str | None, event_id: str | None, occurred_at: datetime | None
) -> dict[str, Any]:
    """Return what every event has."""
    moment = occurred_at or datetime.now(UTC)
    if moment.tzinfo is None:
        raise ValueError("occurred_at has no time zone: give a datetime with one")
    user_id = user_id_of(user)
    if user_id is None and not session_id:
        raise ValueError("an event of nobody: give a user, or the session_id of an anonymous one")
    return {
        "event_id": event_id or uuid.uuid4().hex,
        "event_type": event_type,
        "occurred_at": moment.isoformat(),
        **_given(user_id=user_id, session_id=session_id),
    }


def _events(events: list[dict[str, Any]]) -> Call[EventResult]:
    return Call("events", "POST", "/api/v1/events", body={"events": events}, read=_result)


def _result(body: Any) -> EventResult:
    reasons = [event["reason"] for event in body.get("skipped_events", [])]
    return EventResult(processed=body["processed"], skipped=body["skipped"], reasons=reasons)


def _pieces(item_ids: Iterable[str | int]) -> Iterable[list[str | int]]:
    rest = iter(item_ids)
    while piece := list(islice(rest, MAX_IMPRESSION)):
        yield piece


def amplitude_event(event: Mapping[str, Any]) -> Call[EventResult]:
    """Store one event in Amplitude's words; the same event once more, by its `insert_id` or time, changes nothing."""
    is_known_again = any(event.get(name) for name in ("insert_id", "$insert_id", "time", "event_time"))
    sent = event if is_known_again else {**event, "insert_id": uuid.uuid4().hex}  # the same in every try of this call
    return Call("events", "POST", "/webhooks/amplitude/", body={"events": [dict(sent)]}, read=_result)


# -- the feed and the recommendations of one user ---------------------------------------------------------------------


def feed(user: User, num_results: int = 20) -> Call[ItemList]:
    """Return the feed of a user. The API records that it was shown."""
    return _of_user("feed", "GET", "/api/feed/personalized/", user, params={"limit": num_results})


def recommended_content(
    user_id: User, algorithm: Algorithm = "hybrid", top_k: int = 10
) -> Call[list[RecommendedContent]]:
    """Return the recommendations of one algorithm for a user, best first."""
    return _of_user(
        "recommendations",
        "GET",
        "/api/recommendations/recommendations/",
        user_id,
        params={"algorithm": algorithm, "top_k": top_k},
        read=lambda body: body["recommendations"],
    )


def logged_interaction(
    user_id: User,
    interaction_type: str,
    content_id: str | int,
    content_type: str,
    platform: str,
    metadata: Mapping[str, Any] | None = None,
) -> Call[dict[str, Any]]:
    """Report what a user did to a piece of content."""
    body = {
        "interaction_type": interaction_type,
        "content_id": item_id_of(content_id),
        "content_type": content_type,
        "platform": platform,
        "metadata": dict(metadata or {}),
    }
    return _of_user("interactions", "POST", "/api/recommendations/interactions/", user_id, body=body)


def feedback(user_id: User, content_id: str | int, is_clicked: bool, is_dismissed: bool) -> Call[dict[str, Any]]:
    """Say what a user did with a recommendation that was shown."""
    body = {"content_id": item_id_of(content_id), "is_clicked": is_clicked, "is_dismissed": is_dismissed}
    return _of_user("feedback", "POST", "/api/recommendations/feedback/", user_id, body=body)


def churn_prediction(user_id: User) -> Call[ChurnPrediction]:
    """Return how likely a user is to leave, with its level and the moment of the prediction."""
    return _of_user("churn prediction", "GET", "/api/recommendations/churn-prediction/", user_id)


def churn_risk(user_id: User) -> Call[float]:
    """Return how likely a user is to leave, from 0 to 1."""
    return _of_user(
        "churn prediction",
        "GET",
        "/api/recommendations/churn-prediction/",
        user_id,
        read=lambda body: float(body["churn_risk"]),
    )


def stats(user_id: User) -> Call[Stats]:
    """Return what a user was recommended, and what came of it."""
    return _of_user("stats", "GET", "/api/recommendations/stats/", user_id)


def _of_user(what: str, method: str, path: str, user: User, **more: Any) -> Call[Any]:
    return Call(what, method, path, user_id=required_user_id(user), **more)


def _quoted(key: str) -> str:
    quoted = quote(key, safe="")
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")  # httpx resolves `.` and `..`


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
