"""What a user who is logged in is recommended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from services.serving.feed import service
from tests.integration.serving.current_user import (
    EXAMPLE,
    INTERACTIONS,
    RECOMMENDATIONS,
    RECORDED,
    STATS,
    Visitors,
    as_user,
    ask,
    give,
    ids,
)
from tests.serving_recommender import recommender


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
