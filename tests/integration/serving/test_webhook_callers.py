"""Who may send events, and what SDKs and browsers are answered."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from services.serving.app import create_app
from services.serving.dependencies import Dependencies
from services.serving.interactions.events import Outcome
from services.serving.webhook.service import EventProcessor
from tests.integration.serving.webhook import EXAMPLE, PATHS, SDK_PATHS, UPLOADED, WEBHOOK, Receiver, click, event
from tests.serving_shop import KEY, api_settings

SECRET = "a secret of the webhook"


def test_s1_38_whether_an_event_is_processed_is_known_without_a_database() -> None:
    nowhere = Dependencies.of(api_settings(identity_hash_key=""))
    processor = EventProcessor(nowhere.people, nowhere.interactions)
    assert processor.should_process_event(EXAMPLE) is True
    for other in ({}, None, event(event_type="session_start"), event(user_id=""), event(event_properties=[])):
        assert processor.should_process_event(other) is False


def test_s1_39_an_event_that_is_processed_again_changes_nothing(receiver: Receiver) -> None:
    async def twice() -> list[Outcome]:
        dependencies = Dependencies.of(api_settings(database_url=receiver.url))
        processor = EventProcessor(dependencies.people, dependencies.interactions)
        await dependencies.database.open()
        try:
            return [await processor.process_event(EXAMPLE) for _ in range(2)]
        finally:
            await dependencies.database.close()

    first, second = asyncio.run(twice())
    assert first == second
    assert receiver.rows("event_id") == [(first.event_id,)]


def test_s1_30_impressions_keep_the_list_of_what_was_shown(webhook_api: TestClient, receiver: Receiver) -> None:
    shown = [{"items_shown": ["c", 2, "a"], "feed_type": "popular"}, {"items_shown": ["x"]}]  # S1-31
    kinds = ("initial_impression", "scroll_impression")
    events = [event(event_type=kind, event_properties=shown) for kind, shown in zip(kinds, shown, strict=True)]
    assert webhook_api.post(WEBHOOK, json={"events": [*events, event(event_type=kinds[0])]}).json()["processed"] == 2
    assert receiver.rows("event_type, item_ids, feed_type", "impressions") == [
        ("initial_impression", ["c", "2", "a"], "popular"), ("scroll_impression", ["x"], None)
    ]  # fmt: skip
    assert receiver.rows("event_id") == []


def test_s1_32_what_else_an_event_says_is_kept_beside_it(webhook_api: TestClient, receiver: Receiver) -> None:
    properties = {**EXAMPLE["event_properties"], "title": "A \ud83d", "depth": {"a": [1, None]}}  # type: ignore[dict-item]
    body = json.dumps({"events": [event(event_properties=properties, user_properties={"email": "a@b.pk"})]})
    assert webhook_api.post(WEBHOOK, content=body.encode()).json()["processed"] == 1
    assert receiver.rows("properties") == [({"title": "A ?", "depth": {"a": [1, None]}},)]


def test_s1_3_without_a_secret_the_webhook_is_open_on_loopback_only(receiver: Receiver) -> None:
    body = {"api_key": "any", "events": [EXAMPLE]}
    for path in PATHS:
        assert receiver.api(host="127.0.0.1").post(path, json=body).status_code == 200
        assert receiver.api(host="0.0.0.0").post(path, json=body).status_code == 401


WRONG_SECRETS = [None, "", "another secret", SECRET[:-1], SECRET + " x", "ä"]


@pytest.mark.parametrize("sent", WRONG_SECRETS)
def test_s1_4_with_a_secret_another_one_is_refused(receiver: Receiver, sent: str | None) -> None:
    webhook_api = receiver.api(amplitude_webhook_secret=SECRET)
    headers = {} if sent is None else {"X-Webhook-Secret": sent.encode()}
    for path in PATHS:
        refused = webhook_api.post(path, json={"api_key": SECRET, "events": [EXAMPLE]}, headers=headers)  # type: ignore[arg-type]
        assert refused.status_code == 401
        assert SECRET not in refused.text
    assert receiver.rows("event_id", "received_events") == []
    assert (
        webhook_api.post(WEBHOOK, json={"events": [EXAMPLE]}, headers={"X-Webhook-Secret": SECRET}).status_code == 200
    )


@pytest.mark.parametrize("sent", WRONG_SECRETS)
def test_s1_4_a_wrong_secret_is_compared_in_constant_time(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, sent: str | None
) -> None:
    compared: list[tuple[Any, Any]] = []

    def compare(first: Any, second: Any) -> bool:
        compared.append((first, second))
        return is_equal(first, second)

    is_equal = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", compare)
    webhook_api = receiver.api(amplitude_webhook_secret=SECRET)
    headers = {} if sent is None else {"X-Webhook-Secret": sent.encode()}
    assert webhook_api.post(WEBHOOK, json={"events": [EXAMPLE]}, headers=headers).status_code == 401  # type: ignore[arg-type]
    assert [known for _, known in compared] == [SECRET.encode()]


def test_s1_4_the_secret_is_read_from_its_documented_variable(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLITUDE_WEBHOOK_SECRET", SECRET)
    webhook_api = receiver.api()
    assert webhook_api.post(WEBHOOK, json={"events": [EXAMPLE]}).status_code == 401
    assert (
        webhook_api.post(WEBHOOK, json={"events": [EXAMPLE]}, headers={"X-Webhook-Secret": SECRET}).status_code == 200
    )


@pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {KEY}"}, {"X-API-Key": KEY}], ids=["bearer", "header"])
@pytest.mark.parametrize("settings", [{}, {"amplitude_webhook_secret": SECRET}, {"amplitude_api_key": "write-key"}])
def test_whoever_has_an_api_key_may_send_events_in_amplitudes_words_too(
    receiver: Receiver, settings: dict[str, Any], headers: dict[str, str]
) -> None:
    api = receiver.api(host="0.0.0.0", **settings)
    for path in PATHS:
        assert api.post(path, json={"events": [EXAMPLE]}, headers=headers).json()["processed"] == 1
        wrong = {name: f"{value}x" for name, value in headers.items()}
        assert api.post(path, json={"events": [EXAMPLE]}, headers=wrong).status_code == 401


def test_an_sdk_is_known_by_its_api_key(receiver: Receiver) -> None:
    webhook_api = receiver.api(amplitude_api_key="write-key", host="0.0.0.0")
    for path in PATHS:
        assert webhook_api.post(path, json={"api_key": "write-key", "events": [UPLOADED]}).status_code == 200
        for body in ({"api_key": "other", "events": [UPLOADED]}, {"events": [UPLOADED]}, [UPLOADED], {"api_key": 1}):
            assert webhook_api.post(path, json=body).status_code == 401


@pytest.mark.parametrize("path", SDK_PATHS)
def test_an_sdk_finds_a_numeric_code_in_every_answer(receiver: Receiver, webhook_api: TestClient, path: str) -> None:
    body = {"api_key": "key", "events": [EXAMPLE, {"event_type": "$identify", "device_id": "d"}]}
    assert webhook_api.post(path, json=body).json()["code"] == 200
    assert webhook_api.post(path, content=b"{").json()["code"] == 400


@pytest.mark.parametrize("path", SDK_PATHS)
@pytest.mark.parametrize(
    ("settings", "sent", "status", "words"),
    [
        ({}, b"{", 400, "JSON"),
        ({}, b'{"api_key": "key"}', 400, "no events"),
        ({}, b'{"events": [' + b"[" * 5000, 400, "within each other"),
        ({"amplitude_api_key": "write-key"}, b'{"api_key": "key", "events": []}', 401, "api_key"),
        ({"amplitude_webhook_secret": SECRET}, b'{"api_key": "key", "events": []}', 401, "api_key"),
        ({"host": "0.0.0.0"}, b"{", 401, "api_key"),
        ({"webhook_max_megabytes": 0.0001}, b" " * 1000, 413, "send fewer"),
    ],
    ids=["broken", "without events", "nested", "wrong key", "no key configured", "not on loopback", "too large"],
)
def test_an_sdk_is_refused_in_text_as_amplitude_refuses_it(
    receiver: Receiver, path: str, settings: dict[str, Any], sent: bytes, status: int, words: str
) -> None:
    answer = receiver.api(**settings).post(path, content=sent)
    assert (answer.status_code, set(answer.json())) == (status, {"code", "error"})
    assert answer.json()["code"] == status
    assert words in answer.json()["error"]
    assert answer.json()["error"].startswith("Invalid API key: ") is (status == 401)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"database_url": "postgresql://127.0.0.1:1/nowhere", "wait_seconds": 0.1}, "warehouse"),
        ({"identity_hash_key": ""}, "SERVING_IDENTITY_HASH_KEY"),
    ],
)
@pytest.mark.parametrize("path", SDK_PATHS)
def test_an_sdk_is_told_to_hold_every_event_of_a_request_that_cannot_be_stored_yet(
    receiver: Receiver, path: str, settings: dict[str, Any], words: str
) -> None:
    """After a 503 the SDK for browsers gives events up within ten seconds; throttled ones it sends again later."""
    answer = receiver.api(**settings).post(path, json={"api_key": "key", "events": [EXAMPLE, {}, click("b")]})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert (answer.json()["code"], answer.json()["throttled_events"]) == (429, [0, 1, 2])
    assert words in answer.json()["error"]


def test_the_webhook_answers_503_while_nothing_can_be_stored(receiver: Receiver) -> None:
    away = receiver.api(database_url="postgresql://127.0.0.1:1/nowhere", wait_seconds=0.1)
    answer = away.post(WEBHOOK, json={"events": [EXAMPLE]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database_unreachable")


def test_an_sdk_pointed_at_the_webhook_finds_a_code_too(webhook_api: TestClient) -> None:
    for sign in ({"options": {}}, {"client_upload_time": "2026-01-01"}, {"request_metadata": {}}):
        assert webhook_api.post(WEBHOOK, json={"events": [EXAMPLE], **sign}).json()["code"] == 200
    assert webhook_api.post(WEBHOOK, json={"events": [UPLOADED]}).json()["code"] == 200


def test_a_browser_may_ask_first_from_an_origin_that_is_allowed(receiver: Receiver) -> None:
    webhook_api = receiver.api(allowed_origins="https://shop.example")
    for path in PATHS:
        asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "content-type"}  # fmt: skip
        assert webhook_api.options(path, headers=asked).status_code == 200
        sent = webhook_api.post(path, json={"events": [EXAMPLE]}, headers={"Origin": "https://shop.example"})
        assert sent.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert webhook_api.options(path, headers={**asked, "Origin": "https://other.example"}).status_code == 403


def test_requests_beyond_those_that_can_be_under_way_are_told_to_come_again(receiver: Receiver) -> None:
    app = create_app(api_settings(database_url=receiver.url, webhook_requests=1))

    async def posted() -> list[httpx.Response]:
        halfway, refused = asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield b'{"events": ['
            halfway.set()
            await refused.wait()
            yield b"]}"

        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://h") as webhook_api,
        ):
            slow = asyncio.ensure_future(webhook_api.post(WEBHOOK, content=slowly(), headers={"Host": "localhost"}))
            await halfway.wait()
            answers = [await webhook_api.post(path, json=[EXAMPLE], headers={"Host": "localhost"}) for path in PATHS]
            refused.set()
            return [
                *answers,
                await slow,
                await webhook_api.post(WEBHOOK, json=[EXAMPLE], headers={"Host": "localhost"}),
            ]

    *refusals, slow, afterwards = asyncio.run(posted())
    for answer in refusals:
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert (slow.status_code, afterwards.json()["processed"]) == (200, 1)


def test_s1_3_without_a_secret_the_webhook_is_closed_to_whom_a_local_proxy_brings(
    webhook_api: TestClient, receiver: Receiver
) -> None:
    headers = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-IP", "Via")
    for path in PATHS:
        for header in headers:
            assert (
                webhook_api.post(path, json={"events": [EXAMPLE]}, headers={header: "203.0.113.9"}).status_code == 401
            )
    assert receiver.rows("event_id") == []
    assert {webhook_api.post(path, json={"events": [EXAMPLE]}).status_code for path in PATHS} == {200}


def test_s1_3_without_a_secret_the_webhook_is_closed_where_the_api_has_a_public_name(receiver: Receiver) -> None:
    api = receiver.api(host="127.0.0.1", allowed_hosts="shop.example")
    for host in ("shop.example", "localhost"):
        assert api.post(WEBHOOK, json={"events": [EXAMPLE]}, headers={"Host": host}).status_code == 401
    assert receiver.rows("event_id") == []


def test_a_secret_counts_behind_a_proxy_as_it_does_without_one(receiver: Receiver) -> None:
    api = receiver.api(amplitude_webhook_secret=SECRET, allowed_hosts="shop.example")
    headers = {"X-Webhook-Secret": SECRET, "X-Forwarded-For": "203.0.113.9", "Host": "shop.example"}
    assert api.post(WEBHOOK, json={"events": [EXAMPLE]}, headers=headers).status_code == 200


def test_a_body_that_is_nested_beyond_reading_is_a_400_that_says_so(webhook_api: TestClient) -> None:
    """Nothing can be told of its other events: where the next one begins is known only to whoever can read this one."""
    for opening, closing in (("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")):
        nested = opening * 100_000 + "1" + closing * 100_000
        for path in PATHS:
            answer = webhook_api.post(
                path, content=f'{{"events": [{{"event_type": "click", "event_properties": {nested}}}]}}'
            )
            assert answer.status_code == 400
            assert "within each other" in str(answer.json()["error"])
