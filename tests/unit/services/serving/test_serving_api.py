from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aisle.contracts.recommendations import ScoredProduct
from aisle.errors import ConfigurationError
from services.serving import schemas
from services.serving.app import create_app
from services.serving.errors import DatabaseUnreachable, TableMissing
from services.serving.memory_store import MemoryLists, MemoryStore
from services.serving.settings import ServingSettings, settings_of_environment
from services.serving.store import LiveGeneration, PopularProducts, StoredList

KEY = "a-key-of-the-tests"
NOW = datetime.now(UTC)
LIVE = LiveGeneration(generation="g2", published_at=NOW, user_lists=1, item_lists=1)


def stored(*scores: float, age: timedelta = timedelta(minutes=5)) -> StoredList:
    products = [ScoredProduct(f"p{place}", score) for place, score in enumerate(scores)]
    return StoredList(products=products, generation="g2", score_kind="engine", updated_at=NOW - age)


def settings(**more: Any) -> ServingSettings:
    given = {"database_url": "postgresql://nowhere", "api_key_hashes": hashlib.sha256(KEY.encode()).hexdigest(), **more}
    return ServingSettings(**given)


def client(store: MemoryStore, key: str | None = KEY, **more: Any) -> TestClient:
    app = create_app(settings(**more), store)
    sent = {"Authorization": f"Bearer {key}"} if key else {}
    return TestClient(app, "http://localhost", headers=sent, raise_server_exceptions=False)


@pytest.fixture
def api() -> TestClient:
    users = {"u1": stored(0.8, 0.4, 0.2), "old": stored(0.8, age=timedelta(hours=7)), "below": stored(0.5, -0.5)}
    users["zero"] = stored(0.0, 0.0)
    popular = [ScoredProduct("best", 40.0), ScoredProduct("next", 10.0)]
    return client(MemoryStore({"aisle": MemoryLists(users, {"a/b": stored(1.0)})}, popular, LIVE))


def code_of(answer: Any) -> str:
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert body["error"]["message"]
    return str(body["error"]["code"])


def test_a_users_list_says_where_it_comes_from_and_how_old_it_is(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas, "datetime", SimpleNamespace(now=lambda _: NOW))
    answer = api.get("/api/v1/recommendations/u1", params={"limit": 2})
    assert answer.status_code == 200
    body = answer.json()
    assert body.pop("items") == [
        {"item_id": "p0", "score": 0.8, "relative_score": 1.0},
        {"item_id": "p1", "score": 0.4, "relative_score": 0.5},
    ]
    assert body.pop("age_seconds") == 300
    assert datetime.fromisoformat(body.pop("generated_at")) == NOW - timedelta(minutes=5)
    expected = {"user_id": "u1", "source": "cache", "score_kind": "engine", "generation": "g2", "is_stale": False}
    assert body == expected


def test_a_list_older_than_the_time_to_live_is_served_and_flagged(api: TestClient) -> None:
    body = api.get("/api/v1/recommendations/old").json()
    assert body["is_stale"] is True
    assert len(body["items"]) == 1


@pytest.mark.parametrize(("user", "expected"), [("below", [1.0, 0.0]), ("zero", [1.0, 1.0]), ("u1", [1.0, 0.5, 0.25])])
def test_relative_scores_lie_between_0_and_1(api: TestClient, user: str, expected: list[float]) -> None:
    items = api.get(f"/api/v1/recommendations/{user}").json()["items"]
    assert [item["relative_score"] for item in items] == expected


def test_an_unknown_user_gets_popular_items(api: TestClient) -> None:
    answer = api.get("/api/v1/recommendations/nobody", params={"limit": 1})
    assert answer.status_code == 200
    body = answer.json()
    assert body["source"] == "popular"
    assert body["score_kind"] == "popularity"
    assert body["items"] == [{"item_id": "best", "score": 40.0, "relative_score": 1.0}]
    assert (body["generation"], body["generated_at"], body["age_seconds"]) == (None, None, None)


@pytest.mark.parametrize(("ttl", "is_stale"), [(6, True), (8, False)])
def test_an_unknown_user_of_a_group_gets_what_is_popular_there_and_how_old_that_is(ttl: int, is_stale: bool) -> None:
    products = [ScoredProduct("theirs", 8.0), ScoredProduct("too", 2.0)]
    theirs = PopularProducts(products=products, generation="n1", counted_at=NOW - timedelta(hours=7))
    groups = {"aisle": MemoryLists({}, {}), "north": MemoryLists({}, {}, theirs)}
    api = client(MemoryStore(groups, [ScoredProduct("best", 40.0)], LIVE), cache_ttl_hours=ttl)
    body = api.get("/api/v1/recommendations/nobody", params={"group": "north", "limit": 1}).json()
    assert body["items"] == [{"item_id": "theirs", "score": 8.0, "relative_score": 1.0}]
    assert (body["source"], body["score_kind"], body["generation"]) == ("popular", "popularity", "n1")
    assert (datetime.fromisoformat(body["generated_at"]), body["is_stale"]) == (NOW - timedelta(hours=7), is_stale)
    for asked in ({}, {"group": "aisle"}):
        body = api.get("/api/v1/recommendations/nobody", params=asked).json()
        assert [item["item_id"] for item in body["items"]] == ["best"]
        assert (body["generation"], body["generated_at"], body["is_stale"]) == (None, None, False)


def _items(*item_ids: str) -> TestClient:
    return client(MemoryStore({"aisle": MemoryLists({}, {item_id: stored(1.0) for item_id in item_ids})}, [], LIVE))


@pytest.mark.parametrize("asked", ["5f1e0c9a-p1", "5F1E0C9A-P1", "5f1E0c9a-P1", "%205f1e0c9a-p1%20"])
def test_an_item_is_found_in_any_case_and_answered_as_the_shop_spells_it(asked: str) -> None:
    assert _items("5f1e0c9a-p1", "other").get(f"/api/v1/similar/{asked}").json()["item_id"] == "5f1e0c9a-p1"


def test_an_id_that_may_be_two_items_is_refused_with_both() -> None:
    api = _items("aB", "Ab", "other")
    answer = api.get("/api/v1/similar/AB")
    assert (answer.status_code, code_of(answer)) == (404, "item_unknown")
    assert "'Ab', 'aB'" in answer.json()["error"]["message"]
    assert api.get("/api/v1/similar/Ab").json()["item_id"] == "Ab"


def test_an_unknown_item_is_a_404_and_an_id_may_hold_a_slash(api: TestClient) -> None:
    assert api.get("/api/v1/similar/a%2Fb").json()["item_id"] == "a/b"
    missing = api.get("/api/v1/similar/zzz")
    assert missing.status_code == 404
    assert code_of(missing) == "item_unknown"


@pytest.mark.parametrize("path", ["/api/v1/recommendations/u1", "/api/v1/similar/a%2Fb", "/api/v1/recommendations/no"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"X-API-Key": "wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"X-API-Key": ""},
    ],
)
def test_every_list_needs_an_accepted_key(api: TestClient, path: str, headers: dict[str, str]) -> None:
    api.headers.pop("Authorization")
    answer = api.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert code_of(answer) == "unauthorized"


def test_either_header_carries_the_key(api: TestClient) -> None:
    assert api.get("/api/v1/recommendations/u1").status_code == 200
    api.headers.pop("Authorization")
    assert api.get("/api/v1/recommendations/u1", headers={"X-API-Key": KEY}).status_code == 200


@pytest.mark.parametrize("path", ["u1?limit=0", "u1?limit=501", "u1?limit=x", "u" * 256, "u%00"])
def test_what_is_not_allowed_is_refused_in_our_own_words(api: TestClient, path: str) -> None:
    answer = api.get(f"/api/v1/recommendations/{path}")
    assert answer.status_code == 422
    assert code_of(answer) == "invalid_request"


def test_paths_and_methods_that_do_not_exist_have_the_same_error_body(api: TestClient) -> None:
    assert code_of(api.get("/api/v2")) == "not_found"
    assert code_of(api.post("/api/v1/recommendations/u1")) == "method_not_allowed"


def test_live_asks_nobody_and_ready_names_the_generation(api: TestClient) -> None:
    api.headers.pop("Authorization")
    assert api.get("/health/live").json() == {"status": "live"}
    assert api.get("/health/ready").json()["generation"] == "g2"


def test_a_cache_that_was_never_filled_is_not_ready() -> None:
    answer = client(MemoryStore()).get("/health/ready")
    assert (answer.status_code, code_of(answer)) == (503, "cache_empty")


class BrokenStore(MemoryStore):
    """Fails with what it is given."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def recommendations(self, user_id: str, group: str | None = None) -> StoredList | None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DatabaseUnreachable("no answer"), 503, "database_unreachable"),
        (TableMissing("no table"), 503, "table_missing"),
        (RuntimeError("a secret detail"), 500, "internal_error"),
    ],
)
def test_failures_have_the_one_error_body(error: Exception, status: int, code: str) -> None:
    answer = client(BrokenStore(error)).get("/api/v1/recommendations/u1")
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert "secret" not in answer.text


def test_request_ids_are_kept_if_harmless_and_made_if_not(api: TestClient) -> None:
    assert api.get("/health/live", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    assert len(api.get("/health/live", headers={"X-Request-ID": "x y\t"}).headers["X-Request-ID"]) == 32


def test_openapi_lists_every_error_and_no_foreign_schema(api: TestClient) -> None:
    described = api.get("/openapi.json").json()
    assert described["info"]["title"] == "Aisle serving API"
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert len(operations) == 4
    assert all(operation["summary"] and operation["description"] for operation in operations)
    similar = described["paths"]["/api/v1/similar/{item_id}"]["get"]
    assert set(similar["responses"]) == {"200", "401", "404", "422", "503"}
    assert similar["security"] == [{"HTTPBearer": []}, {"APIKeyHeader": []}]
    assert "HTTPValidationError" not in described["components"]["schemas"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVING_API_KEY_HASHES", ""),
        ("SERVING_API_KEY_HASHES", "not-a-hash"),
        ("SERVING_PROT", "8000"),
        ("SERVING_PORT", "x"),
    ],
)
def test_wrong_settings_are_refused_at_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("SERVING_DATABASE_URL", "postgresql://nowhere")
    monkeypatch.setenv("SERVING_API_KEY_HASHES", f"{'0' * 64}, {'1' * 64}")
    assert settings_of_environment().api_key_hashes == ("0" * 64, "1" * 64)
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name.removeprefix("SERVING_").lower() + "|" + name):
        settings_of_environment()


def test_a_group_is_named_in_the_query_and_an_unknown_one_is_a_404_that_names_the_known() -> None:
    north = MemoryLists({"u1": stored(0.9)}, {"i1": stored(0.9)})
    api = client(MemoryStore({"aisle": MemoryLists({}, {}), "shop-north": north}, [ScoredProduct("best", 4.0)], LIVE))
    sources = {
        group: api.get("/api/v1/recommendations/u1", params={"group": group}).json()["source"]
        for group in ("aisle", "shop-north")
    }
    assert sources == {"aisle": "popular", "shop-north": "cache"}
    assert api.get("/api/v1/recommendations/u1").json()["source"] == "cache"
    for path in ("recommendations/u1", "similar/i1"):
        refused = api.get(f"/api/v1/{path}", params={"group": "nowhere"})
        assert (refused.status_code, code_of(refused)) == (404, "group_unknown")
        assert "aisle, shop-north" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    "foreign", [{"host": "shop.example"}, {"origin": "https://shop.example"}], ids=["host", "origin"]
)
def test_a_foreign_name_or_page_gets_the_one_body_of_errors(foreign: dict[str, str]) -> None:
    with client(MemoryStore()) as api:
        for path in ("/api/v1/recommendations/u1", "/health/live", "/docs"):
            answer = api.get(path, headers=foreign)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
            assert answer.headers["x-request-id"]


def test_names_and_origins_that_are_allowed_are_answered() -> None:
    with client(MemoryStore(), allowed_hosts="api.shop.example", allowed_origins="https://shop.example") as api:
        asked = {"host": "api.shop.example", "origin": "https://shop.example", "sec-fetch-site": "same-site"}
        assert api.get("/health/live", headers=asked).status_code == 200


@pytest.mark.parametrize("listed", ["https://shop.example", "http://localhost:3000, https://Shop.Example/"])
@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_a_page_of_an_allowed_origin_may_send_its_key_and_read_the_answer(listed: str, header: str) -> None:
    page = {"origin": "https://shop.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    with client(MemoryStore(), allowed_origins=listed) as api:
        question = page | {"access-control-request-method": "GET", "access-control-request-headers": header}
        leave = api.options("/api/v1/recommendations/u1", headers=question)
        assert leave.status_code == 200
        assert header in leave.headers["access-control-allow-headers"].lower()
        for answer in (
            leave,
            api.get("/health/live", headers=page),
            api.get("/api/v1/recommendations/u1", headers=page | {"x-api-key": "another"}),
        ):
            assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        other = api.options("/api/v1/recommendations/u1", headers=question | {"origin": "https://other.example"})
        assert (other.status_code, "access-control-allow-origin" in other.headers) == (403, False)


def test_without_allowed_origins_no_page_is_given_leave() -> None:
    question = {"origin": "https://shop.example", "access-control-request-method": "GET"}
    with client(MemoryStore()) as api:
        answer = api.options("/api/v1/recommendations/u1", headers=question)
        assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (403, False)
