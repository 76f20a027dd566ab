"""The feed of the current user: whose it is, what is in it, what is recorded of it, and who is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.serving.current_user import Visitors, as_user
from tests.serving_shop import KEY, api_settings

FEED = "/api/feed/personalized/"


def item_ids(answer: Any) -> list[str]:
    return [item["item_id"] for item in answer.json()["items"]]


def test_s0_16_and_s0_17_each_user_gets_the_own_list_in_its_order(visitors: Visitors) -> None:
    visitors.known("u1", "u2")
    visitors.shop.list_of("users", "u1", ("a", 0.9), ("b", 0.5))
    visitors.shop.list_of("users", "u2", ("c", 0.7), ("d", 0.3))
    visitors.shop.publish()
    api = visitors.api()
    answers = [api.get(FEED, headers=as_user(user_id)) for user_id in ("u1", "u2")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [item_ids(answer) for answer in answers] == [["a", "b"], ["c", "d"]]
    assert item_ids(api.get(FEED, params={"limit": 1, "offset": 1}, headers=as_user("u1"))) == ["b"]


@pytest.mark.parametrize("user_id", ["nobody", "empty"])
def test_s0_24_without_recommendations_the_feed_is_what_is_popular(visitors: Visitors, user_id: str) -> None:
    visitors.known("empty")
    visitors.shop.list_of("users", "empty")
    visitors.shop.product("best", 40)
    visitors.shop.publish()
    answer = visitors.api().get(FEED, headers=as_user(user_id))
    assert (answer.status_code, answer.json()["source"], item_ids(answer)) == (200, "popular", ["best"])


def test_s0_24_a_recommender_that_does_not_answer_gives_what_is_popular(visitors: Visitors) -> None:
    visitors.shop.product("best", 40)
    visitors.shop.publish()
    campaign = {
        "real_time": True, "real_time_seconds": 0.2, "personalize_endpoint_url": "http://127.0.0.1:1",
        "campaigns": "shop=arn:aws:personalize:us-east-1:000000000000:campaign/c",
    }  # fmt: skip
    answer = visitors.api(**campaign).get(FEED, headers=as_user("nobody"))
    assert (answer.status_code, answer.json()["source"], item_ids(answer)) == (200, "popular", ["best"])


def test_an_api_key_acts_for_the_user_whom_it_names(visitors: Visitors) -> None:
    visitors.known("u1")
    visitors.shop.list_of("users", "u1", ("a", 0.9))
    visitors.shop.publish()
    api = visitors.api()
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
        ({"X-API-Key": KEY, "X-User-ID": "u" * 256}, 422, "invalid_request"),
    ],
)
def test_s4_41_whoever_is_nobody_or_somebody_else_is_refused(
    visitors: Visitors, headers: dict[str, str], status: int, code: str
) -> None:
    answer = visitors.api().get(FEED, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_s4_41_a_token_is_for_no_other_user(visitors: Visitors) -> None:
    answer = visitors.api().get(FEED, headers=as_user("u1") | {"X-User-ID": "u2"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


def test_s4_40_over_the_limit_a_user_waits_and_no_other_user_does(visitors: Visitors) -> None:
    visitors.shop.product("best", 40)
    visitors.shop.publish()
    api = visitors.api(rate_limit="3/day")
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


@pytest.mark.parametrize("storage", ["memory", "warehouse"])
def test_s4_40_replicas_share_the_count_where_it_is_in_the_warehouse(visitors: Visitors, storage: str) -> None:
    visitors.shop.product("best", 40)
    replicas = [visitors.api(rate_limit="3/day", rate_limit_storage=storage) for _ in range(2)]
    statuses = [api.get(FEED, headers=as_user("u1")).status_code for _ in range(2) for api in replicas]
    assert statuses == ([200, 200, 200, 429] if storage == "warehouse" else [200] * 4)
    assert not [row for row in visitors.rows("select counter from serving.rate_limits") if "u1" in row[0]]


def test_s4_40_a_new_span_of_time_begins_with_a_new_count(visitors: Visitors) -> None:
    visitors.shop.product("best", 40)
    api = visitors.api(rate_limit="1/day", rate_limit_storage="warehouse")
    assert [api.get(FEED, headers=as_user("u1")).status_code for _ in range(2)] == [200, 429]
    visitors.shop.run("update serving.rate_limits set expires_at = now() - interval '1 second'")
    assert [api.get(FEED, headers=as_user("u1")).status_code for _ in range(2)] == [200, 429]


IMPRESSIONS = """
select user_id, session_id, item_ids, feed_type, recommendation_id, request_id, event_type
from serving.impressions order by received_at, request_id
"""


def test_s0_18_what_is_shown_is_one_impression_for_each_request_id(visitors: Visitors) -> None:
    """An impression, not a view: who is shown an item has not looked at it yet."""
    visitors.known("u1", "u2")
    visitors.shop.list_of("users", "u1", ("a", 0.9), ("b", 0.5))
    visitors.shop.list_of("users", "u2", ("c", 0.9))
    visitors.shop.publish()
    api = visitors.api()
    first, *_ = [api.get(FEED, headers=as_user("u1", Request_ID="r1", Session_ID="s1")) for _ in range(3)]
    expected = ("u1", "s1", ["a", "b"], "personalized", first.json()["recommendation_id"], "r1", "initial_impression")
    assert visitors.rows(IMPRESSIONS) == [expected]
    for user_id, request_id, params in (("u1", "r2", {"limit": 1}), ("u2", "r1", {})):
        api.get(FEED, params=params, headers=as_user(user_id, Request_ID=request_id))
    shown = {(user_id, request_id): items for user_id, _, items, *_, request_id, _ in visitors.rows(IMPRESSIONS)}
    assert shown == {("u1", "r1"): ["a", "b"], ("u1", "r2"): ["a"], ("u2", "r1"): ["c"]}
    api.get(FEED, headers=as_user("u1", Request_ID="r3") | {"If-None-Match": first.headers["ETag"]})
    for _ in range(2):
        api.get(FEED, headers=as_user("u1"))
    assert len(visitors.rows(IMPRESSIONS)) == 6
    assert visitors.rows("select * from serving.interactions") == []


def test_s0_18_an_empty_feed_shows_nothing(visitors: Visitors) -> None:
    answer = visitors.api().get(FEED, headers=as_user("nobody"))
    assert (answer.status_code, item_ids(answer)) == (200, [])
    assert visitors.rows(IMPRESSIONS) == []


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


def test_no_user_of_a_thousand_sees_what_another_sees(visitors: Visitors) -> None:
    """Tokens are swapped on one connection, and every user sends the tag of the user before."""
    visitors.known(*(f"u{number}" for number in range(1, 1001)))
    visitors.shop.run(LISTS)
    visitors.shop.publish()
    api = visitors.api()
    tag = ""
    for number in range(1, 1001):
        answer = api.get(FEED, headers=as_user(f"u{number}") | {"If-None-Match": tag})
        assert item_ids(answer) == [f"for-u{number}", "all"]
        assert "private" in answer.headers["Cache-Control"]
        assert {"Authorization", "X-User-ID"} <= set(answer.headers["Vary"].split(", "))
        tag = answer.headers["ETag"]
    unchanged = api.get(FEED, headers=as_user("u1000") | {"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
