"""The feed of the current user: whose it is, what is in it, and who is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.serving.tokens import issue_token
from tests.serving_shop import KEY, Shop, api_settings

FEED = "/api/feed/personalized/"
SECRET = "a-secret-of-the-tests-with-32-bytes-or-more"


@pytest.fixture
def shop(warehouse_url: str) -> Iterator[Shop]:
    with ExitStack() as opened:
        yield Shop(warehouse_url, opened)


def api_of(shop: Shop, **settings: Any) -> TestClient:
    return shop.api(key=None, token_secret=SECRET, **settings)


def as_user(user_id: str) -> dict[str, str]:
    token = issue_token(api_settings(token_secret=SECRET), user_id, timedelta(minutes=5))
    return {"Authorization": f"Bearer {token}"}


def item_ids(answer: Any) -> list[str]:
    return [item["item_id"] for item in answer.json()["items"]]


def test_s0_16_and_s0_17_each_user_gets_the_own_list_in_its_order(shop: Shop) -> None:
    shop.list_of("users", "u1", ("a", 0.9), ("b", 0.5))
    shop.list_of("users", "u2", ("c", 0.7), ("d", 0.3))
    shop.publish()
    api = api_of(shop)
    answers = [api.get(FEED, headers=as_user(user_id)) for user_id in ("u1", "u2")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [item_ids(answer) for answer in answers] == [["a", "b"], ["c", "d"]]
    assert item_ids(api.get(FEED, params={"limit": 1, "offset": 1}, headers=as_user("u1"))) == ["b"]


@pytest.mark.parametrize("user_id", ["nobody", "empty"])
def test_s0_24_without_recommendations_the_feed_is_what_is_popular(shop: Shop, user_id: str) -> None:
    shop.list_of("users", "empty")
    shop.product("best", 40)
    shop.publish()
    answer = api_of(shop).get(FEED, headers=as_user(user_id))
    assert (answer.status_code, answer.json()["source"], item_ids(answer)) == (200, "popular", ["best"])


def test_s0_24_a_recommender_that_does_not_answer_gives_what_is_popular(shop: Shop) -> None:
    shop.product("best", 40)
    shop.publish()
    campaign = {
        "real_time": True, "real_time_seconds": 0.2, "personalize_endpoint_url": "http://127.0.0.1:1",
        "campaigns": "shop=arn:aws:personalize:us-east-1:000000000000:campaign/c",
    }  # fmt: skip
    answer = api_of(shop, **campaign).get(FEED, headers=as_user("nobody"))
    assert (answer.status_code, answer.json()["source"], item_ids(answer)) == (200, "popular", ["best"])


def test_an_api_key_acts_for_the_user_whom_it_names(shop: Shop) -> None:
    shop.list_of("users", "u1", ("a", 0.9))
    shop.publish()
    api = api_of(shop)
    for key in ({"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}):
        assert item_ids(api.get(FEED, headers=key | {"X-User-ID": "u1"})) == ["a"]
        refused = api.get(FEED, headers=key)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_request")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "unauthorized"),
        ({"X-User-ID": "u1"}, 401, "unauthorized"),
        ({"Authorization": "Basic dTpw"}, 401, "unauthorized"),
        ({"Authorization": "Bearer wrong"}, 401, "token_refused"),
        ({"X-API-Key": "wrong", "X-User-ID": "u1"}, 401, "token_refused"),
        (as_user("u1") | {"X-User-ID": "u2"}, 403, "forbidden"),
        ({"X-API-Key": KEY, "X-User-ID": "u" * 256}, 422, "invalid_request"),
    ],
)
def test_s4_41_whoever_is_nobody_or_somebody_else_is_refused(
    shop: Shop, headers: dict[str, str], status: int, code: str
) -> None:
    answer = api_of(shop).get(FEED, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_s4_40_over_the_limit_a_user_waits_and_no_other_user_does(shop: Shop) -> None:
    shop.product("best", 40)
    shop.publish()
    api = api_of(shop, rate_limit="3/day")
    statuses = [api.get(FEED, headers=as_user("u1")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = api.get(FEED, headers=as_user("u1"))
    assert refused.json()["error"]["code"] == "rate_limited"
    assert 0 < int(refused.headers["Retry-After"]) <= 86400
    assert api.get(FEED, headers=as_user("u2")).status_code == 200


@pytest.mark.parametrize("limit", ["often", "0/minute", "-1/minute", "120"])
def test_a_limit_that_cannot_be_read_is_refused_at_start_up(limit: str) -> None:
    with pytest.raises(ValueError, match="rate_limit"):
        api_settings(rate_limit=limit)


LISTS = """
insert into cache.offline_user_recommendations
select
    'u' || n,
    jsonb_build_array(
        jsonb_build_object('product_id', 'for-u' || n, 'score', 0.9),
        jsonb_build_object('product_id', 'all', 'score', 0.1)
    ),
    now() at time zone 'utc', 'engine', 'g2'
from generate_series(1, 1000) as n
"""


def test_no_user_of_a_thousand_sees_what_another_sees(shop: Shop) -> None:
    """Tokens are swapped on one connection, and every user sends the tag of the user before."""
    shop.run(LISTS)
    shop.publish()
    api = api_of(shop)
    tag = ""
    for number in range(1, 1001):
        answer = api.get(FEED, headers=as_user(f"u{number}") | {"If-None-Match": tag})
        assert item_ids(answer) == [f"for-u{number}", "all"]
        assert "private" in answer.headers["Cache-Control"]
        assert {"Authorization", "X-User-ID"} <= set(answer.headers["Vary"].split(", "))
        tag = answer.headers["ETag"]
    unchanged = api.get(FEED, headers=as_user("u1000") | {"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
