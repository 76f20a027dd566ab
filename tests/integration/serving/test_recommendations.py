"""What the recommendations answer: the chain of stored sources, filters, reasons, paging and rankings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.serving.recommendations import ask
from tests.serving_shop import Shop


def items_of(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["item_id"] for item in answer.json()["items"]]


def test_a_known_user_gets_the_published_list_with_its_model_and_generation(filled: Shop) -> None:
    body = ask(filled.api(), "recommendations/known")
    assert [item["item_id"] for item in body["items"]] == ["cup", "pan", "tea", "mug"]
    assert (body["source"], body["model_version"], body["generation"]) == ("cache", "arn:of-users", "g2")
    assert ask(filled.api(), "similar/tea")["model_version"] == "arn:of-items"


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
