"""The clients against the running API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from aisle_client import AmazonPersonalizeService, ApiError, AsyncPersonalizeService, PersonalizeService
from tests.integration.clients.conftest import JAVASCRIPT, stored
from tests.serving_shop import KEY, Shop

#: A secret of Amplitude's, which programs do not have.
IN_PRODUCTION = {"amplitude_webhook_secret": "of the webhook"}


@pytest.fixture
def url(shop: Shop, serve: Callable[..., str]) -> str:
    """Address of an API with lists, popular products and a region."""
    for product, n_orders in {"p0": 3, "p1": 9, "p2": 5}.items():
        shop.product(product, n_orders, product_name=product)
    shop.scored("users", "12345", *(1 - place / 30 for place in range(30)))
    shop.scored("items", "doc_123", *(1 - place / 30 for place in range(30)))
    shop.region("Lahore", "12345", p0=3)
    shop.ordered("p1", 9, recently=9, earlier=1)
    shop.ordered("p2", 5, recently=5, earlier=5)
    shop.bought_together("p0", p1=0.5)
    shop.publish()
    return serve()


def test_s1_35_recommendations_have_20_items_by_default_best_first_with_scores_from_0_to_1(url: str) -> None:
    with PersonalizeService(url, KEY) as service:
        recommendations = service.get_recommendations(user_id="12345")
        assert len(service.get_recommendations("12345", num_results=3)) == 3
    assert len(recommendations) == 20
    assert [set(item) for item in recommendations] == [{"item_id", "score"}] * 20
    scores = [item["score"] for item in recommendations]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 1
    assert scores[-1] > 0


def test_s1_37_similar_items_are_10_by_default_without_the_item_itself(url: str) -> None:
    with PersonalizeService(url, KEY) as service:
        similar = service.get_similar_items(item_id="doc_123")
    assert len(similar) == 10
    assert "doc_123" not in {item["item_id"] for item in similar}


def test_every_list_and_region_has_a_call(url: str) -> None:
    with PersonalizeService(url, KEY) as service:
        assert service.get_recommendation_list("12345", 2, offset=1)["source"] == "cache"
        assert [item["item_id"] for item in service.get_popular(1)] == ["p1"]
        assert [item["item_id"] for item in service.get_popular(city="Lahore")] == ["p0"]
        assert [item["item_id"] for item in service.get_trending(1)] == ["p1"]
        assert [item["item_id"] for item in service.get_bought_together("p0")] == ["p1"]
        ranked = service.get_ranking("12345", ["p2", "p0", "unknown"])["items"]
        assert [item["item_id"] for item in ranked] == ["p0", "p2", "unknown"]
        (lahore,) = service.get_regions("city")["regions"]
        assert lahore["region_name"] == "Lahore"
        result = service.get_region_result("Lahore")
        assert (result["n_sampled"], result["is_small"]) == (1, True)
        assert [window["seed"] for window in service.get_region_history("Lahore")["windows"]] == [result["seed"]]


def test_s0_19_a_recorded_event_is_stored_once_with_its_type_value_item_and_session(
    shop: Shop, serve: Callable[..., str]
) -> None:
    with AmazonPersonalizeService(serve(**IN_PRODUCTION), KEY) as service:
        result = service.record_event(user="12345", item_id=7, event_type="view", event_value=1, session_id="s1")
    assert result == {"processed": 1, "skipped": 0, "reasons": []}
    assert stored(shop, "interactions", "event_type, event_value, weight, item_id") == [("view", 1.0, 0.5, "7")]


def test_s1_33_an_interaction_is_stored_once_however_often_it_is_sent_and_a_skipped_one_says_why(
    shop: Shop, serve: Callable[..., str]
) -> None:
    with PersonalizeService(serve(**IN_PRODUCTION), KEY) as service:
        for _ in range(3):
            service.send_interaction_event("12345", "doc_123", "click", event_id="e1", item_type="paper")
        skipped = service.send_interaction_event("12345", "doc_123", "page_view")
    assert stored(shop, "interactions", "item_id, item_type, weight") == [("doc_123", "paper", 1.0)]
    assert (skipped["processed"], skipped["reasons"]) == (0, ["irrelevant"])


def test_s1_34_impressions_are_stored_as_lists_in_their_order(shop: Shop, serve: Callable[..., str]) -> None:
    items = [f"i{place}" for place in range(30)]
    with PersonalizeService(serve(**IN_PRODUCTION), KEY) as service:
        service.send_impression_data("12345", items, "s1", feed_type="popular")
    lists = stored(shop, "impressions", "item_ids, feed_type")
    assert sorted(len(shown) for shown, _ in lists) == [5, 25]
    assert {item for shown, _ in lists for item in shown} == set(items)
    assert {feed for _, feed in lists} == {"popular"}


def test_s0_21_an_anonymous_session_belongs_to_the_user_who_logs_in_with_it(
    shop: Shop, serve: Callable[..., str]
) -> None:
    with AmazonPersonalizeService(serve(**IN_PRODUCTION), KEY) as service:
        service.record_event(None, "a", "view", 1, "s1")
        service.record_event(None, "b", "view", 1, "another-session")
        assert {user for user, _ in stored(shop, "interactions", "user_id, item_id")} == {None}
        service.record_event("12345", "c", "view", 1, "s1")
    users = {item: user for user, item in stored(shop, "interactions", "user_id, item_id")}
    assert users["a"] == users["c"] is not None
    assert users["b"] is None


def test_events_need_a_key_where_a_secret_is_configured(shop: Shop, serve: Callable[..., str]) -> None:
    with PersonalizeService(serve(**IN_PRODUCTION), "another key") as stranger, pytest.raises(ApiError) as raised:
        stranger.send_interaction_event("12345", "doc_123", "click")
    assert raised.value.code == "unauthorized"
    assert stored(shop, "interactions", "event_id") == []


def test_s0_21_the_javascript_client_joins_a_session_at_the_log_in(
    shop: Shop, serve: Callable[..., str], run_javascript: Callable[[str, str], Any]
) -> None:
    run_javascript(
        serve(),
        """
        const client = createClient({ url });
        await client.track("click", { item_id: "a", item_type: "paper" });
        await client.track("initial_impression", { items_shown: ["a", "b"], feed_type: "popular" });
        client.logIn("12345");
        await client.track("scroll_impression", { items_shown: ["b"], feed_type: "popular" });
        """,
    )
    ((user, event_type, item_type),) = stored(shop, "interactions", "user_id, event_type, item_type")
    assert (user is not None, event_type, item_type) == (True, "click", "paper")
    assert stored(shop, "impressions", "user_id, item_ids, feed_type") == [
        (user, ["a", "b"], "popular"), (user, ["b"], "popular"),
    ]  # fmt: skip


def test_errors_carry_the_code_of_the_api(url: str) -> None:
    with PersonalizeService(url, "another key") as stranger, PersonalizeService(url, KEY) as service:
        for code, call in {
            "unauthorized": lambda: stranger.get_popular(),
            "item_unknown": lambda: service.get_similar_items("no such item"),
            "region_unknown": lambda: service.get_region_result("Nowhere"),
            "invalid_request": lambda: service.get_recommendations("12345", num_results=0),
        }.items():
            with pytest.raises(ApiError) as raised:
                call()
            assert raised.value.code == code
            assert raised.value.request_id


def test_the_asynchronous_client_gets_the_same(url: str) -> None:
    async def run() -> Any:
        async with AsyncPersonalizeService(url, KEY) as service:
            return await asyncio.gather(service.get_recommendations("12345"), service.get_similar_items("doc_123"))

    with PersonalizeService(url, KEY) as service:
        assert asyncio.run(run()) == [service.get_recommendations("12345"), service.get_similar_items("doc_123")]


@pytest.mark.parametrize("user_id", ["a/b", "a b", "ü", "50%", "..", "a?b#c", "x" * 200])
def test_any_user_id_is_understood_as_it_is(shop: Shop, serve: Callable[..., str], user_id: str) -> None:
    shop.scored("users", user_id, 1.0)
    shop.publish()
    with PersonalizeService(serve(), KEY) as service:
        answer = service.get_recommendation_list(user_id)
    assert answer["source"] == "cache"


def test_the_javascript_client_is_served_to_everybody_as_a_module(shop: Shop, serve: Callable[..., str]) -> None:
    response = httpx.get(f"{serve()}/static/aisle.js")
    assert response.text == JAVASCRIPT.read_text()
    assert response.headers["Content-Type"].startswith("text/javascript")
