"""Interactions and feedback of a user who is logged in, and the figures about them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.serving.feed.repository import Counts
from services.serving.feed.service import stats_of
from tests.integration.serving.current_user import (
    EXAMPLE,
    FEEDBACK,
    INTERACTIONS,
    RECORDED,
    STATS,
    Visitors,
    as_user,
    ask,
    give,
    ids,
)


@pytest.mark.parametrize("path", [INTERACTIONS, FEEDBACK])
def test_s4_41_without_a_token_nothing_is_stored(asked: Visitors, path: str) -> None:
    assert asked.api().post(path, json=EXAMPLE).status_code == 401


def test_s4_16_the_example_is_a_201_and_is_stored_once_for_a_request_id(asked: Visitors) -> None:
    api = asked.api()
    headers = as_user("u1", Request_ID="r1", Session_ID="s1")
    answers = [api.post(INTERACTIONS, json=EXAMPLE, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json() == EXAMPLE | {"interaction_id": answers[0].json()["interaction_id"]}
    stored = asked.rows(
        "select user_id, session_id, event_type, item_id, item_type, platform, properties, source, request_id"
        " from serving.interactions"
    )
    assert stored == [("u1", "s1", "view", "123", "post", "web", EXAMPLE["metadata"], "api", "r1")]


@pytest.mark.parametrize("interaction_type", ["view", "like", "comment", "share", "click", "ai_usage"])
def test_s4_2_each_type_is_taken(asked: Visitors, interaction_type: str) -> None:
    answer = asked.api().post(
        INTERACTIONS, json=EXAMPLE | {"interaction_type": interaction_type}, headers=as_user("u1")
    )
    assert (answer.status_code, asked.rows("select event_type from serving.interactions")) == (
        201,
        [(interaction_type,)],
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"interaction_type": "purchase"}, {"interaction_type": "hide"}, {"interaction_type": ""},
        {"content_id": ""}, {"content_id": "x" * 256}, {"content_id": "a\0b"}, {"content_id": None},
        {"content_id": True}, {"content_type": "x" * 65}, {"content_type": "a\0b"}, {"platform": "x" * 65},
        {"metadata": []}, {"metadata": {"text": "x" * 8200}}, {"user_id": "u2"},
    ],
)  # fmt: skip
def test_s4_43_what_is_not_allowed_is_a_422_and_nothing_is_stored(asked: Visitors, wrong: dict[str, Any]) -> None:
    answer = asked.api().post(INTERACTIONS, json=EXAMPLE | wrong, headers=as_user("u1"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
    assert asked.rows("select * from serving.interactions") == []


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"\xff", b'{"metadata":' + b"[" * 5000, b'"\\ud800"'])
def test_s4_43_a_body_that_is_none_is_no_500(asked: Visitors, body: bytes) -> None:
    for path in (INTERACTIONS, FEEDBACK):
        answer = asked.api().post(path, content=body, headers=as_user("u1") | {"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)
        assert answer.json()["error"]["code"]


@pytest.mark.parametrize("path", [INTERACTIONS, FEEDBACK])
def test_a_body_that_is_too_large_is_a_413_before_it_is_read_to_its_end(asked: Visitors, path: str) -> None:

    def long() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 65_536

    for content in (b"x" * 65_537, long()):
        headers = as_user("u1") | {"Content-Type": "application/json"}
        answer = asked.api().post(path, content=content, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    fits = json.dumps(EXAMPLE if path == INTERACTIONS else {"content_id": "123"}).ljust(65_536).encode()
    answer = asked.api().post(path, content=fits, headers=as_user("u1") | {"Content-Type": "application/json"})
    assert answer.status_code in (201, 404)


def test_a_number_is_an_id_too(asked: Visitors) -> None:
    assert asked.api().post(INTERACTIONS, json=EXAMPLE | {"content_id": 123}, headers=as_user("u1")).status_code == 201
    assert asked.rows("select item_id from serving.interactions") == [("123",)]


def test_s4_18_feedback_is_written_to_the_newest_recommendation_of_the_item(asked: Visitors) -> None:
    api = asked.api()
    ask(api, "u1", "collaborative")
    ask(api, "u1", "content")
    answer = give(api, "u1", "cup", is_clicked=True, is_dismissed=False)
    assert answer.status_code == 200
    assert answer.json() == {"content_id": "cup", "is_clicked": True, "is_dismissed": False, "algorithm": "content"}
    assert [row[1:4] for row in asked.rows(RECORDED) if row[3]] == [("cup", "content", True)]


@pytest.mark.parametrize(("user_id", "content_id"), [("u1", "unknown"), ("u2", "lamp"), ("u3", "cup")])
def test_s4_18_feedback_on_what_was_not_recommended_is_a_404(asked: Visitors, user_id: str, content_id: str) -> None:
    """That another user was recommended it changes nothing."""
    api = asked.api()
    ask(api, "u1", "collaborative")
    answer = give(api, user_id, content_id, is_clicked=True)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "recommendation_unknown")
    assert asked.rows("select * from serving.interactions") == []


def test_s4_19_a_click_becomes_an_interaction_and_a_dismissal_a_negative_one_each_once(asked: Visitors) -> None:
    api = asked.api()
    identity = ask(api, "u1", "collaborative").headers["X-Recommendation-ID"]
    for _ in range(2):
        give(api, "u1", "lamp", is_clicked=True)
        give(api, "u1", "cup", is_dismissed=True)
    stored = asked.rows(
        "select item_id, event_type, weight, recommendation_id from serving.interactions order by weight"
    )
    assert stored == [("cup", "not_interested", -0.8, identity), ("lamp", "click", 1.0, identity)]


@pytest.mark.parametrize("algorithm", ["collaborative", "content", "hybrid"])
def test_s4_19_what_is_dismissed_is_gone_at_once_until_the_user_comes_back_to_it(
    asked: Visitors, algorithm: str
) -> None:
    api = asked.api()
    assert "cup" in ids(ask(api, "u1", algorithm))
    give(api, "u1", "cup", is_dismissed=True)
    assert "cup" not in ids(ask(api, "u1", algorithm))
    api.post(INTERACTIONS, json=EXAMPLE | {"content_id": "cup", "interaction_type": "click"}, headers=as_user("u1"))
    assert "cup" in ids(ask(api, "u1", algorithm))


def test_s4_21_the_example_of_the_document() -> None:
    stats = stats_of(Counts(200, 0.23, 50, 15, 5))
    assert stats.model_dump() == {
        "total_recommendations": 50, "clicked_recommendations": 15, "dismissed_recommendations": 5,
        "click_through_rate": 0.3, "total_interactions": 200, "latest_churn_risk": 0.23,
    }  # fmt: skip


def test_s4_20_and_s4_22_figures_are_those_of_the_user(asked: Visitors) -> None:
    api = asked.api()
    nothing = dict.fromkeys(
        ("total_recommendations", "clicked_recommendations", "dismissed_recommendations", "total_interactions"), 0
    )
    assert api.get(STATS, headers=as_user("u1")).json() == nothing | {
        "click_through_rate": None, "latest_churn_risk": None,
    }  # fmt: skip
    ask(api, "u1", "collaborative")
    ask(api, "u2", "content")
    give(api, "u1", "lamp", is_clicked=True)
    give(api, "u1", "cup", is_dismissed=True)
    api.post(INTERACTIONS, json=EXAMPLE, headers=as_user("u1"))
    api.post(INTERACTIONS, json=EXAMPLE, headers=as_user("u2"))
    for risk, day in ((0.9, 1), (0.23, 2)):
        asked.shop.run(
            "insert into serving.churn_predictions values ('u1', %(at)s, %(risk)s)", at=f"2026-01-0{day}", risk=risk
        )
    assert api.get(STATS, headers=as_user("u1")).json() == {
        "total_recommendations": 2, "clicked_recommendations": 1, "dismissed_recommendations": 1,
        "click_through_rate": 0.5, "total_interactions": 3, "latest_churn_risk": 0.23,
    }  # fmt: skip


def test_s4_38_look_ups_by_user_item_and_time_use_an_index(asked: Visitors) -> None:
    asked.shop.run(
        "insert into serving.recommended_items (user_id, recommendation_id, item_id, algorithm, score, recommended_at)"
        " select 'u' || n % 500, 'r' || n, 'i' || n % 300, 'hybrid', 0.5, now() - n * interval '1 minute'"
        " from generate_series(1, 20000) as n"
    )
    asked.shop.run("analyze serving.recommended_items")
    for condition in (
        "user_id = 'u1'",
        "user_id = 'u1' and item_id = 'i1'",
        "item_id = 'i1' and recommended_at > now() - interval '1 hour'",
        "recommended_at > now() - interval '1 hour'",
    ):
        plan = json.dumps(
            asked.rows(f"explain (format json) select * from serving.recommended_items where {condition}")
        )
        assert "Index" in plan, condition
        assert "Seq Scan" not in plan, condition


def test_s4_38_look_ups_of_interactions_by_user_item_and_time_use_an_index(asked: Visitors) -> None:
    asked.shop.run(
        "insert into serving.interactions (event_id, source, user_id, session_id, event_type, item_id, weights_version,"
        " occurred_at, received_at) select 'e' || n, 'api', 'u' || n % 500, 's' || n % 900, 'click', 'i' || n % 300,"
        " '1', now() - n * interval '1 minute', now() - n * interval '1 minute' from generate_series(1, 20000) as n"
    )
    asked.shop.run("analyze serving.interactions")
    for condition, index in (
        ("user_id = 'u1'", "interactions_user_id_occurred_at"),
        ("user_id = 'u1' and occurred_at > now() - interval '1 hour'", "interactions_user_id_occurred_at"),
        ("item_id = 'i1'", "interactions_item_id_occurred_at"),
        ("item_id = 'i1' and occurred_at > now() - interval '1 hour'", "interactions_item_id_occurred_at"),
        ("session_id = 's1'", "interactions_session_id"),
        ("received_at > now() - interval '1 hour'", "interactions_received_at"),
    ):
        plan = json.dumps(asked.rows(f"explain (format json) select * from serving.interactions where {condition}"))
        assert f'"Index Name": "{index}"' in plan, condition
        assert "Seq Scan" not in plan, condition


@pytest.mark.parametrize("said", ["cd", "cdc", "dcd", "cddcc", "cdcdc"])
def test_s4_18_of_a_user_who_changes_their_mind_the_last_word_counts(asked: Visitors, said: str) -> None:
    """A click after a dismissal is a click again; saying the same twice is saying it once."""
    api = asked.api()
    ask(api, "u1", "collaborative")
    for letter in said:
        assert give(api, "u1", "lamp", is_clicked=letter == "c", is_dismissed=letter == "d").status_code == 200
    turns = [letter for place, letter in enumerate(said) if said[place - 1 : place] != letter]
    stored = asked.rows("select event_type from serving.interactions order by occurred_at")
    assert stored == [({"c": "click", "d": "not_interested"}[letter],) for letter in turns]
    assert ("lamp" in ids(ask(api, "u1", "collaborative"))) == (said[-1] == "c")
    (flags,) = asked.rows("select is_clicked, is_dismissed from serving.recommended_items where item_id = 'lamp'")
    assert flags == (said[-1] == "c", said[-1] == "d")
