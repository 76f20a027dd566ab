"""Amplitude's events: every form of them, the documented answer, and nothing lost or stored twice."""

from __future__ import annotations

import asyncio
import gzip
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from fastapi.testclient import TestClient

from aisle.contracts.company_orders import Customer
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from services.migrations import upgrade
from services.serving.app import create_app
from services.serving.dependencies import Dependencies
from services.serving.interactions.events import Outcome
from services.serving.webhook.schemas import WebhookAnswer
from services.serving.webhook.service import EventProcessor
from tests.serving_metrics import counted
from tests.serving_shop import HASH_KEY, api_settings

PATHS = ("/webhooks/amplitude/", "/2/httpapi", "/batch")
WEBHOOK, *SDK_PATHS = PATHS
#: As S1 documents it.
EXAMPLE = {
    "event_type": "click",
    "user_id": "12345",
    "event_properties": {"item_id": "doc_123", "item_type": "paper"},
    "time": 1234567890000,
}
SECRET = "a secret of the webhook"
HASHER = PersonHasher(Identity(hash_key=HASH_KEY))  # type: ignore[arg-type]


class Receiver:
    """The API over a warehouse, and what it has stored."""

    def __init__(self, url: str, opened: ExitStack) -> None:
        self.url, self._opened = url, opened

    def api(self, **settings: Any) -> TestClient:
        app = create_app(api_settings(**{"database_url": self.url, **settings}))
        return self._opened.enter_context(TestClient(app, "http://localhost", raise_server_exceptions=False))

    def rows(self, columns: str, table: str = "interactions") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(f"select {columns} from serving.{table} order by 1".encode()).fetchall()


@pytest.fixture
def receiver(warehouse_url: str) -> Iterator[Receiver]:
    upgrade(warehouse_url)
    with ExitStack() as opened:
        yield Receiver(warehouse_url, opened)


@pytest.fixture
def api(receiver: Receiver) -> TestClient:
    return receiver.api()


def event(**more: Any) -> dict[str, Any]:
    return {**EXAMPLE, **more}


def click(item_id: object, **more: Any) -> dict[str, Any]:
    return event(event_properties={"item_id": item_id}, **more)


def test_s1_9_the_example_gets_the_documented_answer(api: TestClient, receiver: Receiver) -> None:
    for body in ({"api_key": "your_api_key", "events": [EXAMPLE]}, {"events": [EXAMPLE]}):  # S1-5, S1-6
        answer = api.post(WEBHOOK, json=body)
        assert answer.status_code == 200
        assert answer.text == '{"message":"Webhook successfully processed","processed":1,"skipped":0}'
    user_id = HASHER.hashes("oe", Customer(id="12345")).source_id
    moment = datetime(2009, 2, 13, 23, 31, 30, tzinfo=UTC)  # S1-8
    columns = "event_type, user_id, item_id, item_type, occurred_at, source, weight"  # S1-7, S1-71
    assert receiver.rows(columns) == [("click", user_id, "doc_123", "paper", moment, "amplitude", 1.0)]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_s1_1_other_methods_are_refused(api: TestClient, method: str) -> None:
    assert api.request(method, WEBHOOK).status_code == 405


def test_s1_2_irrelevant_events_are_skipped_with_a_200(api: TestClient, receiver: Receiver) -> None:
    answer = api.post(WEBHOOK, json={"events": [event(event_type="[Amplitude] Page Viewed"), {}, EXAMPLE, "no event"]})
    assert (answer.status_code, answer.json()["processed"], answer.json()["skipped"]) == (200, 1, 3)
    skipped = WebhookAnswer.model_validate(answer.json()).skipped_events or []
    assert [(event.index, event.reason) for event in skipped] == [(place, "irrelevant") for place in (0, 1, 3)]
    assert len(receiver.rows("event_id")) == 1


def test_s1_10_s1_45_s1_46_a_mixed_batch_is_counted_and_explained_by_index(api: TestClient) -> None:
    events = [
        click("a"), event(event_type="session_start"), click("b"),
        event(user_id=None), event(event_properties={}), click("c"),
    ]  # fmt: skip
    before = counted(api, "aisle_serving_events_total", "outcome", source="amplitude")
    assert api.post(WEBHOOK, json={"events": events}).json() == {
        "message": "Webhook successfully processed",
        "processed": 3,
        "skipped": 3,
        "skipped_events": [
            {"index": 1, "reason": "irrelevant"},
            {"index": 3, "reason": "missing_user"},
            {"index": 4, "reason": "missing_item"},
        ],
    }
    rise = counted(api, "aisle_serving_events_total", "outcome", source="amplitude") - before
    assert rise == {"processed": 3, "irrelevant": 1, "missing_user": 1, "missing_item": 1}  # S1-45, S1-46


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


@pytest.mark.parametrize("user_id", [None, "", "  ", True, 1.5, [], {}, "x" * 256])
def test_s1_28_whom_nobody_can_be_is_a_missing_user(api: TestClient, user_id: object) -> None:
    answer = api.post(WEBHOOK, json={"events": [event(user_id=user_id)]}).json()
    assert answer["skipped_events"] == [{"index": 0, "reason": "missing_user"}]


@pytest.mark.parametrize(("item_id", "stored"), [(12345, "12345"), ("007", "007"), (12.0, "12"), ("a/b é", "a/b é")])
def test_an_item_keeps_its_spelling(api: TestClient, receiver: Receiver, item_id: object, stored: str) -> None:
    api.post(WEBHOOK, json={"events": [click(item_id)]})
    assert receiver.rows("item_id") == [(stored,)]


def test_an_id_of_many_digits_keeps_all_of_them(api: TestClient, receiver: Receiver) -> None:
    api.post(WEBHOOK, content=b'{"events": [{"event_type": "click", "user_id": 7, "time": 1234567890000, '
             b'"event_properties": {"item_id": 12345678901234567890123}}]}')  # fmt: skip
    assert receiver.rows("item_id") == [("12345678901234567890123",)]


def test_s1_30_impressions_keep_the_list_of_what_was_shown(api: TestClient, receiver: Receiver) -> None:
    shown = [{"items_shown": ["c", 2, "a"], "feed_type": "popular"}, {"items_shown": ["x"]}]  # S1-31
    kinds = ("initial_impression", "scroll_impression")
    events = [event(event_type=kind, event_properties=shown) for kind, shown in zip(kinds, shown, strict=True)]
    assert api.post(WEBHOOK, json={"events": [*events, event(event_type=kinds[0])]}).json()["processed"] == 2
    assert receiver.rows("event_type, item_ids, feed_type", "impressions") == [
        ("initial_impression", ["c", "2", "a"], "popular"), ("scroll_impression", ["x"], None)
    ]  # fmt: skip
    assert receiver.rows("event_id") == []


def test_s1_32_what_else_an_event_says_is_kept_beside_it(api: TestClient, receiver: Receiver) -> None:
    properties = {**EXAMPLE["event_properties"], "title": "A \ud83d", "depth": {"a": [1, None]}}  # type: ignore[dict-item]
    body = json.dumps({"events": [event(event_properties=properties, user_properties={"email": "a@b.pk"})]})
    assert api.post(WEBHOOK, content=body.encode()).json()["processed"] == 1
    assert receiver.rows("properties") == [({"title": "A ?", "depth": {"a": [1, None]}},)]


#: One click in the words of Amplitude's export, of its upload API, and of its SDKs.
EXPORTED = {
    "event_type": "click", "user_id": "12345", "device_id": "d1", "session_id": 1234567890000, "uuid": "u-1",
    "$insert_id": "i-1", "event_time": "2009-02-13 23:31:30.000000", "platform": "Web",
    "event_properties": {"item_id": "doc_123"}, "user_properties": {}, "country": "Pakistan",
}  # fmt: skip
UPLOADED = {
    "event_type": "click", "user_id": "12345", "device_id": "d1", "session_id": 1234567890000,
    "insert_id": "i-1", "time": 1234567890000, "platform": "Web", "event_properties": {"item_id": "doc_123"},
    "library": "amplitude-ts/2.0",
}  # fmt: skip
FORMS = {
    "one exported event": EXPORTED,
    "a list of exported events": [EXPORTED],
    "exported events in an object": {"events": [EXPORTED]},
    "an upload": {"api_key": "key", "events": [UPLOADED], "options": {"min_id_length": 1}},
}


@pytest.mark.parametrize("path", PATHS)
def test_every_form_of_an_event_is_the_same_event(api: TestClient, receiver: Receiver, path: str) -> None:
    for form in FORMS.values():
        assert api.post(path, json=form).json()["processed"] == 1
    moment = datetime(2009, 2, 13, 23, 31, 30, tzinfo=UTC)
    assert receiver.rows("item_id, occurred_at, platform") == [("doc_123", moment, "Web")]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (json.dumps({"events": [EXAMPLE]}).encode(), {"Content-Type": "text/plain;charset=UTF-8"}),
        (json.dumps({"events": [EXAMPLE]}).encode(), {}),
        (gzip.compress(json.dumps({"events": [EXAMPLE]}).encode()), {"Content-Encoding": "gzip"}),
        (b'{"events": [{"event_type": "click", "user_id": "12345", "time": 1234567890000,'
         b' "event_properties": {"item_id": "doc_123", "item_type": "paper", "price": NaN}}]}', {}),
        (b"\xef\xbb\xbf" + json.dumps({"events": [EXAMPLE]}).encode(), {}),
    ],
    ids=["as text", "without a type", "gzipped", "with NaN", "with a byte order mark"],
)  # fmt: skip
def test_a_body_is_read_however_it_is_sent(
    api: TestClient, receiver: Receiver, path: str, content: bytes, headers: dict[str, str]
) -> None:
    assert api.post(path, content=content, headers=headers).json()["processed"] == 1
    assert receiver.rows("item_id") == [("doc_123",)]


UNREADABLE: dict[str, tuple[bytes, dict[str, str], int]] = {
    "nothing": (b"", {}, 400),
    "no end": (b"{", {}, 400),
    "a text": (b'"events"', {}, 400),
    "no events": (b"{}", {}, 400),
    "no list of events": (b'{"events": {}}', {}, 400),
    "no text": (b"\xff\xfe", {}, 400),
    "nested": (b"[" * 100_000, {}, 400),
    "a number of many digits": (b'{"events": [' + b"9" * 10_000 + b"]}", {}, 200),
    "no gzip": (b"no gzip", {"Content-Encoding": "gzip"}, 400),
    "gzip without its end": (gzip.compress(b"{}")[:-4], {"Content-Encoding": "gzip"}, 400),
    "another encoding": (b"{}", {"Content-Encoding": "br"}, 400),
    "too large": (b" " * (2 * 1024 * 1024), {}, 413),
    "too large once unpacked": (gzip.compress(b" " * (2 * 1024 * 1024)), {"Content-Encoding": "gzip"}, 413),
    "too many events": (json.dumps({"events": [{}] * 2001}).encode(), {}, 413),
}


@pytest.mark.parametrize(("content", "headers", "status"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_refused_with_a_reason(
    receiver: Receiver, content: bytes, headers: dict[str, str], status: int
) -> None:
    api = receiver.api(webhook_max_megabytes=1)
    for path in PATHS:
        answer = api.post(path, content=content, headers=headers)
        assert answer.status_code == status
        assert ("error" in answer.json()) == (status != 200)
        assert answer.json().get("code") == (None if path == WEBHOOK else status)


def test_s1_3_without_a_secret_the_webhook_is_open_on_loopback_only(receiver: Receiver) -> None:
    body = {"api_key": "any", "events": [EXAMPLE]}
    for path in PATHS:
        assert receiver.api(host="127.0.0.1").post(path, json=body).status_code == 200
        assert receiver.api(host="0.0.0.0").post(path, json=body).status_code == 401


WRONG_SECRETS = [None, "", "another secret", SECRET[:-1], SECRET + " x", "ä"]


@pytest.mark.parametrize("sent", WRONG_SECRETS)
def test_s1_4_with_a_secret_another_one_is_refused(receiver: Receiver, sent: str | None) -> None:
    api = receiver.api(amplitude_webhook_secret=SECRET)
    headers = {} if sent is None else {"X-Webhook-Secret": sent.encode()}
    for path in PATHS:
        refused = api.post(path, json={"api_key": SECRET, "events": [EXAMPLE]}, headers=headers)  # type: ignore[arg-type]
        assert refused.status_code == 401
        assert SECRET not in refused.text
    assert receiver.rows("event_id", "received_events") == []
    assert api.post(WEBHOOK, json={"events": [EXAMPLE]}, headers={"X-Webhook-Secret": SECRET}).status_code == 200


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
    api = receiver.api(amplitude_webhook_secret=SECRET)
    headers = {} if sent is None else {"X-Webhook-Secret": sent.encode()}
    assert api.post(WEBHOOK, json={"events": [EXAMPLE]}, headers=headers).status_code == 401  # type: ignore[arg-type]
    assert [known for _, known in compared] == [SECRET.encode()]


def test_s1_4_the_secret_is_read_from_its_documented_variable(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLITUDE_WEBHOOK_SECRET", SECRET)
    api = receiver.api()
    assert api.post(WEBHOOK, json={"events": [EXAMPLE]}).status_code == 401
    assert api.post(WEBHOOK, json={"events": [EXAMPLE]}, headers={"X-Webhook-Secret": SECRET}).status_code == 200


def test_an_sdk_is_known_by_its_api_key(receiver: Receiver) -> None:
    api = receiver.api(amplitude_api_key="write-key", host="0.0.0.0")
    for path in PATHS:
        assert api.post(path, json={"api_key": "write-key", "events": [UPLOADED]}).status_code == 200
        for body in ({"api_key": "other", "events": [UPLOADED]}, {"events": [UPLOADED]}, [UPLOADED], {"api_key": 1}):
            assert api.post(path, json=body).status_code == 401


@pytest.mark.parametrize("path", SDK_PATHS)
def test_an_sdk_finds_a_numeric_code_in_every_answer(receiver: Receiver, api: TestClient, path: str) -> None:
    body = {"api_key": "key", "events": [EXAMPLE, {"event_type": "$identify", "device_id": "d"}]}
    assert api.post(path, json=body).json()["code"] == 200
    assert api.post(path, content=b"{").json()["code"] == 400


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"database_url": "postgresql://127.0.0.1:1/nowhere", "wait_seconds": 0.1}, "database_unreachable"),
        ({"identity_hash_key": ""}, "identity_key_missing"),
    ],
)
@pytest.mark.parametrize("path", SDK_PATHS)
def test_an_sdk_is_told_to_hold_every_event_of_a_request_that_cannot_be_stored_yet(
    receiver: Receiver, path: str, settings: dict[str, Any], error: str
) -> None:
    """After a 503 the SDK for browsers gives events up within ten seconds; throttled ones it sends again later."""
    answer = receiver.api(**settings).post(path, json={"api_key": "key", "events": [EXAMPLE, {}, click("b")]})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert (answer.json()["code"], answer.json()["throttled_events"]) == (429, [0, 1, 2])
    assert answer.json()["error"]["code"] == error


def test_the_webhook_answers_503_while_nothing_can_be_stored(receiver: Receiver) -> None:
    away = receiver.api(database_url="postgresql://127.0.0.1:1/nowhere", wait_seconds=0.1)
    answer = away.post(WEBHOOK, json={"events": [EXAMPLE]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database_unreachable")


def test_an_sdk_pointed_at_the_webhook_finds_a_code_too(api: TestClient) -> None:
    for sign in ({"options": {}}, {"client_upload_time": "2026-01-01"}, {"request_metadata": {}}):
        assert api.post(WEBHOOK, json={"events": [EXAMPLE], **sign}).json()["code"] == 200
    assert api.post(WEBHOOK, json={"events": [UPLOADED]}).json()["code"] == 200


def test_a_browser_may_ask_first_from_an_origin_that_is_allowed(receiver: Receiver) -> None:
    api = receiver.api(allowed_origins="https://shop.example")
    for path in PATHS:
        asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "content-type"}  # fmt: skip
        assert api.options(path, headers=asked).status_code == 200
        sent = api.post(path, json={"events": [EXAMPLE]}, headers={"Origin": "https://shop.example"})
        assert sent.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert api.options(path, headers={**asked, "Origin": "https://other.example"}).status_code == 403


def test_retries_in_other_pieces_store_each_event_once(api: TestClient, receiver: Receiver) -> None:
    events = [click(f"p{n}", insert_id=f"i{n}", device_id="d") for n in range(6)]
    for piece in (events, events[3:], events[:4], events[::-1], [events[2]], events[1:3] + events[1:3]):
        assert api.post("/2/httpapi", json={"api_key": "k", "events": piece}).json()["processed"] == len(piece)
    assert receiver.rows("item_id") == [(f"p{n}",) for n in range(6)]


def test_one_insert_id_on_two_devices_is_two_events(api: TestClient, receiver: Receiver) -> None:
    events = [click(device, insert_id="1", device_id=device) for device in ("d1", "d2")]
    events += [click(user, insert_id="1", user_id=user) for user in ("u1", "u2")]
    api.post(WEBHOOK, json={"events": events})
    assert receiver.rows("item_id") == [("d1",), ("d2",), ("u1",), ("u2",)]


def test_without_an_insert_id_the_same_thing_at_the_same_time_counts_once(api: TestClient, receiver: Receiver) -> None:
    without_time = {name: value for name, value in click("c").items() if name != "time"}
    for _ in range(2):
        api.post(WEBHOOK, json={"events": [click("a"), click("a", time=1234567890001), click("b"), without_time]})
    assert receiver.rows("item_id") == [("a",), ("a",), ("b",), ("c",), ("c",)]


def test_a_sale_that_an_sdk_reports_is_a_purchase(api: TestClient, receiver: Receiver) -> None:
    sale = {"$productId": "P7", "$quantity": 3, "$price": 9.5, "$revenueType": "income"}
    api.post("/2/httpapi", json={"events": [event(event_type="revenue_amount", event_properties=sale)]})
    assert receiver.rows("event_type, item_id, event_value, weight") == [("purchase", "P7", 3.0, None)]


@pytest.mark.parametrize(
    ("time", "stored"),
    [
        ({"time": 1234567890123.9}, "2009-02-13T23:31:30.123900+00:00"),
        ({"time": "1234567890000"}, "2009-02-13T23:31:30+00:00"),
        ({"time": 1234567890}, "2009-02-13T23:31:30+00:00"),
        ({"time": None, "event_time": "2009-02-13T23:31:30Z"}, "2009-02-13T23:31:30+00:00"),
        ({"time": None, "event_time": "2009-02-14 04:31:30+05:00"}, "2009-02-13T23:31:30+00:00"),
    ],
)
def test_a_moment_is_read_in_every_form(api: TestClient, receiver: Receiver, time: dict[str, Any], stored: str) -> None:
    api.post(WEBHOOK, json={"events": [event(**time)]})
    ((occurred_at,),) = receiver.rows("occurred_at")
    assert occurred_at.astimezone(UTC).isoformat() == stored


@pytest.mark.parametrize("time", [None, True, "yesterday", [], 1e300, "9" * 400])
def test_an_event_without_a_readable_time_happened_when_it_came(
    api: TestClient, receiver: Receiver, time: object
) -> None:
    before = datetime.now(UTC)
    assert api.post(WEBHOOK, json={"events": [event(time=time)]}).json()["processed"] == 1
    ((occurred_at,),) = receiver.rows("occurred_at")
    assert before <= occurred_at <= datetime.now(UTC)


def test_s0_21_a_visitor_who_logs_in_has_done_what_they_did_before(api: TestClient, receiver: Receiver) -> None:
    def at(second: int, **more: Any) -> dict[str, Any]:
        return {**click(f"p{second}"), "device_id": "d1", "session_id": 1234567890000, "insert_id": f"i{second}",
                "time": 1234567890000 + second * 1000, **more}  # fmt: skip

    first_visit = [at(1, user_id=None), at(2, user_id=None, device_id="d2"), at(3, event_type="$identify")]
    assert api.post("/2/httpapi", json={"events": first_visit}).json()["processed"] == 2
    user_id = HASHER.hashes("oe", Customer(id="12345")).source_id
    assert receiver.rows("item_id, user_id") == [("p1", user_id), ("p2", None)]


def test_nothing_that_names_a_user_is_stored(api: TestClient, receiver: Receiver) -> None:
    named = {"user_id": "customer-4711", "device_id": "device-4711", "user_properties": {"phone": "4711"},
             "ip_address": "4711", "insert_id": "customer-4711-1"}  # fmt: skip
    api.post(WEBHOOK, json={"events": [event(**named), event(event_type="session_start", **named)]})
    for table in ("interactions", "received_events", "sessions"):
        (stored,) = receiver.rows(f"jsonb_agg({table})::text", table)
        assert "4711" not in stored[0]


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
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://h") as api:
            slow = asyncio.ensure_future(api.post(WEBHOOK, content=slowly(), headers={"Host": "localhost"}))
            await halfway.wait()
            answers = [await api.post(path, json=[EXAMPLE], headers={"Host": "localhost"}) for path in PATHS]
            refused.set()
            return [*answers, await slow, await api.post(WEBHOOK, json=[EXAMPLE], headers={"Host": "localhost"})]

    *refusals, slow, afterwards = asyncio.run(posted())
    for answer in refusals:
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert (slow.status_code, afterwards.json()["processed"]) == (200, 1)
