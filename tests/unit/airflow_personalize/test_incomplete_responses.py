"""An incomplete response is no success, whatever botocore makes of it and whichever class reads it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from airflow_personalize.exceptions import PersonalizeRetryableError
from airflow_personalize.hooks.personalize import PersonalizeHook, PersonalizeRuntimeHook, service_errors
from aisle.groups.resource import Live
from aisle.resources.live import Service
from aisle.resources.removal import remove
from personalize_kinds import kinds
from personalize_kinds.kinds import CAMPAIGN, SOLUTION, SOLUTION_VERSION
from personalize_kinds.responses import IncompleteResponseError, UnexpectedResponseError, check_responses

ARN = "arn:aws:personalize:us-east-1:000000000000:campaign/home"
WHOLE = json.dumps({"campaign": {"campaignArn": ARN, "status": "ACTIVE"}}).encode()
GONE = json.dumps({"__type": "ResourceNotFoundException", "message": "it does not exist"}).encode()
HEAD = "Content-Type: application/x-amz-json-1.1\r\nx-amzn-RequestId: r-1\r\nConnection: close\r\n"
SERVICES = ("personalize", "personalize-runtime", "personalize-events")


def sized(body: bytes, length: int | None = None, status: int = 200) -> bytes:
    """An answer that promises so many bytes; by default as many as it has."""
    return (
        f"HTTP/1.1 {status} OK\r\n{HEAD}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode()
        + body
    )


def unsized(body: bytes, more: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\n{HEAD}{more}\r\n".encode() + body


#: What can be left of an answer, and of a whole one whatever it is not.
CUT = {
    "nothing of what was promised": sized(b"", len(WHOLE)),
    "half of what was promised": sized(WHOLE[:20], len(WHOLE)),
    "half, and the length fits": sized(WHOLE[:20]),
    "half, without a length": unsized(WHOLE[:20]),
    "all but the last brace": sized(WHOLE[:-1]),
    "nothing, without a length": unsized(b""),
    "half a chunk": unsized(b"50\r\n" + WHOLE[:20], "Transfer-Encoding: chunked\r\n"),
    "no last chunk": unsized(f"{len(WHOLE):x}\r\n".encode() + WHOLE + b"\r\n", "Transfer-Encoding: chunked\r\n"),
    "empty": sized(b""),
    "no members": sized(b"{}"),
    "null": sized(b"null"),
    "a list": sized(b"[]"),
    "a text": sized(b'"campaign"'),
    "a number": sized(b"1"),
    "bytes that are no text": sized(b"\xff\xfe{}"),
    "nested without end": sized(b"[" * 100_000),
    "another member": sized(b'{"solution":{"solutionArn":"a","status":"ACTIVE"}}'),
    "member is null": sized(b'{"campaign":null}'),
    "member is a list": sized(b'{"campaign":[]}'),
    "member is a text": sized(b'{"campaign":"home"}'),
    "member is empty": sized(b'{"campaign":{}}'),
    "no status": sized(json.dumps({"campaign": {"campaignArn": ARN}}).encode()),
    "no ARN": sized(b'{"campaign":{"status":"ACTIVE"}}'),
}
by_cut = pytest.mark.parametrize("answer", CUT.values(), ids=CUT.keys())


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What a server in the service's place says byte by byte; the last of the list again and again."""
    said: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                _take_request(connection)
                connection.sendall(said[-1])

    server = Thread(target=serve, daemon=True)
    server.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    extra = {"region_name": "us-east-1", "service_config": {service: {"endpoint_url": url} for service in SERVICES}}
    connection = {"conn_type": "aws", "login": "aisle", "password": "aisle", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    yield said
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    server.join()


def _take_request(connection: socket.socket) -> None:
    """Read it to its end: what is left unread would reset the connection before the answer is read."""
    with connection.makefile("rb") as lines:
        length = 0
        while (line := lines.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        lines.read(length)


def hook() -> PersonalizeHook:
    return PersonalizeHook(config=Config(retries={"max_attempts": 0}))


def in_place() -> Any:
    return hook().conn.describe_campaign(campaignArn=ARN)


def deferred() -> Any:
    async def call() -> Any:
        async with await hook().get_async_conn() as client:
            return await client.describe_campaign(campaignArn=ARN)

    return asyncio.run(call())


by_call = pytest.mark.parametrize("call", [in_place, deferred])


@by_call
@by_cut
def test_an_answer_that_is_not_whole_is_no_answer(answer: bytes, call: Callable[[], Any], says: list[bytes]) -> None:
    says.append(answer)
    with pytest.raises(BotoCoreError):
        call()
    message = "campaign home"
    with pytest.raises(PersonalizeRetryableError, match=message), service_errors("Looking at campaign home"):
        call()


@by_call
def test_a_whole_answer_is_handed_on(call: Callable[[], Any], says: list[bytes]) -> None:
    says.append(sized(WHOLE))
    assert call()["campaign"] == {"campaignArn": ARN, "status": "ACTIVE"}


def test_the_message_names_the_call_what_came_back_and_what_to_do(says: list[bytes]) -> None:
    says.append(sized(WHOLE[:20]))
    with pytest.raises(IncompleteResponseError) as raised:
        in_place()
    assert str(raised.value) == (
        "DescribeCampaign was answered with 20 bytes that are not a JSON object, HTTP status 200: "
        "not a complete response; try again"
    )


def live(kind: kinds.Kind) -> Live:
    return Live(kind, "home", {}, arn=ARN, state="ready")


READERS: dict[str, Callable[[], Any]] = {
    "find": lambda: hook().find(CAMPAIGN, "home"),
    "poll": lambda: hook().poll(CAMPAIGN, ARN),
    "newest active": lambda: hook().newest_active(SOLUTION_VERSION, solutionArn=ARN),
    "all summaries": lambda: list(hook().summaries(SOLUTION)),
    "metrics": lambda: hook().conn.get_solution_metrics(solutionVersionArn=ARN)["metrics"],
    "create": lambda: hook().conn.create_filter(name="f", datasetGroupArn=ARN, filterExpression="x")["filterArn"],
    "recommendations": lambda: PersonalizeRuntimeHook().conn.get_recommendations(campaignArn=ARN, userId="u"),
    "ranking": lambda: PersonalizeRuntimeHook().conn.get_personalized_ranking(
        campaignArn=ARN, userId="u", inputList=["i"]
    ),
    "group of the plan": lambda: service().group("shop"),
    "wait of apply": lambda: service().ready(kinds.CAMPAIGN, ARN),
    "schemas in use": lambda: service().used_schemas("shop"),
    "teardown": lambda: remove(service(), [live(kinds.SOLUTION)], lambda _: None),
}


def service() -> Service:
    """The service of the commands, with a client that nothing but it has touched."""
    url = hook().conn.meta.endpoint_url
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    return Service(boto3.client("personalize", endpoint_url=url, **keys), poll_seconds=0.01)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize("body", [b"", b"{}", b"null", WHOLE[:20]], ids=["empty", "no members", "null", "half"])
def test_a_truncated_response_is_reported_as_no_response(
    reader: Callable[[], Any], body: bytes, says: list[bytes]
) -> None:
    says.append(sized(body))
    with pytest.raises((IncompleteResponseError, PersonalizeRetryableError)):
        reader()


def test_every_summary_of_a_page_is_checked(says: list[bytes]) -> None:
    says.append(sized(json.dumps({"campaigns": [{"campaignArn": ARN, "status": "ACTIVE"}, {"name": "b"}]}).encode()))
    with pytest.raises(IncompleteResponseError, match=r"no campaigns\[\]\.campaignArn"):
        list(hook().summaries(CAMPAIGN))


@pytest.mark.parametrize("tags", [[], [{"tagKey": "team", "tagValue": ""}]], ids=["no tag", "an empty value"])
def test_a_response_that_is_empty_by_its_model_is_complete(tags: list[dict[str, str]], says: list[bytes]) -> None:
    says.append(sized(json.dumps({"tags": tags}).encode()))
    assert hook().conn.list_tags_for_resource(resourceArn=ARN)["tags"] == tags


@pytest.mark.parametrize("body", [b"null", b"[]", b"\xff\xfe", WHOLE[:20], b""], ids=repr)
@by_call
def test_an_error_with_an_unreadable_body_is_reported_by_its_status(
    body: bytes, call: Callable[[], Any], says: list[bytes]
) -> None:
    says.append(sized(body, status=503))
    with pytest.raises(ClientError) as raised:
        call()
    assert raised.value.response["Error"]["Code"] == "503"
    with pytest.raises(PersonalizeRetryableError), service_errors("Looking at campaign home"):
        call()


@by_call
@pytest.mark.parametrize(
    "answer",
    [
        sized(GONE[:30], status=400),
        sized(GONE[:30], len(GONE), status=400),
        sized(b"", len(GONE), status=400),
        sized(b"", status=400),
        sized(b"null", status=404),
        sized(b"\xff\xfe", status=403),
    ],
    ids=["half", "half of what was promised", "nothing of what was promised", "empty", "null", "no text"],
)
def test_a_refusal_that_is_cut_off_refuses_nothing(answer: bytes, call: Callable[[], Any], says: list[bytes]) -> None:
    says.append(answer)
    with pytest.raises(PersonalizeRetryableError), service_errors("Looking at campaign home"):
        call()


def test_a_page_in_place_of_an_answer_is_still_somebody_elses(says: list[bytes]) -> None:
    says.append(sized(b"\xff<html>").replace(b"application/x-amz-json-1.1", b"text/html"))
    with pytest.raises(UnexpectedResponseError, match="text/html"):
        in_place()


@pytest.mark.parametrize("name", SERVICES)
def test_every_operation_with_required_members_is_checked(name: str, says: list[bytes]) -> None:
    """Whatever its model says an operation answers, `{}` is not that; what promises nothing may answer so."""
    says.append(sized(b"{}"))
    session = Session()
    check_responses(session.get_component("event_emitter"), name)
    client = session.create_client(
        name, endpoint_url=hook().conn.meta.endpoint_url, region_name="us-east-1", aws_access_key_id="a",
        aws_secret_access_key="b", config=Config(parameter_validation=False),
    )  # fmt: skip
    for operation in client.meta.service_model.operation_names:
        shape = client.meta.service_model.operation_model(operation).output_shape
        try:
            client._make_api_call(operation, {})
        except IncompleteResponseError:
            assert shape is not None
            assert shape.members, operation
        else:
            assert shape is None or not shape.members, operation
