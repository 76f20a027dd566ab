"""What the client does when the API, or what lies between, fails."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import socket
from typing import Any

import pytest

from aisle_client import ApiError, AsyncPersonalizeService, NotConfigured, PersonalizeService, Unreachable, services
from aisle_client.transport import AsyncService, Retries, Service

AT_ONCE = Retries(attempts=3, backoff_seconds=0)
PROCESSED = {"processed": 1, "skipped": 0}
STORED = {"processed": 1, "skipped": 0, "reasons": []}


def service(api: Any, **options: Any) -> PersonalizeService:
    return PersonalizeService(api.url, "key", retries=AT_ONCE, **options)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again(api: Any, status: int) -> None:
    api.fails(status, "passing", Retry_After="0")
    api.answers(200, PROCESSED)
    assert service(api).send_interaction_event("u", "i", "click") == STORED
    assert len(api.requests) == 2


def test_an_event_that_is_sent_again_keeps_its_id_and_its_request_id(api: Any) -> None:
    api.fails(503, "database_unreachable")
    api.answers(200, PROCESSED)
    service(api).send_impression_data("u", ["a", "b"])
    first, second = api.requests
    assert first.body == second.body
    assert first.body["events"][0]["event_id"]
    assert first.headers["X-Request-ID"] == second.headers["X-Request-ID"]


def test_two_calls_have_ids_of_their_own(api: Any) -> None:
    api.answers(200, PROCESSED)
    client = service(api)
    for _ in range(2):
        client.send_interaction_event("u", "i", "click")
    ids = [sent.body["events"][0]["event_id"] for sent in api.requests]
    assert len(set(ids)) == len({sent.headers["X-Request-ID"] for sent in api.requests}) == 2


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "unauthorized"), (404, "item_unknown"), (422, "invalid_request"), (500, "internal_error")],
)
def test_what_does_not_pass_is_raised_at_once_with_the_code_of_the_api(api: Any, status: int, code: str) -> None:
    api.fails(status, code, "what to do", X_Request_ID="r-1")
    with pytest.raises(ApiError) as raised:
        service(api).get_similar_items("i")
    error = raised.value
    assert (error.status, error.code, error.message, error.request_id) == (status, code, "what to do", "r-1")
    assert len(api.requests) == 1


def test_the_last_attempt_raises_what_it_got(api: Any) -> None:
    api.fails(503, "cache_empty")
    with pytest.raises(ApiError) as raised:
        service(api).get_popular()
    assert raised.value.code == "cache_empty"
    assert len(api.requests) == AT_ONCE.attempts


@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"", b"[]", b'{"error": "text"}', b"\xff"])
def test_an_error_of_somebody_else_has_a_code_too(api: Any, body: bytes) -> None:
    api.answers(400, body)
    with pytest.raises(ApiError) as raised:
        service(api).get_popular()
    assert (raised.value.code, raised.value.status) == ("unexpected_answer", 400)


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"{}", b"[]", b'"text"', b"\xff"])
def test_a_success_of_somebody_else_is_an_error(api: Any, body: bytes) -> None:
    api.answers(200, body)
    with pytest.raises(ApiError) as raised:
        service(api).get_recommendations("u")
    assert raised.value.code == "unexpected_answer"


def test_a_redirect_is_not_followed_with_the_key(api: Any) -> None:
    api.answers(307, b"", Location="http://127.0.0.1:1/elsewhere")
    with pytest.raises(ApiError) as raised:
        service(api).get_popular()
    assert raised.value.status == 307


def test_nobody_who_listens_is_unreachable_and_the_user_is_not_named() -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        client = PersonalizeService(f"http://127.0.0.1:{taken.getsockname()[1]}", "key", retries=AT_ONCE)
        with pytest.raises(Unreachable) as raised:
            client.get_recommendations("u-secret")
    assert "u-secret" not in str(raised.value)
    assert "127.0.0.1" in str(raised.value)


def test_the_asynchronous_client_tries_again_and_raises_alike(api: Any) -> None:
    async def run() -> None:
        async with AsyncPersonalizeService(api.url, "key", retries=AT_ONCE) as client:
            assert await client.send_interaction_event("u", "i", "click") == {
                "processed": 1,
                "skipped": 0,
                "reasons": [],
            }
            with pytest.raises(ApiError) as raised:
                await client.get_similar_items("i")
            assert raised.value.code == "item_unknown"

    api.fails(503, "database_unreachable")
    api.answers(200, PROCESSED)
    api.fails(404, "item_unknown")
    asyncio.run(run())
    assert len(api.requests) == 3


@pytest.mark.parametrize("missing", ["AISLE_URL", "AISLE_API_KEY"])
def test_what_is_not_configured_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for variable in ("AISLE_URL", "AISLE_API_KEY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    PersonalizeService().close()
    monkeypatch.delenv(missing)
    with pytest.raises(NotConfigured, match=missing):
        PersonalizeService()


@pytest.mark.parametrize(
    ("attempt", "status", "headers", "waits"),
    [
        (1, 503, {}, (0.1, 0.2)),
        (3, 503, {}, (0.4, 0.8)),
        (1, 429, {"Retry-After": "7"}, (7, 7)),
        (1, 429, {"Retry-After": "86400"}, (30, 30)),
        (1, 503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, (0.1, 0.2)),
    ],
)
def test_waits_double_and_what_the_api_asks_for_is_kept_within_reason(
    attempt: int, status: int, headers: dict[str, str], waits: tuple[float, float]
) -> None:
    import httpx

    wait = Retries(attempts=5, backoff_seconds=0.2).wait_after(attempt, httpx.Response(status, headers=headers))
    assert wait is not None
    assert waits[0] <= wait <= waits[1]


def test_an_error_survives_another_process() -> None:
    error = pickle.loads(pickle.dumps(ApiError("item_unknown", "no such item", 404, "r")))
    assert (error.code, error.message, error.status, error.request_id) == ("item_unknown", "no such item", 404, "r")


def test_every_service_has_the_same_methods_asynchronously() -> None:
    named = {name: kind for name, kind in vars(services).items() if inspect.isclass(kind)}
    synchronous = {name: kind for name, kind in named.items() if issubclass(kind, Service) and kind is not Service}
    assert len(synchronous) == 4
    for name, kind in synchronous.items():
        counterpart = named[f"Async{name}"]
        assert issubclass(counterpart, AsyncService)
        assert _calls(kind) == _calls(counterpart)


def _calls(kind: type) -> dict[str, Any]:
    return {name: method.__wrapped__ for name, method in vars(kind).items() if hasattr(method, "__wrapped__")}
