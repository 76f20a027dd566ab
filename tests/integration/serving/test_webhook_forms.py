"""Every form of an event, a body, an id and a time."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.integration.serving.webhook import EXAMPLE, PATHS, UPLOADED, WEBHOOK, Receiver, click, event


@pytest.mark.parametrize("user_id", [None, "", "  ", True, 1.5, [], {}, "x" * 256])
def test_s1_28_whom_nobody_can_be_is_a_missing_user(webhook_api: TestClient, user_id: object) -> None:
    answer = webhook_api.post(WEBHOOK, json={"events": [event(user_id=user_id)]}).json()
    assert answer["skipped_events"] == [{"index": 0, "reason": "missing_user"}]


@pytest.mark.parametrize(("item_id", "stored"), [(12345, "12345"), ("007", "007"), (12.0, "12"), ("a/b é", "a/b é")])
def test_an_item_keeps_its_spelling(webhook_api: TestClient, receiver: Receiver, item_id: object, stored: str) -> None:
    webhook_api.post(WEBHOOK, json={"events": [click(item_id)]})
    assert receiver.rows("item_id") == [(stored,)]


def test_an_id_of_many_digits_keeps_all_of_them(webhook_api: TestClient, receiver: Receiver) -> None:
    webhook_api.post(WEBHOOK, content=b'{"events": [{"event_type": "click", "user_id": 7, "time": 1234567890000, '
             b'"event_properties": {"item_id": 12345678901234567890123}}]}')  # fmt: skip
    assert receiver.rows("item_id") == [("12345678901234567890123",)]


#: One click in the words of Amplitude's export, of its upload API, and of its SDKs.
EXPORTED = {
    "event_type": "click", "user_id": "12345", "device_id": "d1", "session_id": 1234567890000, "uuid": "u-1",
    "$insert_id": "i-1", "event_time": "2009-02-13 23:31:30.000000", "platform": "Web",
    "event_properties": {"item_id": "doc_123"}, "user_properties": {}, "country": "Pakistan",
}  # fmt: skip
FORMS = {
    "one exported event": EXPORTED,
    "a list of exported events": [EXPORTED],
    "exported events in an object": {"events": [EXPORTED]},
    "an upload": {"api_key": "key", "events": [UPLOADED], "options": {"min_id_length": 1}},
}


@pytest.mark.parametrize("path", PATHS)
def test_every_form_of_an_event_is_the_same_event(webhook_api: TestClient, receiver: Receiver, path: str) -> None:
    for form in FORMS.values():
        assert webhook_api.post(path, json=form).json()["processed"] == 1
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
    webhook_api: TestClient, receiver: Receiver, path: str, content: bytes, headers: dict[str, str]
) -> None:
    assert webhook_api.post(path, content=content, headers=headers).json()["processed"] == 1
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
    webhook_api = receiver.api(webhook_max_megabytes=1)
    for path in PATHS:
        answer = webhook_api.post(path, content=content, headers=headers)
        assert answer.status_code == status
        assert ("error" in answer.json()) == (status != 200)
        assert answer.json().get("code") == (None if path == WEBHOOK else status)


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
def test_a_moment_is_read_in_every_form(
    webhook_api: TestClient, receiver: Receiver, time: dict[str, Any], stored: str
) -> None:
    webhook_api.post(WEBHOOK, json={"events": [event(**time)]})
    ((occurred_at,),) = receiver.rows("occurred_at")
    assert occurred_at.astimezone(UTC).isoformat() == stored


@pytest.mark.parametrize("time", [None, True, "yesterday", [], 1e300, "9" * 400])
def test_an_event_without_a_readable_time_happened_when_it_came(
    webhook_api: TestClient, receiver: Receiver, time: object
) -> None:
    before = datetime.now(UTC)
    assert webhook_api.post(WEBHOOK, json={"events": [event(time=time)]}).json()["processed"] == 1
    ((occurred_at,),) = receiver.rows("occurred_at")
    assert before <= occurred_at <= datetime.now(UTC)
