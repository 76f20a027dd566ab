from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aisle.settings import Settings
from services.options import read_settings
from services.serving.database import Database
from services.serving.recommendations import service
from services.serving.settings import ServingSettings
from tests.serving_shop import KEY, Shop

STARTED = datetime.now(UTC)


@pytest.fixture
def shop(warehouse_url: str) -> Iterator[Shop]:
    with ExitStack() as opened:
        yield Shop(warehouse_url, opened)


@pytest.fixture
def api(shop: Shop) -> TestClient:
    shop.scored("users", "u1", 0.8, 0.4, 0.2)
    shop.scored("users", "old", 0.8, age=timedelta(hours=7))
    shop.scored("users", "below", 0.5, -0.5)
    shop.scored("users", "zero", 0.0, 0.0)
    shop.scored("items", "a/b", 1.0)
    shop.product("best", 40)
    shop.product("next", 10)
    shop.publish()
    return shop.api()


def code_of(answer: Any) -> str:
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert body["error"]["message"]
    return str(body["error"]["code"])


def test_a_users_list_says_where_it_comes_from_and_how_old_it_is(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    generated_at = datetime.fromisoformat(api.get("/api/v1/recommendations/u1").json()["generated_at"])
    monkeypatch.setattr(service, "datetime", SimpleNamespace(now=lambda _: generated_at + timedelta(minutes=5)))
    answer = api.get("/api/v1/recommendations/u1", params={"limit": 2})
    assert answer.status_code == 200
    body = answer.json()
    assert body.pop("items") == [
        {"item_id": "p0", "score": 0.8, "relative_score": 1.0, "reason": None, "pick": None},
        {"item_id": "p1", "score": 0.4, "relative_score": 0.5, "reason": None, "pick": None},
    ]
    assert body.pop("age_seconds") == 300
    assert datetime.fromisoformat(body.pop("generated_at")) == generated_at
    assert len(body.pop("recommendation_id")) == 32
    expected = {"user_id": "u1", "source": "cache", "score_kind": "engine", "generation": "g2", "is_stale": False}
    expected |= {"model_version": "arn:of-users", "total": 3, "offset": 0, "experiment": None, "arm": None}
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
    assert body["items"] == [{"item_id": "best", "score": 40.0, "relative_score": 1.0, "reason": None, "pick": None}]
    assert (body["generation"], body["generated_at"], body["age_seconds"]) == (None, None, None)


@pytest.mark.parametrize(("ttl", "is_stale"), [(6, True), (8, False)])
def test_an_unknown_user_of_a_group_gets_what_is_popular_there_and_how_old_that_is(
    shop: Shop, ttl: int, is_stale: bool, settings_of: Callable[..., Settings]
) -> None:
    settings_of(AISLE_PUBLISH__CACHE_TTL_HOURS=ttl)
    shop.groups("aisle", "north")
    for product_id, n_orders in (("best", 40), ("theirs", 8), ("too", 2)):
        shop.product(product_id, n_orders)
    shop.publish("n1", "cache_north")
    shop.run("insert into cache_north.popular_products values ('n1', 'theirs', 8), ('n1', 'too', 2)")
    shop.run("update cache_north.generations set published_at = now() - interval '7 hours'")
    api = shop.api()
    body = api.get("/api/v1/recommendations/nobody", params={"group": "north", "limit": 1}).json()
    assert body["items"] == [{"item_id": "theirs", "score": 8.0, "relative_score": 1.0, "reason": None, "pick": None}]
    assert (body["source"], body["score_kind"], body["generation"]) == ("popular", "popularity", "n1")
    assert datetime.fromisoformat(body["generated_at"]) < STARTED
    assert body["is_stale"] is is_stale
    for asked in ({}, {"group": "aisle"}):
        body = api.get("/api/v1/recommendations/nobody", params=asked).json()
        assert body["items"][0]["item_id"] == "best"
        assert (body["generation"], body["generated_at"], body["is_stale"]) == (None, None, False)


def _items(shop: Shop, *item_ids: str) -> TestClient:
    for item_id in item_ids:
        shop.product(item_id)
        shop.scored("items", item_id, 1.0)
    return shop.api()


@pytest.mark.parametrize("asked", ["5f1e0c9a-p1", "5F1E0C9A-P1", "5f1E0c9a-P1", "%205f1e0c9a-p1%20"])
def test_an_item_is_found_in_any_case_and_answered_as_the_shop_spells_it(shop: Shop, asked: str) -> None:
    api = _items(shop, "5f1e0c9a-p1", "other")
    assert api.get(f"/api/v1/similar/{asked}").json()["item_id"] == "5f1e0c9a-p1"


def test_an_id_that_may_be_two_items_is_refused_with_both(shop: Shop) -> None:
    api = _items(shop, "aB", "Ab", "other")
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


WEBHOOKS = {"/webhooks/amplitude/", "/batch", "/2/httpapi"}
OPEN = {"/health/live", "/health/ready", "/metrics"}


@pytest.mark.parametrize(("host", "is_open"), [("127.0.0.1", OPEN | WEBHOOKS), ("0.0.0.0", OPEN)])
@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"X-API-Key": "wrong"}, {"X-User-ID": "u1"}], ids=str
)
def test_s4_41_every_operation_of_the_document_needs_a_key(
    shop: Shop, host: str, is_open: set[str], headers: dict[str, str]
) -> None:
    api = shop.api(key=None, host=host)
    refused, answered = set(), set()
    for path, operations in api.get("/openapi.json").json()["paths"].items():
        for method in operations:
            answer = api.request(method, re.sub(r"{[^}]*}", "x", path), headers=headers)
            (refused if answer.status_code == 401 else answered).add(path)
    assert answered == is_open
    assert len(refused) > 30


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


def test_a_cache_that_was_never_filled_is_not_ready(shop: Shop) -> None:
    answer = shop.api().get("/health/ready")
    assert (answer.status_code, code_of(answer)) == (503, "cache_empty")


def test_a_database_that_is_away_is_a_503(shop: Shop) -> None:
    away = shop.api(database_url="postgresql://nobody@127.0.0.1:1/nothing", wait_seconds=0.1)
    answer = away.get("/api/v1/recommendations/u1")
    assert (answer.status_code, code_of(answer)) == (503, "database_unreachable")
    assert answer.headers["Retry-After"]


def test_a_table_that_is_missing_is_a_503(shop: Shop) -> None:
    shop.run("drop table core.products")
    answer = shop.api().get("/api/v1/recommendations/u1")
    assert (answer.status_code, code_of(answer)) == (503, "table_missing")


def test_what_nobody_expected_is_a_500_without_its_details(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: Database, statement: str, parameters: Any = None) -> Any:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(Database, "fetch", broken)
    answer = shop.api().get("/api/v1/recommendations/u1")
    assert (answer.status_code, code_of(answer)) == (500, "internal_error")
    assert "secret" not in answer.text


def test_request_ids_are_kept_if_harmless_and_made_if_not(api: TestClient) -> None:
    assert api.get("/health/live", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    assert len(api.get("/health/live", headers={"X-Request-ID": "x y\t"}).headers["X-Request-ID"]) == 32


def test_openapi_lists_every_error_and_no_foreign_schema(api: TestClient) -> None:
    described = api.get("/openapi.json").json()
    assert described["info"]["title"] == "Aisle serving API"
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert len(operations) >= 24
    assert all(operation["summary"] and operation["description"] for operation in operations)
    similar = described["paths"]["/api/v1/similar/{item_id}"]["get"]
    assert set(similar["responses"]) == {"200", "304", "401", "404", "422", "503"}
    assert similar["security"] == [{"HTTPBearer": []}, {"APIKeyHeader": []}]
    assert "HTTPValidationError" not in described["components"]["schemas"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVING_API_KEY_HASHES", ""),
        ("SERVING_API_KEY_HASHES", "not-a-hash"),
        ("SERVING_PROT", "8000"),
        ("SERVING_PORT", "x"),
        ("SERVING_REAL_TIME", "true"),
        ("SERVING_CAMPAIGNS", "arn:aws:personalize:us-east-1:000000000000:campaign/for-you"),
        ("SERVING_CAMPAIGNS", "shop=for-you"),
        ("SERVING_CAMPAIGNS", "shop=arn:aws:personalize:us-east-1:000000000000:solution/for-you"),
    ],
)
def test_wrong_settings_end_the_program_with_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv("SERVING_DATABASE_URL", "postgresql://nowhere")
    monkeypatch.setenv("SERVING_API_KEY_HASHES", f"{'0' * 64}, {'1' * 64}")
    assert settings_read().api_key_hashes == ("0" * 64, "1" * 64)
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        settings_read()
    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n")) == (2, 1)
    assert name in said


def settings_read() -> ServingSettings:
    return read_settings(ServingSettings, program="serving", about="", arguments=[])


def test_a_group_is_named_in_the_query_and_an_unknown_one_is_a_404_that_names_the_known(shop: Shop) -> None:
    shop.groups("aisle", "north")
    shop.scored("users", "u1", 0.9, schema="cache_north")
    shop.scored("items", "i1", 0.9, schema="cache_north")
    shop.product("best", 4)
    api = shop.api()
    sources = {
        group: api.get("/api/v1/recommendations/u1", params={"group": group}).json()["source"]
        for group in ("aisle", "north")
    }
    assert sources == {"aisle": "popular", "north": "cache"}
    assert api.get("/api/v1/recommendations/u1").json()["source"] == "cache"
    for path in ("recommendations/u1", "similar/i1"):
        refused = api.get(f"/api/v1/{path}", params={"group": "nowhere"})
        assert (refused.status_code, code_of(refused)) == (404, "group_unknown")
        assert "aisle, north" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    "foreign", [{"host": "shop.example"}, {"origin": "https://shop.example"}], ids=["host", "origin"]
)
def test_a_foreign_name_or_page_gets_the_one_body_of_errors(shop: Shop, foreign: dict[str, str]) -> None:
    api = shop.api()
    for path in ("/api/v1/recommendations/u1", "/health/live", "/docs"):
        answer = api.get(path, headers=foreign)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
        assert answer.headers["x-request-id"]


def test_names_and_origins_that_are_allowed_are_answered(shop: Shop) -> None:
    api = shop.api(allowed_hosts="api.shop.example", allowed_origins="https://shop.example")
    asked = {"host": "api.shop.example", "origin": "https://shop.example", "sec-fetch-site": "same-site"}
    assert api.get("/health/live", headers=asked).status_code == 200


@pytest.mark.parametrize("listed", ["https://shop.example", "http://localhost:3000, https://Shop.Example/"])
@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_a_page_of_an_allowed_origin_may_send_its_key_and_read_the_answer(shop: Shop, listed: str, header: str) -> None:
    page = {"origin": "https://shop.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    api = shop.api(allowed_origins=listed)
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


def test_without_allowed_origins_no_page_is_given_leave(shop: Shop) -> None:
    question = {"origin": "https://shop.example", "access-control-request-method": "GET"}
    api = shop.api()
    answer = api.options("/api/v1/recommendations/u1", headers=question)
    assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (403, False)
