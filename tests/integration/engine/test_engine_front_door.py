"""What meets a call before it reaches an operation: path, verb, size, signature, and an engine that is not open yet."""

from __future__ import annotations

import http.client
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from pydantic import SecretStr
from starlette.testclient import TestClient

from services.engine.app import Engine
from services.engine.http import MAX_BODY_BYTES, create_app
from services.engine.provider import Provider
from services.engine.settings import EngineSettings
from tests.waiting import wait_for

LIST_SCHEMAS = {"X-Amz-Target": "AmazonPersonalize.ListSchemas"}
SIGNED_BY = (
    "AWS4-HMAC-SHA256 Credential={key}/20200101/eu-west-1/personalize/aws4_request, "
    f"SignedHeaders={{headers}}, Signature={'0' * 64}"
)
HERE = "http://127.0.0.1"


@pytest.fixture(scope="module")
def front_door(engine: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=engine.url) as client:
        yield client


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An engine with access keys; what is asked here is answered before its data matters."""
    settings = EngineSettings(data_dir=tmp_path_factory.mktemp("locked"), access_keys=SecretStr("alice:wonderland"))
    with TestClient(create_app(settings), HERE) as client:
        yield client


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("POST", "/personalized-ranking", 404),
        ("POST", "/recommendations/", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/recommendations", 405),
        ("PUT", "/", 405),
        ("DELETE", "/events", 405),
    ],
)
def test_path_or_verb_of_no_operation_is_unknown(front_door: httpx.Client, verb: str, path: str, status: int) -> None:
    answer = front_door.request(verb, path)
    assert answer.status_code == status
    assert answer.headers["x-amzn-errortype"] == answer.json()["__type"] == "UnknownOperationException"
    assert answer.headers["x-amzn-requestid"]


@pytest.mark.parametrize("path", ["/", "/recommendations", "/events"])
@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 2_000, b"\x00", b"null"])
def test_body_that_is_no_object_is_invalid_input(front_door: httpx.Client, path: str, body: bytes) -> None:
    answer = front_door.post(path, headers=LIST_SCHEMAS, content=body)
    assert answer.status_code == 400
    assert answer.json()["__type"] == "InvalidInputException"
    assert ("x-amzn-errortype" in answer.headers) == (path != "/")


def test_body_larger_than_any_request_is_refused(front_door: httpx.Client) -> None:
    fits = b'{"a": "' + b"x" * (MAX_BODY_BYTES - 9) + b'"}'
    assert front_door.post("/", headers=LIST_SCHEMAS, content=fits).status_code == 200
    answer = front_door.post("/", headers=LIST_SCHEMAS, content=fits + b" ")
    assert answer.status_code == 413
    assert answer.json()["__type"] == "RequestEntityTooLargeException"
    assert front_door.post("/", headers=LIST_SCHEMAS, content=b"{}").status_code == 200


def test_signatures_are_checked_where_keys_are_set(own_engine: Any) -> None:
    engine = own_engine(ENGINE_ACCESS_KEYS="alice:wonderland, bob:builder")

    def listed(key: str, secret: str, service: str = "personalize", **arguments: Any) -> Any:
        client = boto3.client(
            service,
            endpoint_url=engine.url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name="eu-west-1",
        )
        return client.list_schemas() if service == "personalize" else client.get_recommendations(userId="a")

    assert listed("alice", "wonderland")["schemas"] == []
    assert listed("bob", "builder")["schemas"] == []
    for key, secret, service, code, status in [
        ("alice", "builder", "personalize", "InvalidSignatureException", 400),
        ("alice", "builder", "personalize-runtime", "InvalidSignatureException", 403),
        ("carol", "wonderland", "personalize", "UnrecognizedClientException", 400),
        ("carol", "wonderland", "personalize-runtime", "UnrecognizedClientException", 403),
    ]:
        with pytest.raises(ClientError) as raised:
            listed(key, secret, service)
        assert raised.value.response["Error"]["Code"] == code
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert httpx.get(engine.url).status_code == 403
    assert httpx.get(f"{engine.url}/health/ready").status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/", 400), ("/recommendations", 403), ("/events", 403)])
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "MissingAuthenticationTokenException"),
        ({"Authorization": "Bearer of-another-service"}, "IncompleteSignatureException"),
        ({"Authorization": SIGNED_BY.format(key="carol", headers="host")}, "UnrecognizedClientException"),
        ({"Authorization": SIGNED_BY.format(key="alice", headers="host")}, "IncompleteSignatureException"),
        (
            {
                "Authorization": SIGNED_BY.format(key="alice", headers="host;x-amz-date;x-amz-target"),
                "X-Amz-Date": "20200101T000000Z",
            },
            "InvalidSignatureException",
        ),
    ],
    ids=["unsigned", "another scheme", "unknown key", "no date", "expired"],
)
def test_each_protocol_refuses_an_unknown_caller_in_its_own_form(
    locked: TestClient, path: str, status: int, headers: dict[str, str], code: str
) -> None:
    answer = locked.post(path, headers=LIST_SCHEMAS | headers)
    assert (answer.status_code, answer.json()["__type"]) == (status, code)
    assert answer.headers.get("x-amzn-errortype") == (None if path == "/" else code)


def test_keys_stay_out_of_the_log_and_of_settings(own_engine: Any, tmp_path: Path) -> None:
    own_engine(ENGINE_ACCESS_KEYS="alice:wonderland").stop()
    assert "wonderland" not in (tmp_path / "engine.log").read_text()
    assert "wonderland" not in repr(EngineSettings(access_keys=SecretStr("alice:wonderland")))


def test_calls_are_answered_503_until_the_data_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_open, really_open = threading.Event(), Engine.open

    def open_later(settings: EngineSettings) -> Engine:
        assert may_open.wait(120)
        return really_open(settings)

    monkeypatch.setattr(Engine, "open", open_later)
    with TestClient(create_app(EngineSettings(data_dir=tmp_path)), HERE) as client:
        answer = client.post("/", headers=LIST_SCHEMAS)
        assert (answer.status_code, answer.json()["__type"]) == (503, "ServiceUnavailable")
        assert client.get("/health/ready").status_code == client.get("/").status_code == 503
        assert client.get("/health/live").status_code == 200
        may_open.set()
        wait_for(lambda: client.get("/health/ready").is_success, "the engine to open its data")
        assert client.post("/", headers=LIST_SCHEMAS).status_code == 200


def test_engine_that_cannot_open_its_data_ends_with_a_reason(engine: Any) -> None:
    command = [sys.executable, "-m", "services.engine", "--port", "0", "--data-dir", str(engine.data_dir)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert "is in use by another engine" in second.stdout


def test_bug_is_an_internal_failure_without_a_trace_on_the_wire(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_provider: Provider, _call: object) -> dict[str, object]:
        raise ZeroDivisionError("secret of the code")

    monkeypatch.setattr(Provider, "list_schemas", broken)
    with TestClient(create_app(EngineSettings(data_dir=tmp_path)), HERE) as client:
        wait_for(lambda: client.get("/health/ready").is_success, "the engine to open its data")
        answer = client.post("/", headers=LIST_SCHEMAS)
        assert (answer.status_code, answer.json()["__type"]) == (500, "InternalFailure")
        assert answer.headers["x-amzn-requestid"] in answer.json()["message"]
        assert "secret" not in answer.text
        other = client.post("/", headers={"X-Amz-Target": "AmazonPersonalize.ListRecipes"})
        assert other.status_code == 200


def test_idle_connection_is_still_open_after_more_than_uvicorns_five_seconds(engine: Any) -> None:
    """The one test that waits for real: that the option reaches the server can be seen in no other way."""
    connection = http.client.HTTPConnection("127.0.0.1", engine.port)
    connection.request("GET", "/health/live")
    assert connection.getresponse().read()
    opened = connection.sock
    closed, _, _ = select.select([opened], [], [], 6)
    assert closed == []
    connection.request("GET", "/health/live")
    assert connection.getresponse().status == 200
    assert connection.sock is opened
    connection.close()


@pytest.mark.parametrize("path", ["/", "/recommendations", "/personalize-ranking", "/events"])
def test_preflight_request_learns_what_a_page_may_send(front_door: httpx.Client, path: str) -> None:
    asked = "authorization,content-type,x-amz-date,x-amz-target,x-amz-user-agent,amz-sdk-invocation-id"
    question = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": asked,
    }
    answer = front_door.options(path, headers=question)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == asked
    assert int(answer.headers["access-control-max-age"]) >= 7_200
    assert "origin" in answer.headers["vary"].lower()


@pytest.mark.parametrize("status", [200, 400])
def test_page_may_read_errors_and_the_id_of_a_request(front_door: httpx.Client, status: int) -> None:
    headers = LIST_SCHEMAS | {"Origin": "http://localhost:3000"}
    answer = front_door.post("/", headers=headers, content=b"{}" if status == 200 else b"{")
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    exposed = answer.headers["access-control-expose-headers"].lower().split(", ")
    assert {"x-amzn-requestid", "x-amzn-errortype", "date"} == set(exposed)
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/events", "/metrics", "/health/ready", "/nowhere"])
@pytest.mark.parametrize("headers", [{"Host": "shop.example"}, {"Origin": "https://shop.example"}, {"Origin": "null"}])
def test_unsigned_engine_answers_no_foreign_page_and_no_foreign_name(
    front_door: httpx.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    question = {"Access-Control-Request-Method": "POST"} if method == "OPTIONS" else {}
    answer = front_door.request(method, path, headers=LIST_SCHEMAS | question | headers)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert "access-control-allow-origin" not in answer.headers


def test_engine_with_settings_that_let_foreign_pages_in_does_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "services.engine", "--port", "0", "--data-dir", str(tmp_path)]
    environment = {**os.environ, "ENGINE_CORS_ORIGINS": "https://shop.example"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "ENGINE_ACCESS_KEYS" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_call_sees_the_region_that_it_is_signed_for(engine: Any) -> None:
    here, there = (boto3.client("personalize", endpoint_url=engine.url, region_name=region)
                   for region in ("ca-central-1", "ap-south-1"))  # fmt: skip
    arn = here.create_dataset_group(name="of-one-region")["datasetGroupArn"]
    assert arn in [group["datasetGroupArn"] for group in here.list_dataset_groups()["datasetGroups"]]
    assert there.list_dataset_groups()["datasetGroups"] == []
    for ask in (there.describe_dataset_group, there.delete_dataset_group):
        with pytest.raises(there.exceptions.ResourceNotFoundException, match="ca-central-1"):
            ask(datasetGroupArn=arn)
    assert here.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"]["datasetGroupArn"] == arn
