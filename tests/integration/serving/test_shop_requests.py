"""A request of the shop page against PostgreSQL: accepted, answered, stored, fetched; and who may send one."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from pydantic import ValidationError

from aisle.warehouse import connect, sql
from services.migrations import upgrade
from services.serving.shop.campaign import Recommender
from services.serving.shop.repository import ShopRepository
from tests.serving_shop import KEY, Shop, api_settings
from tests.waiting import wait_for

FIVE = ["a", "b", "c", "d", "e"]
QUESTION = {"mode": "products", "product_ids": FIVE}


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """Products a to e; x and y are similar to some of them, and z is the most ordered in Lahore."""
    upgrade(shop.url)
    for place, product_id in enumerate([*FIVE, "x", "y", "z"]):
        shop.product(product_id, 50 - place, product_name=f"Product {product_id.upper()}", last_price=1.5)
        shop.ordered(product_id, 50 - place)
    shop.region("Lahore", "u1", z=9, y=3)
    shop.region("Punjab", "u1", kind="province", y=8)
    shop.list_of("items", "a", ("x", 0.9), ("b", 0.8), ("y", 0.1))
    shop.list_of("items", "b", ("x", 0.5))
    shop.publish()
    return shop


def settled(client: TestClient, url: str) -> Response:
    """Fetch a request until it is no longer being answered."""
    return wait_for(lambda: got if (got := client.get(url)).status_code != 202 else None, f"an answer at {url}")


def asked(client: TestClient, question: dict[str, Any]) -> dict[str, Any]:
    """Send a selection and fetch its answer."""
    accepted = client.post("/shop/requests", json=question)
    assert accepted.status_code == 202, accepted.text
    url = accepted.json()["url"]
    assert accepted.headers["Location"] == url
    fetched = settled(client, url)
    assert fetched.status_code == 200, fetched.text
    body: dict[str, Any] = fetched.json()
    assert body["request_id"] == accepted.json()["request_id"]
    return body


def stored(shop: Shop) -> list[Any]:
    with connect(shop.url) as connection:
        return connection.execute(
            "select user_id, mode, product_ids, metadata, answer from serving.shop_requests order by accepted_at"
        ).fetchall()


def ids(body: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in body["items"]]


def test_s3_22_a_selection_is_accepted_answered_stored_and_fetched(stocked: Shop) -> None:
    body = asked(stocked.api(), QUESTION)
    assert ids(body) == ["x", "y", "z"]
    assert body["items"][0] == {
        "item_id": "x", "name": "Product X", "category": None, "price": 1.5, "score": pytest.approx(0.4),
        "reason": "goes with Product A and Product B",
    }  # fmt: skip
    assert (body["source"], body["generation"], body["mode"], body["beta"]) == (
        "similar_items",
        "g2",
        "products",
        False,
    )
    assert body["items"][-1]["reason"] == "popular"


def test_s3_21_each_request_is_a_row_by_the_id_of_its_own_customer(stocked: Shop) -> None:
    client = stocked.api()
    bodies = [asked(client, QUESTION), asked(client, {"mode": "metadata", "metadata": {"age": 34, "city": " "}})]
    first, second = stored(stocked)
    assert [first[0], second[0]] == [body["request_id"] for body in bodies]
    assert first[:4] == (bodies[0]["request_id"], "products", FIVE, {"age": None, "gender": None, "city": None,
                                                                    "province": None})  # fmt: skip
    assert [product["product_id"] for product in first[4]["products"]] == ids(bodies[0])
    assert second[3] == {"age": 34, "gender": None, "city": None, "province": None}


def test_s3_14_any_other_number_of_products_is_refused(stocked: Shop) -> None:
    client = stocked.api()
    for mode, count in product(("products", "both"), (0, 1, 4, 6, 50)):
        question = {"mode": mode, "product_ids": [f"p{nth}" for nth in range(count)]}
        answer = client.post("/shop/requests", json=question)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request"), question
        assert "exactly 5" in answer.json()["error"]["message"]
    assert stored(stocked) == []


UNUSABLE = [
    {"mode": "products", "product_ids": [*FIVE[:4], "nothing"]},
    {"mode": "products", "product_ids": [*FIVE[:4], "a"]},
    {"mode": "metadata", "product_ids": FIVE},
    {"mode": "metadata", "metadata": {"age": 131}},
    {"mode": "metadata", "metadata": {"age": -1}},
    {"mode": "metadata", "metadata": {"age": "old"}},
    {"mode": "metadata", "metadata": {"city": "La\u0000hore"}},
    {"mode": "metadata", "metadata": {"name": "somebody"}},
    {"mode": "metadata", "metadata": {"city": "x" * 101}},
    {"mode": "none"},
    {},
    [],
]


def test_a_selection_that_cannot_be_used_is_refused_before_anything_is_kept(stocked: Shop) -> None:
    client = stocked.api()
    for question in UNUSABLE:
        answer = client.post("/shop/requests", json=question)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request"), question
    assert stored(stocked) == []


METADATA = [
    ({"city": "lahore"}, "popular_in_region", "z", "popular in Lahore"),
    ({"province": "Punjab"}, "popular_in_region", "y", "popular in Punjab"),
    ({"city": "Lahore", "province": "Punjab"}, "popular_in_region", "z", "popular in Lahore"),
    ({"city": "Nowhere", "province": "PUNJAB"}, "popular_in_region", "y", "popular in Punjab"),
    ({"city": "Nowhere"}, "popular", "a", "popular"),
    ({"age": "", "gender": " ", "city": "", "province": ""}, "popular", "a", "popular"),
]


def test_s3_15_metadata_are_answered_by_what_is_popular_in_the_place_and_blanks_are_null(stocked: Shop) -> None:
    client = stocked.api()
    for metadata, source, best, reason in METADATA:
        body = asked(client, {"mode": "metadata", "metadata": metadata})
        assert (body["source"], ids(body)[0], body["items"][0]["reason"]) == (source, best, reason), metadata
        assert body["beta"] is True


def test_s3_16_metadata_need_no_products(stocked: Shop) -> None:
    assert asked(stocked.api(), {"mode": "metadata"})["source"] == "popular"


def test_s3_18_the_same_selection_gives_the_same_list_in_any_order(stocked: Shop) -> None:
    client = stocked.api()
    lists = [
        asked(client, QUESTION | {"product_ids": order})["items"] for order in (FIVE, FIVE[::-1], [*FIVE[2:], "a", "b"])
    ]
    assert lists[0] == lists[1] == lists[2]


def test_s3_19_both_are_beta_and_weigh_products_and_place(stocked: Shop) -> None:
    body = asked(stocked.api(), {"mode": "both", "product_ids": FIVE, "metadata": {"city": "Lahore"}})
    assert (body["beta"], body["source"], body["place"]) == (True, "similar_items_and_popular", "Lahore")
    assert ids(body) == ["z", "x", "y"]


def test_s3_24_no_selected_product_is_recommended_back(stocked: Shop) -> None:
    for mode in ("products", "both"):
        assert not set(ids(asked(stocked.api(), {"mode": mode, "product_ids": FIVE}))) & set(FIVE)


def test_s3_22_a_request_without_an_answer_in_time_is_a_504_with_a_body(
    stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.serving.shop.service.Workflows.start", lambda _self, work: work.close())
    client = stocked.api()
    url = client.post("/shop/requests", json=QUESTION).json()["url"]
    waiting = client.get(url)
    assert (waiting.status_code, waiting.json()["status"], waiting.headers["Retry-After"]) == (202, "accepted", "1")
    stocked.run("update serving.shop_requests set accepted_at = now() - interval '21 seconds'")
    late = client.get(url)
    assert (late.status_code, late.json()["error"]["code"]) == (504, "recommendation_late")
    assert "20 s" in late.json()["error"]["message"]


def test_a_request_that_cannot_be_answered_says_so(stocked: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def break_off(*_: Any) -> None:
        raise ArithmeticError("of the tests")

    monkeypatch.setattr(ShopRepository, "evidence", break_off)
    client = stocked.api()
    url = client.post("/shop/requests", json=QUESTION).json()["url"]
    failed = settled(client, url)
    assert (failed.status_code, failed.json()["error"]["code"]) == (503, "recommendation_failed")
    assert "of the tests" not in failed.text


def test_a_request_that_takes_too_long_fails_and_frees_its_turn(stocked: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recommender, "recommend", lambda *_: time.sleep(0.5))  # a campaign that hangs
    client = stocked.api(shop_seconds=0.1)
    for _ in range(6):
        url = client.post("/shop/requests", json=QUESTION).json()["url"]
    with connect(stocked.url) as connection:
        finished = "select count(*) from serving.shop_requests where finished_at is not null"
        connection.autocommit = True
        wait_for(lambda: connection.execute(finished.encode()).fetchone() == (6,), "an end of all six requests")
    failed = settled(client, url)
    assert (failed.status_code, failed.json()["error"]["code"]) == (504, "recommendation_late")


def test_a_request_that_nobody_has_sent_is_unknown(stocked: Shop) -> None:
    client = stocked.api()
    for request_id, status in {
        "shop-" + "0" * 32: 404,
        "shop-1": 422,
        "u1": 422,
        "shop-" + "0" * 32 + "%27": 422,
    }.items():
        assert client.get(f"/shop/requests/{request_id}").status_code == status, request_id


def test_the_first_answer_of_a_request_stays(stocked: Shop) -> None:
    client = stocked.api()
    body = asked(client, QUESTION)
    with connect(stocked.url) as connection:
        later = {"user_id": body["request_id"], "answer": None, "failure": "of a second attempt"}
        assert connection.execute(sql("serving/shop_requests/store").encode(), later).rowcount == 0
    assert client.get(f"/shop/requests/{body['request_id']}").json() == body


# -- what visitors see and do -----------------------------------------------------------------------------------------


def test_impressions_and_clicks_of_an_answer_are_stored_once_each(stocked: Shop) -> None:
    client = stocked.api()
    body = asked(client, QUESTION)
    url = f"/shop/requests/{body['request_id']}/events"
    for event in 2 * [{"event_type": "initial_impression"}, {"event_type": "click", "item_id": "y"}]:
        outcome = client.post(url, json=event)
        assert (outcome.status_code, outcome.json()) == (200, {"is_processed": True, "reason": None})
    with connect(stocked.url) as connection:
        seen = connection.execute("select source, user_id, session_id, item_ids from serving.impressions").fetchall()
        done = connection.execute("select source, session_id, event_type, item_id from serving.interactions").fetchall()
    assert seen == [("shop", None, body["request_id"], ["x", "y", "z"])]
    assert done == [("shop", body["request_id"], "click", "y")]


def test_only_what_was_shown_can_be_clicked_and_only_of_an_answer(stocked: Shop) -> None:
    client = stocked.api()
    url = f"/shop/requests/{asked(client, QUESTION)['request_id']}/events"
    for event in (
        {"event_type": "click", "item_id": "a"},
        {"event_type": "click"},
        {"event_type": "purchase", "item_id": "y"},
        {"event_type": "click", "item_id": "y", "user_id": "u1"},
    ):
        assert client.post(url, json=event).status_code == 422, event
    nobody = f"/shop/requests/shop-{'0' * 32}/events"
    assert client.post(nobody, json={"event_type": "initial_impression"}).status_code == 404
    with connect(stocked.url) as connection:
        assert connection.execute("select count(*) from serving.interactions").fetchone() == (0,)


# -- the carousel and the form ---------------------------------------------------------------------------------------


def test_the_carousel_has_the_most_ordered_products_first_and_finds_others_by_name_or_id(stocked: Shop) -> None:
    stocked.product("25%", 1, product_name="Deal_25% OFF")
    stocked.product("POST", 999, is_product=False, product_name="Postage")
    client = stocked.api()

    def item_ids(search: str | None = None) -> list[str]:
        answer = client.get("/shop/products", params={"search": search} if search is not None else {})
        return [product["item_id"] for product in answer.json()["products"]]

    assert item_ids() == [*FIVE, "x", "y", "z", "25%"]
    assert item_ids("  ") == item_ids()
    assert item_ids("product x") == ["x"]
    assert item_ids("%") == ["25%"]
    assert item_ids("_") == ["25%"]
    assert item_ids("postage") == []


def test_the_form_offers_the_places_where_customers_live(stocked: Shop) -> None:
    places = stocked.api().get("/shop/places").json()["places"]
    assert places == [{"kind": "city", "name": "Lahore"}, {"kind": "province", "name": "Punjab"}]


# -- who may send one ------------------------------------------------------------------------------------------------

PATHS = ["/shop", "/shop/products", "/shop/places", f"/shop/requests/shop-{'0' * 32}"]


def test_s3_29_without_the_open_profile_the_shop_asks_for_a_key(stocked: Shop) -> None:
    closed = stocked.api(key=None)
    for path in PATHS:
        assert closed.get(path).status_code == 401
        assert closed.get(path, auth=("anybody", "wrong")).status_code == 401
        assert closed.get(path, auth=("anybody", KEY)).status_code in (200, 404)
    assert closed.post("/shop/requests", json=QUESTION).status_code == 401
    assert stored(stocked) == []


def test_s3_29_on_loopback_the_shop_can_be_open(stocked: Shop) -> None:
    opened = stocked.api(key=None, open_pages=True)
    assert [opened.get(path).status_code for path in PATHS] == [200, 200, 200, 404]
    with pytest.raises(ValidationError, match="loopback"):
        api_settings(open_pages=True, host="0.0.0.0")


def test_s3_23_a_page_of_an_allowed_origin_may_ask_and_another_may_not(stocked: Shop) -> None:
    client = stocked.api(allowed_origins="https://shop.example")
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-api-key"}
    allowed = client.options("/shop/requests", headers={"Origin": "https://shop.example", **asks})
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, "https://shop.example")
    assert client.options("/shop/requests", headers={"Origin": "https://other.example", **asks}).status_code == 403
    answered = client.post("/shop/requests", json=QUESTION, headers={"Origin": "https://shop.example"})
    assert (answered.status_code, answered.headers["Access-Control-Allow-Origin"]) == (202, "https://shop.example")


PARAMETERS = {
    "shop_campaign_arn": "arn:aws:personalize:us-east-1:000000000000:campaign/shop",
    "shop_tracking_id": "5f0c6a4e-1d2b-4f7a-9c3e-8b6d0a1f2c3e",
    "shop_users_dataset_arn": "arn:aws:personalize:us-east-1:000000000000:dataset/shop/USERS",
}


@pytest.mark.parametrize("left_out", PARAMETERS)
def test_s3_9_the_parameters_of_the_recommender_are_given_together_or_not_at_all(left_out: str) -> None:
    assert api_settings(**PARAMETERS).shop_tracking_id
    with pytest.raises(ValidationError, match=f"SERVING_{left_out.upper()}"):
        api_settings(**PARAMETERS | {left_out: ""})


def test_s3_7_a_campaign_arn_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="shop_campaign_arn"):
        api_settings(**PARAMETERS | {"shop_campaign_arn": "my-campaign"})


def test_what_a_restart_has_cut_off_is_answered_by_the_next_process(stocked: Shop) -> None:
    """Accepted, and neither answered nor failed; one of them is too old to be waited for."""
    stocked.run(
        "insert into serving.shop_requests (user_id, mode, product_ids, metadata, accepted_at) values"
        " ('shop-' || repeat('a', 32), 'products', '{a,b,c,d,e}', '{}', now()),"
        " ('shop-' || repeat('b', 32), 'metadata', '{}', '{\"age\": 34, \"city\": \"Lahore\"}', now()),"
        " ('shop-' || repeat('c', 32), 'products', '{a,b,c,d,e}', '{}', now() - interval '2 hours')"
    )
    client = stocked.api(shop_seconds=600)
    products, metadata = (settled(client, f"/shop/requests/shop-{letter * 32}") for letter in "ab")
    assert (products.status_code, ids(products.json())) == (200, ["x", "y", "z"])
    assert (metadata.status_code, metadata.json()["place"]) == (200, "Lahore")
    assert client.get(f"/shop/requests/shop-{'c' * 32}").status_code == 504


def test_an_api_that_starts_while_the_warehouse_is_away_starts_all_the_same(stocked: Shop) -> None:
    away = stocked.api(database_url="postgresql://127.0.0.1:1/nowhere", wait_seconds=0.1)
    assert away.get("/health/live").status_code == 200


def test_an_address_asks_only_so_often(stocked: Shop) -> None:
    client = stocked.api(rate_limit="3/hour")
    statuses = [client.post("/shop/requests", json=QUESTION) for _ in range(4)]
    assert [answer.status_code for answer in statuses] == [202, 202, 202, 429]
    assert int(statuses[-1].headers["Retry-After"]) > 0
    assert settled(client, statuses[0].json()["url"]).status_code == 200


def test_an_address_calls_each_route_of_the_page_only_so_often_but_may_wait_for_an_answer(stocked: Shop) -> None:
    client = stocked.api(rate_limit="3/hour")
    answer = client.post("/shop/requests", json=QUESTION).json()["url"]
    assert settled(client, answer).status_code == 200
    shown = {"event_type": "initial_impression"}
    calls: dict[str, Callable[[], Response]] = {
        "products": lambda: client.get("/shop/products"),
        "a search": lambda: client.get("/shop/products", params={"search": "a"}),
        "places": lambda: client.get("/shop/places"),
        "events": lambda: client.post(f"{answer}/events", json=shown),
        "the answer": lambda: client.get(answer),
    }
    statuses = {what: [call().status_code for _ in range(4)] for what, call in calls.items()}
    assert statuses.pop("a search") == [429] * 4, "a search is a call for products"
    assert statuses.pop("the answer") == [200] * 4
    assert set(map(tuple, statuses.values())) == {(200, 200, 200, 429)}
    refused = calls["events"]()
    assert refused.json()["error"]["code"] == "rate_limited"
    assert int(refused.headers["Retry-After"]) > 0


def test_s1_31_a_product_that_comes_into_view_is_an_impression_of_its_own_once(stocked: Shop) -> None:
    client = stocked.api()
    url = f"/shop/requests/{asked(client, QUESTION)['request_id']}/events"
    for event in [{"event_type": "initial_impression"}, *[{"event_type": "scroll_impression", "item_id": "y"}] * 2]:
        assert client.post(url, json=event).json() == {"is_processed": True, "reason": None}
    for item_id in ("a", "nothing", None):
        assert client.post(url, json={"event_type": "scroll_impression", "item_id": item_id}).status_code == 422
    with connect(stocked.url) as connection:
        shown = connection.execute("select event_type, item_ids from serving.impressions order by occurred_at")
        assert shown.fetchall() == [("initial_impression", ["x", "y", "z"]), ("scroll_impression", ["y"])]
