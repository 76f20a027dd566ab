"""The routes of S4: three algorithms, what is recorded of them, interactions, feedback and figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from services.serving.feed import service
from services.serving.feed.repository import Counts
from services.serving.feed.service import stats_of
from tests.integration.serving.current_user import Visitors, as_user
from tests.serving_recommender import recommender

RECOMMENDATIONS = "/api/recommendations/recommendations/"
INTERACTIONS = "/api/recommendations/interactions/"
FEEDBACK = "/api/recommendations/feedback/"
STATS = "/api/recommendations/stats/"
EXAMPLE = {
    "interaction_type": "view", "content_id": "123", "content_type": "post", "platform": "web",
    "metadata": {"duration": 30, "source": "homepage"},
}  # fmt: skip


@pytest.fixture
def asked(visitors: Visitors) -> Visitors:
    """u1 has a list and bought a mug; u2 has no list and bought a mug; u3 is new."""
    visitors.known("u1", "u2", "u3")
    for product_id, name, category in (
        ("mug", "Red Enamel Mug", "kitchen"), ("cup", "Blue Enamel Cup", "kitchen"), ("tea", "Green Tea", "food"),
        ("lamp", "Lamp", "light"), ("best", "Best Seller", "other"),
    ):  # fmt: skip
        visitors.shop.product(product_id, 5, product_name=name, category=category, last_price=5)
    visitors.shop.run("update core.products set n_orders = 50 where product_id = 'best'")
    visitors.shop.list_of("users", "u1", ("lamp", 0.9), ("cup", 0.3))
    visitors.shop.purchased("u1", "mug")
    visitors.shop.purchased("u2", "mug")
    visitors.shop.bought_together("mug", tea=0.8)
    visitors.shop.publish()
    return visitors


def ask(api: TestClient, user_id: str, algorithm: str | None = None, **params: Any) -> Any:
    given = {"algorithm": algorithm, **params} if algorithm else params
    answer = api.get(RECOMMENDATIONS, params=given, headers=as_user(user_id))
    assert answer.status_code == 200, answer.text
    return answer


def ids(answer: Any) -> list[str]:
    return [element["content_id"] for element in answer.json()["recommendations"]]


def test_s4_12_the_answer_has_the_documented_fields_and_no_other(asked: Visitors) -> None:
    body = ask(asked.api(), "u1", top_k=2).json()
    assert set(body) == {"recommendations", "algorithm", "total_count"}
    assert body["algorithm"] == "hybrid"
    assert body["total_count"] == len(body["recommendations"]) == 2
    for element in body["recommendations"]:
        assert set(element) == {"content_id", "score", "algorithm"}
        assert element["algorithm"] == "hybrid"
        assert 0 <= element["score"] <= 1
    assert body["recommendations"][0]["score"] == 1


def test_s4_13_the_algorithms_differ_in_what_they_know(asked: Visitors) -> None:
    api = asked.api()
    answers = {
        (user_id, algorithm): ask(api, user_id, algorithm)
        for user_id in ("u1", "u2", "u3") for algorithm in ("collaborative", "content", "hybrid")
    }  # fmt: skip
    expected = {
        ("u1", "collaborative"): (["lamp", "cup"], "cache"),
        ("u1", "content"): (["cup", "best", "lamp", "tea"], "content"),
        ("u1", "hybrid"): (["lamp", "cup", "best", "tea"], "cache content"),
        ("u2", "collaborative"): (["tea"], "bought_together"),
        ("u2", "content"): (["cup", "best", "lamp", "tea"], "content"),
        ("u2", "hybrid"): (["tea", "cup", "best", "lamp"], "bought_together content"),
    }
    for algorithm in ("collaborative", "content", "hybrid"):
        expected["u3", algorithm] = (["best", "cup", "lamp", "mug", "tea"], "popular")
    got = {key: (ids(answer), answer.headers["X-Recommendation-Source"]) for key, answer in answers.items()}
    assert got == expected


def test_s4_13_an_event_of_a_new_user_is_enough_for_content(asked: Visitors) -> None:
    api = asked.api()
    api.post(INTERACTIONS, json=EXAMPLE | {"content_id": "mug", "interaction_type": "click"}, headers=as_user("u3"))
    answer = ask(api, "u3", "content")
    assert (ids(answer)[0], answer.headers["X-Recommendation-Source"]) == ("cup", "content")


@pytest.mark.parametrize(("share", "first"), [(1.0, "lamp"), (0.0, "cup"), (0.7, "lamp")])
def test_the_share_of_the_hybrid_is_a_setting(asked: Visitors, share: float, first: str) -> None:
    assert ids(ask(asked.api(hybrid_collaborative_share=share), "u1", "hybrid"))[0] == first


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({}, 200), ({"top_k": 50}, 200), ({"top_k": 51}, 422), ({"top_k": 0}, 422), ({"top_k": "ten"}, 422),
        ({"algorithm": "magic"}, 422), ({"algorithm": ""}, 422), ({"algorithm": "content"}, 200),
    ],
)  # fmt: skip
def test_s4_9_to_s4_11_what_may_be_asked_for(asked: Visitors, params: dict[str, Any], status: int) -> None:
    assert asked.api().get(RECOMMENDATIONS, params=params, headers=as_user("u1")).status_code == status


def test_s4_10_ten_are_answered_unless_more_are_asked_for(visitors: Visitors) -> None:
    visitors.known("u1")
    visitors.shop.scored("users", "u1", *(1 / (place + 1) for place in range(60)))
    visitors.shop.publish()
    api = visitors.api()
    assert [ask(api, "u1", "collaborative", **params).json()["total_count"] for params in ({}, {"top_k": 50})] == [
        10,
        50,
    ]


@pytest.mark.parametrize("path", [RECOMMENDATIONS, STATS, "/api/recommendations/churn-prediction/"])
def test_s4_8_without_a_token_there_is_no_answer(asked: Visitors, path: str) -> None:
    assert asked.api().get(path).status_code == 401


@pytest.mark.parametrize("path", [INTERACTIONS, FEEDBACK])
def test_s4_41_without_a_token_nothing_is_stored(asked: Visitors, path: str) -> None:
    assert asked.api().post(path, json=EXAMPLE).status_code == 401


RECORDED = """
select user_id, item_id, algorithm, is_clicked, is_dismissed, recommendation_id from serving.recommended_items
order by recommended_at, score desc, item_id
"""


def test_s4_25_what_is_answered_is_recorded_once(asked: Visitors) -> None:
    api = asked.api()
    first = ask(api, "u1", "collaborative", top_k=1)
    identity = first.headers["X-Recommendation-ID"]
    assert asked.rows(RECORDED) == [("u1", "lamp", "collaborative", False, False, identity)]
    assert ask(api, "u1", "collaborative").headers["X-Recommendation-ID"] == identity
    assert [row[1] for row in asked.rows(RECORDED)] == ["lamp", "cup"]
    assert ask(api, "u1", "hybrid").headers["X-Recommendation-ID"] != identity


def test_s4_5_the_table_takes_no_other_algorithm(asked: Visitors) -> None:
    statement = (
        "insert into serving.recommended_items (user_id, recommendation_id, item_id, algorithm, score)"
        " values ('u1', 'r', 'i', %(algorithm)s, 1)"
    )
    asked.shop.run(statement, algorithm="hybrid")
    with pytest.raises(psycopg.errors.CheckViolation):
        asked.shop.run(statement.replace("'r'", "'s'"), algorithm="magic")


def test_s4_26_within_the_time_to_live_the_list_stays_and_after_it_is_made_anew(
    asked: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = asked.api(recommendation_ttl_seconds=3600)
    moment = service.now()
    monkeypatch.setattr(service, "now", lambda: moment)
    assert ids(ask(api, "u1", "collaborative")) == ["lamp", "cup"]
    asked.shop.run("update cache.offline_user_recommendations set recommendations = '[]'")
    moment += timedelta(seconds=3599)
    assert ids(ask(api, "u1", "collaborative")) == ["lamp", "cup"]
    moment += timedelta(seconds=2)
    assert ids(ask(api, "u1", "collaborative")) == ["tea"]


@pytest.mark.parametrize("algorithm", ["collaborative", "content", "hybrid"])
def test_s4_26_s4_37_the_recommender_is_asked_once_for_each_time_to_live(
    asked: Visitors, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    moment = service.now()
    monkeypatch.setattr(service, "now", lambda: moment)
    campaigns = "shop=arn:aws:personalize:us-east-1:000000000000:campaign/c"
    with recommender(200, {"itemList": [{"itemId": "cup"}]}) as (url, questions):
        api = asked.api(
            recommendation_ttl_seconds=3600, real_time=True, campaigns=campaigns, personalize_endpoint_url=url
        )
        first = ids(ask(api, "u3", algorithm))
        n_first = len(questions)
        assert n_first > 0
        moment += timedelta(seconds=3599)
        assert [ids(ask(api, "u3", algorithm)) for _ in range(3)] == [first] * 3
        assert len(questions) == n_first
        moment += timedelta(seconds=2)
        ask(api, "u3", algorithm)
        assert len(questions) == 2 * n_first == 2


def test_s4_26_a_switch_of_generations_ends_it_at_once_and_so_does_a_rollback(asked: Visitors) -> None:
    api = asked.api()
    ask(api, "u1", "collaborative")
    asked.shop.run("update cache.offline_user_recommendations set recommendations = '[]'")
    asked.shop.run("update cache.generations set generation = 'g3'")
    assert ids(ask(api, "u1", "collaborative")) == ["tea"]


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


def give(api: TestClient, user_id: str, content_id: str, **said: bool) -> Any:
    return api.post(FEEDBACK, json={"content_id": content_id, **said}, headers=as_user(user_id))


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


def test_no_user_is_told_anything_of_another(asked: Visitors) -> None:
    """Twenty users, each with a list, feedback, interactions and a risk of their own, on one connection."""
    users = {f"v{number}": number for number in range(1, 21)}
    asked.known(*users)
    for user_id, number in users.items():
        asked.shop.list_of("users", user_id, *[(f"{user_id}-{place}", 1.0 / place) for place in range(1, number + 1)])
        asked.shop.run(
            "insert into serving.churn_predictions values (%(user)s, now(), %(risk)s)", user=user_id, risk=number / 100
        )
    api = asked.api()
    for user_id, number in users.items():
        assert all(item_id.startswith(f"{user_id}-") for item_id in ids(ask(api, user_id, "collaborative", top_k=50)))
        for _ in range(number):
            api.post(INTERACTIONS, json=EXAMPLE | {"content_id": user_id}, headers=as_user(user_id))
        assert give(api, user_id, f"v{number % 20 + 1}-1", is_clicked=True).status_code == 404
    for user_id, number in users.items():
        figures = api.get(STATS, headers=as_user(user_id)).json()
        assert figures["total_recommendations"] == figures["total_interactions"] == number
        assert figures["latest_churn_risk"] == number / 100
        assert figures["clicked_recommendations"] == 0
        risk = api.get("/api/recommendations/churn-prediction/", headers=as_user(user_id)).json()["churn_risk"]
        assert risk == number / 100
    swapped = as_user("v1") | {"X-User-ID": "v2"}
    for path in (RECOMMENDATIONS, STATS, "/api/recommendations/churn-prediction/"):
        assert api.get(path, headers=swapped).status_code == 403


@pytest.mark.parametrize("algorithm", ["collaborative", "content", "hybrid"])
def test_s4_23_while_the_recommender_is_down_there_is_an_answer(asked: Visitors, algorithm: str) -> None:
    campaign = {
        "real_time": True, "real_time_seconds": 0.2, "personalize_endpoint_url": "http://127.0.0.1:1",
        "campaigns": "shop=arn:aws:personalize:us-east-1:000000000000:campaign/c",
    }  # fmt: skip
    api = asked.api(**campaign)
    assert [ids(ask(api, user_id, algorithm)) != [] for user_id in ("u1", "u2", "u3")] == [True] * 3


@pytest.mark.parametrize("path", [RECOMMENDATIONS, STATS, "/api/feed/personalized/"])
def test_while_the_warehouse_is_away_the_answer_is_the_documented_503(asked: Visitors, path: str) -> None:
    away = asked.api(database_url="postgresql://nobody@127.0.0.1:1/nothing", wait_seconds=0.1)
    answer = away.get(path, headers=as_user("u1"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database_unreachable")
