"""The examples of the documents of the systems that the API takes the place of, run as they stand there.

Only addresses, keys and the names of imported modules are other ones.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import pytest

from aisle_client import AmazonPersonalizeService, EventProcessor, PersonalizeService, RecommendationService
from services.serving.tokens import issue_token
from tests.documents import NEEDS_DOCUMENTS, example
from tests.integration.clients.conftest import stored
from tests.serving_shop import KEY, Shop, api_settings

TOKENS = {"token_secret": "the secret with which the tokens of these tests are signed"}

pytestmark = NEEDS_DOCUMENTS


@pytest.fixture
def url(shop: Shop, serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of an API over a shop in which the examples' user and item are known; clients find it by themselves."""
    for product, n_orders in {"doc_123": 9, "doc_456": 5, "post_456": 3}.items():
        shop.product(product, n_orders, product_name=product)
    shop.list_of("users", "12345", ("doc_123", 0.95), ("doc_456", 0.87))
    shop.list_of("users", "123", ("doc_123", 0.95), ("doc_456", 0.87))
    shop.list_of("items", "doc_123", ("doc_456", 0.5))
    shop.publish()
    address = serve(**TOKENS)
    monkeypatch.setenv("AISLE_URL", address)
    monkeypatch.setenv("AISLE_API_KEY", KEY)
    return address


def run_python(code: str, monkeypatch: pytest.MonkeyPatch, module: str, service: type, **names: Any) -> dict[str, Any]:
    """Run an example whose import of a service finds the client's."""
    parents = module.split(".")
    for depth in range(1, len(parents) + 1):
        monkeypatch.setitem(sys.modules, ".".join(parents[:depth]), ModuleType(".".join(parents[:depth])))
    setattr(sys.modules[module], service.__name__, service)
    exec(code, names)
    return names


@pytest.mark.parametrize("words", [['"user_id": "1"'], ['"user_id": "12345"', "localhost"]], ids=["set-up", "testing"])
def test_s1_41_the_curl_examples_get_the_documented_answer(shop: Shop, url: str, words: list[str]) -> None:
    command = example("S1", "bash", "curl", *words).replace("http://localhost:8000", url)
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(ended.stdout) == json.loads(example("S1", "json", "processed"))
    assert stored(shop, "interactions", "event_type, item_id") == [("click", "doc_123")]


def test_s1_5_the_payload_example_is_processed(url: str) -> None:
    payload = json.loads(example("S1", "json", "api_key"))
    assert httpx.post(f"{url}/webhooks/amplitude/", json=payload).json()["processed"] == 1


def test_s1_the_python_example_gets_recommendations_and_similar_items(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = example("S1", "python", "get_recommendations")
    names = run_python(code, monkeypatch, "analytics.services.personalize_service", PersonalizeService)
    assert [item["item_id"] for item in names["recommendations"]] == ["doc_123", "doc_456"]
    assert all(0 <= item["score"] <= 1 for item in names["recommendations"])
    assert [item["item_id"] for item in names["similar"]] == ["doc_456"]


def test_s1_39_the_python_example_processes_an_event_once(
    shop: Shop, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = example("S1", "python", "EventProcessor")
    for _ in range(2):
        run_python(code, monkeypatch, "analytics.services.event_processor", EventProcessor)
    assert stored(shop, "interactions", "event_type, item_id, item_type") == [("click", "doc_123", "paper")]


def test_s0_20_the_python_example_records_a_view(shop: Shop, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = SimpleNamespace(user=SimpleNamespace(pk=123), session=SimpleNamespace(session_key="s1"))
    code = example("S0", "python", "record_event")
    run_python(
        code, monkeypatch, "feed.services", AmazonPersonalizeService, request=request, unified_document_id="doc_123"
    )
    assert stored(shop, "interactions", "event_type, event_value, item_id") == [("view", 1.0, "doc_123")]


def test_s0_16_the_documented_path_answers_with_an_ordered_list(url: str) -> None:
    path = example("S0", "", "GET").split()[1]
    token = issue_token(api_settings(**TOKENS), "12345", timedelta(minutes=5))
    answer = httpx.get(f"{url}{path}", headers={"Authorization": f"Bearer {token}"})
    assert [item["item_id"] for item in answer.raise_for_status().json()["items"]] == ["doc_123", "doc_456", "post_456"]


def test_s4_the_python_examples_log_and_recommend(shop: Shop, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "recommendations.services"
    run_python(example("S4", "python", "log_interaction"), monkeypatch, module, RecommendationService)
    assert stored(shop, "interactions", "event_type, item_id, item_type, platform, properties") == [
        ("view", "post_456", "post", "web", {"duration": 45})
    ]
    names = run_python(example("S4", "python", "top_k=10"), monkeypatch, module, RecommendationService)
    assert names["recommendations"]
    assert {tuple(content) for content in names["recommendations"]} == {("content_id", "score", "algorithm")}
    assert {content["algorithm"] for content in names["recommendations"]} == {"hybrid"}


def test_s4_30_the_python_example_predicts_churn(shop: Shop, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run("insert into identity.customers (user_id) values ('123')")
    shop.run(
        "insert into serving.churn_predictions (user_id, prediction_date, churn_risk, features)"
        " values ('123', now(), 0.23, '{}')"
    )
    names = run_python(
        example("S4", "python", "predict_churn"), monkeypatch, "recommendations.services", RecommendationService
    )
    assert names["churn_risk"] == 0.23


def test_s4_31_the_javascript_example_recommends_logs_and_gives_feedback(
    shop: Shop, url: str, run_javascript: Callable[[str, str], Any]
) -> None:
    token = issue_token(api_settings(**TOKENS), "123", timedelta(minutes=5))
    answer = run_javascript(
        url,
        f"""
        const token = {json.dumps(token)};
        const send = globalThis.fetch;
        const fetch = (path, options) => send(url + path, options);  // a page's own address
        {example("S4", "javascript", "getRecommendations")}
        const answer = await getRecommendations();
        await logInteraction({example("S4", "json", "interaction_type")});
        await provideFeedback(answer.recommendations[0].content_id, true, false);
        return answer;
        """,
    )
    assert set(answer) == {"recommendations", "algorithm", "total_count"}
    assert answer["total_count"] == len(answer["recommendations"]) > 0
    assert "view" in {event_type for (event_type,) in stored(shop, "interactions", "event_type")}
