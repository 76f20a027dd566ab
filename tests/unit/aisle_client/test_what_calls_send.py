"""What the documented calls send, and whom they take for a user."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from aisle_client import AmazonPersonalizeService, PersonalizeService, RecommendationService

PROCESSED = {"processed": 1, "skipped": 0}
NOBODY = SimpleNamespace(pk=None)


def event_of(api: Any) -> dict[str, Any]:
    (event,) = api.requests[-1].body["events"]
    return dict(event)


def test_s0_19_record_event_sends_its_five_arguments(api: Any) -> None:
    api.answers(200, PROCESSED)
    service = AmazonPersonalizeService(api.url, "key")
    service.record_event(user="u1", item_id="d7", event_type="view", event_value=1, session_id="s1")
    event = event_of(api)
    assert datetime.fromisoformat(event.pop("occurred_at")).tzinfo is not None
    assert len(event.pop("event_id")) == 32
    assert event == {
        "user_id": "u1",
        "item_id": "d7",
        "event_type": "view",
        "event_value": 1,
        "session_id": "s1",
    }


def test_s0_20_the_documented_call_works_with_objects_of_a_web_framework(api: Any) -> None:
    api.answers(200, PROCESSED)
    request = SimpleNamespace(user=SimpleNamespace(pk=123), session=SimpleNamespace(session_key="s1"))
    unified_document_id = 456
    personalize_service = AmazonPersonalizeService(api.url, "key")
    personalize_service.record_event(
        user=request.user,
        item_id=unified_document_id,
        event_type="view",
        event_value=1,
        session_id=request.session.session_key,
    )
    event = event_of(api)
    assert (event["user_id"], event["item_id"], event["event_value"]) == ("123", "456", 1)


@pytest.mark.parametrize("nobody", [None, NOBODY])
def test_s0_21_an_anonymous_visitor_has_a_session_and_no_user(api: Any, nobody: Any) -> None:
    api.answers(200, PROCESSED)
    service = AmazonPersonalizeService(api.url, "key")
    service.record_event(nobody, "d7", "view", 1, "s1")
    assert "user_id" not in event_of(api)
    assert event_of(api)["session_id"] == "s1"
    with pytest.raises(ValueError, match="session_id"):
        service.record_event(nobody, "d7", "view")


@pytest.mark.parametrize(("n_items", "lists"), [(1, [1]), (25, [25]), (26, [25, 1]), (60, [25, 25, 10])])
def test_s1_34_impressions_are_lists_of_at_most_25_items_in_their_order(
    api: Any, n_items: int, lists: list[int]
) -> None:
    api.answers(200, {"processed": len(lists), "skipped": 0})
    items = [f"i{place}" for place in range(n_items)]
    PersonalizeService(api.url, "key").send_impression_data("u", items, "s", feed_type="popular")
    events = api.requests[-1].body["events"]
    shown = [event["item_ids"] for event in events]
    assert [len(item_ids) for item_ids in shown] == lists
    assert [item for item_ids in shown for item in item_ids] == items
    assert len({event["event_id"] for event in events}) == len(lists)
    assert {event["feed_type"] for event in events} == {"popular"}


@pytest.mark.parametrize("items", ["doc_1", b"doc_1", [], ()])
def test_s1_34_one_string_is_no_list_of_items(api: Any, items: Any) -> None:
    with pytest.raises(ValueError, match="item_ids"):
        PersonalizeService(api.url, "key").send_impression_data("u", items)


def test_an_event_keeps_the_time_and_the_id_that_it_is_given(api: Any) -> None:
    api.answers(200, PROCESSED)
    moment = datetime(2026, 6, 1, 12, tzinfo=UTC)
    service = PersonalizeService(api.url, "key")
    service.send_interaction_event("u", "i", "click", occurred_at=moment, event_id="e1")
    assert (event_of(api)["event_id"], event_of(api)["occurred_at"]) == ("e1", "2026-06-01T12:00:00+00:00")
    with pytest.raises(ValueError, match="zone"):
        service.send_interaction_event("u", "i", "click", occurred_at=datetime(2026, 6, 1))  # noqa: DTZ001


@pytest.mark.parametrize("nobody", [None, "", "  ", True, NOBODY])
def test_a_call_about_one_user_needs_one(api: Any, nobody: Any) -> None:
    for call in (
        PersonalizeService(api.url, "key").get_recommendations,
        RecommendationService(api.url, "key").get_stats,
        AmazonPersonalizeService(api.url, "key").get_feed,
    ):
        with pytest.raises(ValueError, match="user"):
            call(nobody)


@pytest.mark.parametrize(
    ("user_id", "path"),
    [("a/b", "a%2Fb"), ("ü", "%C3%BC"), ("a?b#c", "a%3Fb%23c"), ("50%", "50%25"), ("a b", "a%20b"), (7, "7")],
)
def test_any_id_stays_one_part_of_the_path(api: Any, user_id: str | int, path: str) -> None:
    api.answers(200, {"items": []})
    PersonalizeService(api.url, "key").get_recommendations(user_id)
    assert api.requests[-1].path == f"/api/v1/recommendations/{path}?limit=20"


def test_s4_28_log_interaction_sends_the_documented_body_for_its_user(api: Any) -> None:
    api.answers(201, {})
    RecommendationService(api.url, "key").log_interaction(
        user_id=123,
        interaction_type="view",
        content_id="post_456",
        content_type="post",
        platform="web",
        metadata={"duration": 45},
    )
    sent = api.requests[-1]
    assert (sent.method, sent.path) == ("POST", "/api/recommendations/interactions/")
    assert (sent.headers["X-User-ID"], sent.headers["Authorization"]) == ("123", "Bearer key")
    assert sent.body == {
        "interaction_type": "view", "content_id": "post_456", "content_type": "post", "platform": "web",
        "metadata": {"duration": 45},
    }  # fmt: skip


def test_s4_29_get_recommendations_asks_for_the_algorithm_and_number(api: Any) -> None:
    content = [{"content_id": "123", "score": 0.95, "algorithm": "content"}]
    api.answers(200, {"recommendations": content, "algorithm": "content", "total_count": 1})
    service = RecommendationService(api.url, "key")
    assert service.get_recommendations(user_id=123, algorithm="content", top_k=5) == content
    assert api.requests[-1].path == "/api/recommendations/recommendations/?algorithm=content&top_k=5"
    service.get_recommendations(123)
    assert api.requests[-1].path == "/api/recommendations/recommendations/?algorithm=hybrid&top_k=10"


def test_s4_30_predict_churn_is_the_risk_as_a_number(api: Any) -> None:
    prediction = {"churn_risk": 0.23, "risk_level": "low", "prediction_date": "2024-01-15T10:30:00Z"}
    api.answers(200, prediction)
    service = RecommendationService(api.url, "key")
    assert service.predict_churn(user_id=123) == 0.23
    assert service.get_churn_prediction(123) == prediction


def test_feedback_is_sent_with_its_two_answers(api: Any) -> None:
    api.answers(200, {})
    RecommendationService(api.url, "key").provide_feedback(123, "post_456", is_clicked=True, is_dismissed=False)
    assert api.requests[-1].body == {"content_id": "post_456", "is_clicked": True, "is_dismissed": False}
