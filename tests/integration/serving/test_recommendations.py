"""What the recommendations answer: the chain of sources, filters, reasons, paging, and answers that a client keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from services.migrations import upgrade
from tests.serving_metrics import counted
from tests.serving_recommender import recommender
from tests.serving_shop import Shop, api_settings

TIMED = "aisle_serving_campaign_seconds_count"
CAMPAIGN = "arn:aws:personalize:us-east-1:000000000000:campaign/for-you"


def items_of(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["item_id"] for item in answer.json()["items"]]


def ask(api: TestClient, path: str, **parameters: Any) -> dict[str, Any]:
    answer = api.get(f"/api/v1/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """Two users: `known` has a list and lives in Lahore; `new` lives there too and has none."""
    now = datetime.now(UTC)
    for product_id, n_orders, category, price, days in (
        ("tea", 90, "Pantry", 4, 1), ("mug", 60, "Kitchen", 8, 2), ("pan", 30, "kitchen", 25, 3),
        ("cup", 10, "Kitchen", 6, 90),
    ):  # fmt: skip
        sold_at = now - timedelta(days=days)
        shop.product(product_id, n_orders, category=category, last_price=price, last_sold_at=sold_at)
    shop.run("update core.products set product_name = 'Green tea' where product_id = 'tea'")
    shop.product("POST", 500, is_product=False)
    shop.list_of("users", "known", ("cup", 0.4), ("pan", 0.3), ("tea", 0.2), ("mug", 0.1))
    shop.list_of("items", "tea", ("mug", 0.9), ("pan", 0.1))
    shop.region("Lahore", "known", "new", pan=20, mug=5)
    shop.region("Multan", cup=2)
    shop.ordered("tea", 90, recently=1, earlier=9)
    shop.ordered("mug", 60, recently=20, earlier=10)
    shop.ordered("pan", 30, recently=9, earlier=0)
    shop.ordered("cup", 10, recently=2, earlier=2)
    shop.purchased("known", "tea")
    shop.bought_together("mug", tea=0.5, pan=0.2)
    shop.bought_together("pan", mug=0.2)
    shop.publish()
    return shop


def real_time(shop: Shop, url: str, **more: Any) -> TestClient:
    return shop.api(real_time=True, personalize_endpoint_url=url, **{"campaigns": {"shop": CAMPAIGN}, **more})


# -- the chain ----------------------------------------------------------------------------------------------------


def test_a_known_user_gets_the_published_list_with_its_model_and_generation(filled: Shop) -> None:
    body = ask(filled.api(), "recommendations/known")
    assert [item["item_id"] for item in body["items"]] == ["cup", "pan", "tea", "mug"]
    assert (body["source"], body["model_version"], body["generation"]) == ("cache", "arn:of-users", "g2")
    assert ask(filled.api(), "similar/tea")["model_version"] == "arn:of-items"


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


@pytest.mark.parametrize(("path", "n_items"), [("recommendations/known", 20), ("similar/tea", 10), ("popular", 25)])
def test_s1_35_and_s1_37_the_default_length_is_that_of_the_documented_call(
    filled: Shop, path: str, n_items: int
) -> None:
    for place in range(30):
        filled.product(f"p{place}", 1)
    filled.run("delete from cache.offline_user_recommendations")
    filled.run("delete from cache.offline_similar_items")
    filled.scored("users", "known", *range(30, 0, -1))
    filled.scored("items", "tea", *range(30, 0, -1))
    answer = ask(filled.api(), path)
    scores = [item["score"] for item in answer["items"]]
    assert len(scores) == n_items
    assert scores == sorted(scores, reverse=True)
    assert len(ask(filled.api(), path, limit=28)["items"]) == 28


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


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("popular", "alter table core.products alter product_id type varchar(255)"),
        ("popular?city=Lahore", "alter table core.regions alter region_name type varchar(255)"),
        ("recommendations/known", "alter table cache.offline_user_recommendations alter score_kind type varchar(20)"),
    ],
)
def test_a_column_of_another_type_is_read_without_a_restart_of_the_api(filled: Shop, path: str, change: str) -> None:
    api = filled.api(pool_size=1)
    before = ask(api, path)["items"]
    filled.run(change)
    assert [ask(api, path)["items"] for _ in range(2)] == [before, before]


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


def test_a_user_without_a_list_gets_what_is_popular_where_they_live_else_in_the_whole_shop(filled: Shop) -> None:
    api = filled.api()
    here = ask(api, "recommendations/new")
    assert ([item["item_id"] for item in here["items"]], here["source"]) == (["pan", "mug"], "popular_in_region")
    everywhere = ask(api, "recommendations/stranger")
    assert [item["item_id"] for item in everywhere["items"]] == ["tea", "mug", "pan", "cup"]
    assert (everywhere["source"], everywhere["model_version"]) == ("popular", None)


def test_marts_of_an_earlier_version_cost_the_regions_only(filled: Shop) -> None:
    filled.run("drop table core.popular_products, core.regions, core.region_customers")
    assert ask(filled.api(), "recommendations/new")["source"] == "popular"
    assert ask(filled.api(), "recommendations/known")["source"] == "cache"


@pytest.mark.parametrize("user", ["known", "new", "stranger"])
def test_s3_24_purchased_items_are_left_out_where_the_setting_says_so(filled: Shop, user: str) -> None:
    filled.purchased(user, "pan")
    assert "pan" in [item["item_id"] for item in ask(filled.api(), f"recommendations/{user}")["items"]]
    left = [item["item_id"] for item in ask(filled.api(exclude_purchased=True), f"recommendations/{user}")["items"]]
    assert left
    assert "pan" not in left


# -- filters, paging, reasons -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "items"),
    [
        ({"category": "KITCHEN"}, ["cup", "pan", "mug"]),
        ({"min_price": 6, "max_price": 8}, ["cup", "mug"]),
        ({"max_price": 4.0}, ["tea"]),
        ({"in_stock": True}, ["pan", "tea", "mug"]),
        ({"city": "lahore"}, ["pan", "mug"]),
        ({"city": " LAHORE ", "category": "kitchen", "max_price": 10}, ["mug"]),
    ],
    ids=str,
)
def test_a_list_is_filtered_by_what_the_items_are(filled: Shop, filters: dict[str, Any], items: list[str]) -> None:
    body = ask(filled.api(), "recommendations/known", **filters)
    assert ([item["item_id"] for item in body["items"]], body["source"]) == (items, "cache")
    assert body["total"] == len(items)


def test_where_a_filter_leaves_nothing_of_the_list_the_next_source_answers(filled: Shop) -> None:
    filled.list_of("users", "narrow", ("tea", 1.0))
    body = ask(filled.api(), "recommendations/narrow", category="kitchen")
    assert ([item["item_id"] for item in body["items"]], body["source"]) == (["mug", "pan", "cup"], "popular")
    nothing = ask(filled.api(), "recommendations/narrow", category="no such thing")
    assert (nothing["items"], nothing["total"]) == ([], 0)


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"min_price": 9, "max_price": 3}, 422, "invalid_request"),
        ({"city": "Lahore", "province": "Punjab"}, 422, "invalid_request"),
        ({"min_price": "nan"}, 422, "invalid_request"),
        ({"offset": -1}, 422, "invalid_request"),
        ({"city": "Atlantis"}, 404, "region_unknown"),
        ({"province": "Lahore"}, 404, "region_unknown"),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["recommendations/known", "similar/tea", "popular", "trending", "bought-together/mug"])
def test_filters_that_cannot_be_meant_are_refused(
    filled: Shop, path: str, parameters: dict[str, Any], status: int, code: str
) -> None:
    answer = filled.api().get(f"/api/v1/{path}", params=parameters)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_pages_of_a_list_follow_each_other_and_share_one_scale(filled: Shop) -> None:
    api = filled.api()
    whole = ask(api, "recommendations/known")
    pages = [ask(api, "recommendations/known", limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [item for page in pages for item in page["items"]] == whole["items"]
    assert {page["total"] for page in pages} == {4}
    assert len({page["recommendation_id"] for page in pages}) == 3


def test_s2_105_a_reason_is_a_purchase_of_the_user_that_orders_show_beside_the_item(filled: Shop) -> None:
    items = ask(filled.api(), "recommendations/known", reasons=True)["items"]
    reasons = {item["item_id"]: item["reason"] for item in items}
    assert reasons["mug"] == {
        "kind": "bought_with", "text": "bought with Green tea", "item_id": "tea", "region": None
    }  # fmt: skip
    assert [item_id for item_id, reason in reasons.items() if reason] == ["mug"], "nobody bought anything with these"


@pytest.mark.parametrize(
    ("user", "text", "region"), [("new", "popular in Lahore", "Lahore"), ("stranger", "popular", None)]
)
def test_s2_105_what_is_popular_says_where(filled: Shop, user: str, text: str, region: str | None) -> None:
    items = ask(filled.api(), f"recommendations/{user}", reasons=True)["items"]
    assert {(item["reason"]["text"], item["reason"]["region"]) for item in items} == {(text, region)}


def test_without_being_asked_for_no_reason_is_given(filled: Shop) -> None:
    assert {item["reason"] for item in ask(filled.api(), "recommendations/known")["items"]} == {None}


# -- the other lists ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "items", "source"),
    [
        ({}, ["tea", "mug", "pan", "cup"], "popular"),
        ({"category": "kitchen"}, ["mug", "pan", "cup"], "popular"),
        ({"city": "Lahore"}, ["pan", "mug"], "popular_in_region"),
        ({"city": "multan"}, ["cup"], "popular_in_region"),
    ],
    ids=str,
)
def test_popular_is_of_the_shop_a_region_or_a_category(
    filled: Shop, parameters: dict[str, Any], items: list[str], source: str
) -> None:
    body = ask(filled.api(), "popular", **parameters)
    assert ([item["item_id"] for item in body["items"]], body["source"]) == (items, source)
    assert body["region"] == (parameters["city"].capitalize() if "city" in parameters else None)


def test_trending_is_what_grew_most_and_not_what_is_ordered_most(filled: Shop) -> None:
    body = ask(filled.api(), "trending")
    assert [item["item_id"] for item in body["items"]] == ["pan", "mug"]
    assert body["items"][0]["score"] == pytest.approx(9 / 9**0.5)
    assert (body["source"], body["score_kind"]) == ("trending", "growth")


@pytest.mark.parametrize(("item", "items"), [("mug", ["tea", "pan"]), ("MUG", ["tea", "pan"]), ("tea", [])])
def test_bought_together_is_what_orders_hold_beside_an_item(filled: Shop, item: str, items: list[str]) -> None:
    body = ask(filled.api(), f"bought-together/{item}")
    assert [item["item_id"] for item in body["items"]] == items
    assert body["item_id"] == item.lower()


def test_s1_37_the_item_itself_is_never_similar_to_itself(filled: Shop) -> None:
    filled.list_of("items", "mug", ("mug", 1.0), ("tea", 0.5))
    assert [item["item_id"] for item in ask(filled.api(), "similar/mug")["items"]] == ["tea"]


@pytest.mark.parametrize("subject", ["users", "items"])
def test_an_item_that_a_list_repeats_is_shown_once_at_its_first_place(filled: Shop, subject: str) -> None:
    filled.list_of(subject, "twice", ("cup", 3.0), ("pan", 2.0), ("cup", 1.0))
    path = "recommendations/twice" if subject == "users" else "similar/twice"
    body = ask(filled.api(), path)
    assert ([item["item_id"] for item in body["items"]], body["total"]) == (["cup", "pan"], 2)
    if subject == "users":
        ranked = filled.api().post("/api/v1/rankings", json={"user_id": "twice", "item_ids": ["pan", "cup"]}).json()
        assert [item["item_id"] for item in ranked["items"]] == ["cup", "pan"]


@pytest.mark.parametrize("body", [b"\xff", b'{"user_id": "\xe9"}', b"[\x80]"])
def test_a_body_that_is_no_text_is_a_400_and_documented(filled: Shop, body: bytes) -> None:
    api = filled.api()
    answer = api.post("/api/v1/rankings", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    assert "400" in api.get("/openapi.json").json()["paths"]["/api/v1/rankings"]["post"]["responses"]


@pytest.mark.parametrize("tags", ["*", '"other", *', " * "])
def test_whoever_takes_any_version_gets_no_body(filled: Shop, tags: str) -> None:
    answer = filled.api().get("/api/v1/popular", headers={"If-None-Match": tags})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize(
    ("user", "given", "ranked"),
    [
        ("known", ["mug", "pan", "cup"], ["cup", "pan", "mug"]),
        ("known", ["unheard", "tea", "hat", "mug"], ["tea", "mug", "unheard", "hat"]),
        ("stranger", ["cup", "hat", "tea", "mug"], ["tea", "mug", "cup", "hat"]),
        ("stranger", ["hat"], ["hat"]),
    ],
)
def test_s2_102_a_ranking_is_a_permutation_of_what_was_given(
    filled: Shop, user: str, given: list[str], ranked: list[str]
) -> None:
    answer = filled.api().post("/api/v1/rankings", json={"user_id": user, "item_ids": given})
    assert items_of(answer) == ranked
    assert sorted(ranked) == sorted(given)
    assert answer.json()["source"] == ("cache" if user == "known" else "popular")


@pytest.mark.parametrize(
    "body",
    [{}, {"user_id": "u", "item_ids": []}, {"user_id": "", "item_ids": ["a"]}, {"user_id": "u", "item_ids": ["a\0"]},
     {"user_id": "u", "item_ids": ["a"] * 501}, {"user_id": "u", "item_ids": ["a"], "unknown": 1}],
)  # fmt: skip
def test_a_ranking_that_cannot_be_meant_is_refused(filled: Shop, body: dict[str, Any]) -> None:
    answer = filled.api().post("/api/v1/rankings", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


# -- what a client keeps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["recommendations/known", "recommendations/stranger", "similar/tea", "popular"])
def test_an_unchanged_answer_is_a_304_and_a_changed_one_is_not(filled: Shop, path: str) -> None:
    api = filled.api()
    first = api.get(f"/api/v1/{path}")
    tag = first.headers["ETag"]
    again = api.get(f"/api/v1/{path}", headers={"If-None-Match": f'"another", {tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert first.headers["Cache-Control"] == "private, no-cache"
    filled.run("update cache.offline_user_recommendations set generation = 'g3'")
    filled.run("update cache.offline_similar_items set generation = 'g3'")
    filled.run("update core.products set n_orders = n_orders + 1")
    assert api.get(f"/api/v1/{path}", headers={"If-None-Match": tag}).status_code == 200


def test_one_users_tag_is_never_anothers(filled: Shop) -> None:
    filled.list_of("users", "twin", ("cup", 0.4), ("pan", 0.3), ("tea", 0.2), ("mug", 0.1))
    api = filled.api()
    tag = api.get("/api/v1/recommendations/known").headers["ETag"]
    answer = api.get("/api/v1/recommendations/twin", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()["user_id"]) == (200, "twin")


def test_a_304_needs_a_key_too(filled: Shop) -> None:
    tag = filled.api().get("/api/v1/recommendations/known").headers["ETag"]
    answer = filled.api(key=None).get("/api/v1/recommendations/known", headers={"If-None-Match": tag})
    assert answer.status_code == 401


def test_equal_answers_to_one_question_have_one_recommendation_id_and_others_their_own(filled: Shop) -> None:
    api = filled.api()
    asked = [ask(api, f"recommendations/{user}") for user in ("known", "known", "new", "stranger", "nobody")]
    ids = [answer["recommendation_id"] for answer in asked]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


def test_an_answer_is_of_one_generation_while_generations_switch(filled: Shop) -> None:
    """Whose lists carry another model: an answer with the list of one and the model of the other would be seen."""
    switch = """
    update cache.generations set state = 'retired', solution_versions = '{"users": "arn:g2"}' where generation = 'g2';
    update cache.offline_user_recommendations set generation = %(name)s;
    insert into cache.generations values (%(name)s, 'live', 1, 1, 1, 1, %(versions)s, now())
    on conflict (generation) do update set state = 'live'
    """
    api = filled.api()
    for number in range(20):
        name = f"n{number}"
        with psycopg.connect(filled.url) as connection, psycopg.ClientCursor(connection) as cursor:
            connection.execute("update cache.generations set state = 'retired'")
            cursor.execute(switch.encode(), {"name": name, "versions": json.dumps({"users": f"arn:{name}"})})
            during = ask(api, "recommendations/known")
        after = ask(api, "recommendations/known")
        assert (after["generation"], after["model_version"]) == (name, f"arn:{name}")
        assert during["model_version"].rpartition(":")[2] in (during["generation"], "of-users")


# -- the document -------------------------------------------------------------------------------------------------


#: Tags of the operations whose examples need nothing but a shop.
SHOP_IS_ENOUGH = (["recommendations"], ["regions"], ["health"])


def examples(described: dict[str, Any]) -> Iterator[tuple[str, str, Any, dict[str, Any]]]:
    """Method, path, body and operation of each, asked with the examples of the document."""
    schemas = described["components"]["schemas"]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if operation.get("tags") not in SHOP_IS_ENOUGH:
                continue
            filled_in, query = path, dict[str, str]()
            for parameter in operation.get("parameters", ()):
                for example in parameter.get("examples", {}).values():
                    if parameter["in"] == "path":
                        filled_in = filled_in.replace(f"{{{parameter['name']}}}", example["value"])
                    else:
                        query[parameter["name"]] = example["value"]
            body = None
            if "requestBody" in operation:
                reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                body = schemas[reference.rpartition("/")[2]].get("examples", [None])[0]
            yield method, f"{filled_in}?{urlencode(query)}", body, operation


def test_the_examples_of_the_document_run_and_answer_as_it_says(shop: Shop) -> None:
    shop.product("22423")
    shop.list_of("users", "3f2a9c", ("85123A", 0.5), ("22423", 0.2))
    shop.list_of("items", "22423", ("85123A", 0.5))
    shop.region("Lahore", "3f2a9c")
    shop.publish()
    upgrade(shop.url)
    api = shop.api(open_pages=True)
    described = api.get("/openapi.json").json()
    for method, path, body, operation in examples(described):
        answer = api.request(method, path, json=body)
        assert answer.status_code == 200, (path, answer.text)
        schema = operation["responses"]["200"].get("content", {}).get("application/json", {}).get("schema", {})
        if schema:
            Draft202012Validator({**schema, "components": described["components"]}).validate(answer.json())


def test_every_example_of_a_schema_keeps_it(shop: Shop) -> None:
    components = shop.api().get("/openapi.json").json()["components"]
    shown = [
        (name, schema, example)
        for name, schema in components["schemas"].items()
        for example in schema.get("examples", ())
    ]
    assert len(shown) > 5
    for name, schema, example in shown:
        broken = list(Draft202012Validator({**schema, "components": components}).iter_errors(example))
        assert not broken, (name, broken)
