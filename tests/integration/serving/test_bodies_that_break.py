"""Bodies that no table, no encoder or no memory can hold are refused or made to fit, whichever route they come to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message

from tests.integration.serving.current_user import Visitors, as_user
from tests.serving_shop import KEY

INTERACTIONS = "/api/recommendations/interactions/"
EVENTS = "/api/v1/events"
WEBHOOK = "/webhooks/amplitude/"
HALVES = [b'"\\ud800"', b'"\\uDFFF"', b'"\xed\xa0\x80"', b'{"\\ud800": 1}', b'["\\\\\\ud83d\\ud83d\\ude00"]']


@pytest.fixture
def api(visitors: Visitors) -> TestClient:
    visitors.known("u1")
    return visitors.api()


def post(api: TestClient, path: str, body: bytes, user: bool = False) -> Any:
    credential = as_user("u1") if user else {"Authorization": f"Bearer {KEY}"}
    return api.post(path, content=body, headers=credential | {"Content-Type": "application/json"})


def body_for(path: str, extra: bytes) -> bytes:
    """A body that is stored, with something more in its properties."""
    return {
        INTERACTIONS: b'{"interaction_type": "view", "content_id": "1", "metadata": {"x": %s}}',
        EVENTS: b'{"events": [{"event_type": "view", "user_id": "u1", "item_id": "1", "properties": {"x": %s}}]}',
        WEBHOOK: b'{"event_type": "view", "user_id": "u1", "event_properties": {"item_id": "1", "x": %s}}',
    }[path] % extra


@pytest.mark.parametrize("path", [INTERACTIONS, EVENTS, WEBHOOK])
def test_halves_of_characters_are_stored_as_question_marks(visitors: Visitors, api: TestClient, path: str) -> None:
    for halves in HALVES:
        answer = post(api, path, body_for(path, halves), user=path == INTERACTIONS)
        assert answer.status_code in (200, 201), answer.text
    stored = [text for (text,) in visitors.rows("select properties::text from serving.interactions")]
    assert len(stored) == len(HALVES)
    assert all("?" in text for text in stored)
    assert ["😀" in text for text in stored].count(True) == 1


def test_halves_of_characters_are_found_in_every_encoding_of_json(visitors: Visitors, api: TestClient) -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-8-sig"):
        body = body_for(EVENTS, b'"\\ud800 caf\xc3\xa9"').decode().encode(encoding)
        assert post(api, EVENTS, body).json() == {"processed": 1, "skipped": 0}
    assert visitors.rows("select distinct properties ->> 'x' from serving.interactions") == [("? café",)]


def test_a_user_id_with_half_a_character_costs_no_other_event_of_its_batch(api: TestClient) -> None:
    event = b'{"event_type": "view", "user_id": "%s", "event_properties": {"item_id": "1"}}'
    for user_id in (b"\xed\xa0\x80", b"\xed\xa0\x80u", b"\\ud800"):
        answer = post(api, WEBHOOK, b'{"events": [%s, %s]}' % (event % user_id, event % b"u1"))
        assert (answer.status_code, answer.json()["processed"]) == (200, 2)


@pytest.mark.parametrize("path", [INTERACTIONS, EVENTS])
def test_properties_nested_too_deeply_are_refused(visitors: Visitors, api: TestClient, path: str) -> None:
    for levels, (opened, closed) in product((110, 300, 900, 960), ((b'{"a":', b"}"), (b"[", b"]"))):
        for half in (b"1", b'"\\ud800"'):
            body = body_for(path, opened * levels + half + closed * levels)
            answer = post(api, path, body, user=path == INTERACTIONS)
            assert answer.status_code == 422 or (answer.status_code == 400 and levels > 900)
    assert visitors.rows("select * from serving.interactions") == []


@pytest.mark.parametrize("path", [INTERACTIONS, EVENTS])
def test_properties_of_some_levels_are_stored(visitors: Visitors, api: TestClient, path: str) -> None:
    assert post(api, path, body_for(path, b"[" * 90 + b"]" * 90), user=path == INTERACTIONS).status_code in (200, 201)
    assert visitors.rows("select count(*) from serving.interactions") == [(1,)]


def test_deep_properties_of_one_event_cost_no_other_event_of_amplitude(api: TestClient) -> None:
    for levels in (100, 300, 600, 900, *range(920, 1000, 2)):
        deep = body_for(WEBHOOK, b'["\\ud800", ' + b"[" * levels + b"]" * levels + b"]")
        answer = post(api, WEBHOOK, b"[%s, %s]" % (deep, body_for(WEBHOOK, b"1")))
        # Beyond a depth nothing of the body can be read as JSON.
        assert answer.status_code == 200 or (answer.status_code == 400 and levels > 900)


def test_a_session_id_that_cannot_be_stored_is_a_422(visitors: Visitors, api: TestClient) -> None:
    for session_id, user_id in product(("\0", "a\0b", "\0\0"), (None, "u1")):
        event = {"event_type": "view", "user_id": user_id, "session_id": session_id, "item_id": "1"}
        answer = post(api, EVENTS, json.dumps({"events": [event]}).encode())
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
    assert visitors.rows("select * from serving.sessions") == []


@pytest.mark.parametrize(
    "path", ["/shop/requests", f"/shop/requests/shop-{'0' * 32}/events", "/api/v1/rankings", INTERACTIONS]
)
def test_nobody_makes_the_api_hold_a_long_body(visitors: Visitors, path: str) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 65_536

    answer = visitors.api().post(path, content=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


def test_the_longest_ranking_fits_into_its_body(visitors: Visitors) -> None:
    item_ids = [f"{'😀' * 250}{place:05}" for place in range(500)]
    visitors.shop.publish()
    answer = post(visitors.api(), "/api/v1/rankings", json.dumps({"user_id": "u1", "item_ids": item_ids}).encode())
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == 500


@pytest.mark.parametrize("path", [EVENTS, WEBHOOK, "/2/httpapi", INTERACTIONS, "/api/v1/rankings"])
def test_a_client_that_hangs_up_within_its_body_is_no_failure_of_the_api(api: TestClient, path: str) -> None:
    credential = f"Bearer {KEY}".encode()
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": path, "raw_path": b"",
        "root_path": "", "query_string": b"", "server": ("localhost", 80), "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost"), (b"authorization", credential), (b"x-user-id", b"u1"),
                    (b"content-type", b"application/json")],
    }  # fmt: skip
    received: list[Message] = [
        {"type": "http.request", "body": b'{"events": [', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return received.pop(0) if received else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(api.app(scope, receive, send))
    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [400]
