"""Whether the service has answered is read from the HTTP response, in place and async, with a body and without."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from airflow_personalize.hooks.personalize import PersonalizeHook
from personalize_kinds.responses import UnexpectedResponseError

ARN = "arn:aws:personalize:us-east-1:000000000000:campaign/home"
OF_THE_SERVICE = {"x-amzn-RequestId": "r-1"}
JSON, PAGE = {"Content-Type": "application/x-amz-json-1.1"}, {"Content-Type": "text/html"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back to a call."""

    headers: dict[str, str]
    body: bytes = b""


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Answer]]:
    """The answers of a server in Personalize's place, the last one of the list again and again."""
    said: list[Answer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            for name, value in (said[-1].headers | {"Content-Length": str(len(said[-1].body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said[-1].body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    extra = {
        "region_name": "us-east-1",
        "service_config": {"personalize": {"endpoint_url": f"http://127.0.0.1:{server.server_port}"}},
    }
    connection = {"conn_type": "aws", "login": "aisle", "password": "aisle", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    yield said
    server.shutdown()
    server.server_close()


def delete() -> Any:
    """A call whose answer has no body."""
    return PersonalizeHook().conn.delete_campaign(campaignArn=ARN)


def delete_async() -> Any:
    async def call() -> Any:
        async with await PersonalizeHook().get_async_conn() as client:
            return await client.delete_campaign(campaignArn=ARN)

    return asyncio.run(call())


by_call = pytest.mark.parametrize("call", [delete, delete_async])


@by_call
@pytest.mark.parametrize(
    "answer",
    [Answer(OF_THE_SERVICE), Answer(OF_THE_SERVICE | PAGE), Answer(OF_THE_SERVICE | JSON), Answer(JSON, b"{}")],
    ids=["empty", "empty of another type", "empty JSON", "JSON"],
)
def test_the_service_may_answer_with_nothing_whatever_type_that_is_said_to_be(
    answer: Answer, call: Any, says: list[Answer]
) -> None:
    says.append(answer)
    assert call()["ResponseMetadata"]["HTTPStatusCode"] == 200


@by_call
@pytest.mark.parametrize(
    "answer",
    [Answer({}), Answer(PAGE), Answer(JSON), Answer(PAGE, b"<html>"), Answer(OF_THE_SERVICE | PAGE, b"<html>")],
    ids=["empty", "empty page", "empty JSON", "page", "page over the service"],
)
def test_nothing_from_somebody_who_knows_no_request_is_no_success_and_a_page_never_is(
    answer: Answer, call: Any, says: list[Answer]
) -> None:
    says.append(answer)
    with pytest.raises(UnexpectedResponseError, match=r"DeleteCampaign.*200"):
        call()
