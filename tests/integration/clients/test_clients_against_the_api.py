"""The clients against the running API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from aisle_client import ApiError, AsyncPersonalizeService, PersonalizeService
from tests.integration.clients.conftest import JAVASCRIPT
from tests.serving_shop import KEY, Shop


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
