"""What Personalize is asked while somebody waits, and what is answered if it fails."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.integration.serving.recommendations import ask
from tests.serving_metrics import counted
from tests.serving_recommender import recommender
from tests.serving_shop import Shop, api_settings

TIMED = "aisle_serving_campaign_seconds_count"
CAMPAIGN = "arn:aws:personalize:us-east-1:000000000000:campaign/for-you"


def real_time(shop: Shop, url: str, **more: Any) -> TestClient:
    return shop.api(real_time=True, personalize_endpoint_url=url, **{"campaigns": {"shop": CAMPAIGN}, **more})


def test_s2_68_a_new_user_costs_one_call_and_a_known_user_none(filled: Shop) -> None:
    with recommender(200, {"itemList": [{"itemId": "cup", "score": 0.9}, {"itemId": "tea"}]}) as (url, questions):
        api = real_time(filled, url)
        ask(api, "recommendations/known")
        assert questions == []
        body = ask(api, "recommendations/new")
    assert questions == [{"campaignArn": CAMPAIGN, "userId": "new", "numResults": 25}]
    assert [item["item_id"] for item in body["items"]] == ["cup", "tea"]
    assert (body["source"], body["score_kind"], body["generation"]) == ("campaign", "engine", None)
    counted = api.get("/metrics").text
    assert 'aisle_serving_answers_total{question="user",source="campaign"}' in counted
    assert 'aisle_serving_answers_total{question="user",source="cache"}' in counted


@pytest.mark.parametrize(
    ("group", "campaign"),
    [("shop", "for-you"), ("outlet", "outlet-for-you"), (None, "for-you"), ("plain", None)],
)
def test_s2_68_a_group_asks_its_own_campaign_and_one_without_a_campaign_none(
    filled: Shop, group: str | None, campaign: str | None
) -> None:
    filled.groups("shop", "outlet", "plain")
    of_campaign = CAMPAIGN.removesuffix("for-you")
    arns = f"shop={of_campaign}for-you, outlet={of_campaign}outlet-for-you"
    with recommender(200, {"itemList": [{"itemId": "cup"}]}) as (url, questions):
        api = real_time(filled, url, campaigns=arns)
        answer = ask(api, "recommendations/new", **({"group": group} if group else {}))
    assert [question["campaignArn"].rpartition("/")[2] for question in questions] == ([campaign] if campaign else [])
    assert answer["source"] == ("campaign" if campaign else "popular_in_region")


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"__type": "ResourceNotFoundException", "message": "no such campaign"}, "ResourceNotFoundException"),
        (500, {"message": "broken"}, "500"),
        (200, {"itemList": []}, "empty"),
    ],
)
def test_s0_24_a_recommender_that_fails_or_has_nothing_costs_its_list_only(
    filled: Shop, status: int, body: dict[str, Any], reason: str
) -> None:
    with recommender(status, body) as (url, questions):
        api = real_time(filled, url)
        assert ask(api, "recommendations/new")["source"] == "popular_in_region"
        assert len(questions) == 1, "nobody waits for a second attempt"
        assert f'aisle_serving_campaign_failures_total{{reason="{reason}"}}' in api.get("/metrics").text


@pytest.mark.parametrize(
    "body",
    [
        {}, [], {"itemList": None}, {"itemList": "x"}, {"itemList": [None]}, {"itemList": [{"score": 1}]},
        {"itemList": [{"itemId": 5}]}, {"itemList": [{"itemId": "cup", "score": "x"}]},
        {"itemList": [{"itemId": "cup", "score": float("nan")}]},
        {"itemList": [{"itemId": "cup", "score": float("inf")}]},
    ],
)  # fmt: skip
def test_s0_24_an_answer_of_the_recommender_that_cannot_be_read_costs_its_list_only(filled: Shop, body: Any) -> None:
    with recommender(200, body) as (url, _):
        api = real_time(filled, url)
        assert ask(api, "recommendations/new")["source"] == "popular_in_region"


def test_s0_24_a_recommender_that_sends_byte_by_byte_gets_no_more_time_than_the_setting(filled: Shop) -> None:
    may_end = Event()
    with recommender(200, {"itemList": [{"itemId": "cup"}]}, pause=lambda: may_end.wait(0.1)) as (url, _):
        api = real_time(filled, url, real_time_seconds=0.5)
        answer = ask(api, "recommendations/new")
        may_end.set()
    assert answer["source"] == "popular_in_region"


def test_s0_24_a_recommender_that_is_away_costs_its_list_only(filled: Shop) -> None:
    api = real_time(filled, "http://127.0.0.1:1")
    assert ask(api, "recommendations/stranger")["source"] == "popular"


@pytest.mark.parametrize("status", [200, 400, 500])
def test_s1_48_calls_to_the_recommender_are_timed_by_operation(filled: Shop, status: int) -> None:
    with recommender(status, {"itemList": [{"itemId": "cup"}]}) as (url, questions):
        api = real_time(filled, url)
        before = counted(api, TIMED, "operation")
        for user in ("known", "new", "stranger"):
            ask(api, f"recommendations/{user}")
        rise = counted(api, TIMED, "operation") - before
    assert rise == {"GetRecommendations": len(questions)} == {"GetRecommendations": 2}


def test_s1_48_a_recommender_that_is_away_is_timed_too(filled: Shop) -> None:
    api = real_time(filled, "http://127.0.0.1:1")
    before = counted(api, TIMED, "operation")
    ask(api, "recommendations/stranger")
    assert counted(api, TIMED, "operation") - before == {"GetRecommendations": 1}


SIMILAR = CAMPAIGN.replace("for-you", "similar")
ALIKE = {"itemList": [{"itemId": "pan"}, {"itemId": "cup", "score": 0.5}, {"itemId": "mug", "score": 0.9}]}


def test_s1_40_an_item_without_a_list_is_answered_by_the_campaign_of_similar_items(filled: Shop) -> None:
    with recommender(200, ALIKE) as (url, questions):
        api = real_time(filled, url, similar_campaigns=f"shop={SIMILAR}")
        assert ask(api, "similar/tea")["source"] == "cache"
        assert questions == []
        body = ask(api, "similar/CUP")
        assert api.get("/api/v1/similar/nothing").status_code == 404
    assert questions == [{"campaignArn": SIMILAR, "itemId": "cup", "numResults": 25}]
    assert ([item["item_id"] for item in body["items"]], body["source"]) == (["pan", "mug"], "campaign")


@pytest.mark.parametrize("settings", [{"real_time": True}, {"similar_campaigns": f"shop={SIMILAR}"}])
def test_s0_13_without_the_settings_an_item_without_a_list_is_a_404_and_nobody_is_asked(
    filled: Shop, settings: dict[str, Any]
) -> None:
    with recommender(200, ALIKE) as (url, questions):
        api = filled.api(personalize_endpoint_url=url, campaigns=f"shop={CAMPAIGN}", **settings)
        assert api.get("/api/v1/similar/cup").status_code == 404
    assert questions == []


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"real_time": True}, "SERVING_CAMPAIGNS"),
        ({"campaigns": "shop=no-arn"}, "campaigns"),
        ({"similar_campaigns": "shop=no-arn"}, "similar_campaigns"),
    ],
)
def test_s0_14_and_s1_40_a_missing_campaign_is_an_error_at_start_up_that_names_the_variable(
    settings: dict[str, Any], variable: str
) -> None:
    with pytest.raises(ValueError, match=variable):
        api_settings(**settings)


def test_s0_13_without_the_setting_nobody_is_asked(filled: Shop) -> None:
    with recommender(200, {"itemList": [{"itemId": "cup"}]}) as (url, questions):
        api = filled.api(campaigns={"shop": CAMPAIGN}, personalize_endpoint_url=url)
        assert ask(api, "recommendations/new")["source"] == "popular_in_region"
    assert questions == []
