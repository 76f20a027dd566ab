"""The embedded S3 server opens to the stack's own key alone, and holds what S3 clients give it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from services.stack.postgres import free_port
from tests.waiting import wait_for_server

KEY = {"aws_access_key_id": "AISLEKEY", "aws_secret_access_key": "the secret of this stack"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the running program."""
    url = f"http://127.0.0.1:{free_port()}"
    settings = {
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": KEY["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": KEY["aws_secret_access_key"],
    }
    log = tmp_path_factory.mktemp("s3") / "log"
    command = [sys.executable, "-m", "services.stack.object_store"]
    with log.open("w") as output:
        process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for_server(f"{url}/health", process, log)
        client(url).create_bucket(Bucket="orders")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def client(url: str, **other: str) -> Any:
    config = Config(retries={"max_attempts": 1})
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", config=config, **{**KEY, **other})


@pytest.mark.parametrize(
    "key",
    [
        "plain.csv",
        "raw/source=web/window=2026-11-01T00:00:00+00:00/page 1.json.gz",
        "بازار/größe & more?.csv",
        "a//b/../c%20d+e~f'(g)*!.csv",
    ],
)
def test_signed_calls_write_read_list_and_delete_whatever_the_name(store: str, key: str) -> None:
    s3 = client(store)
    s3.put_object(Bucket="orders", Key=key, Body=b"content", Metadata={"rows": "1"})
    assert s3.get_object(Bucket="orders", Key=key)["Body"].read() == b"content"
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="orders", Prefix=key)["Contents"]] == [key]
    s3.delete_objects(Bucket="orders", Delete={"Objects": [{"Key": key}]})
    assert s3.list_objects_v2(Bucket="orders", Prefix=key)["KeyCount"] == 0


def test_an_upload_in_parts_and_ranges_pass_the_door(store: str, tmp_path: Path) -> None:
    content = os.urandom(12 << 20)
    file = tmp_path / "large"
    file.write_bytes(content)
    s3 = client(store)
    s3.upload_file(str(file), "orders", "large", Config=TransferConfig(multipart_threshold=5 << 20))
    s3.download_file("orders", "large", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == content
    assert s3.get_object(Bucket="orders", Key="large", Range="bytes=10-19")["Body"].read() == content[10:20]


@pytest.mark.parametrize(
    "other", [{"aws_access_key_id": "SOMEBODY"}, {"aws_secret_access_key": "a guess"}], ids=["key", "secret"]
)
def test_another_key_is_refused(store: str, other: dict[str, str]) -> None:
    with pytest.raises(ClientError, match=r"SignatureDoesNotMatch.*access key of this stack"):
        client(store, **other).list_objects_v2(Bucket="orders")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/orders?list-type=2"),
        ("PUT", "/orders/planted.csv"),
        ("DELETE", "/orders"),
        ("OPTIONS", "/orders"),
        ("POST", "/moto-api/data.json"),
        ("GET", "/moto-api/"),
        ("GET", "/latest/meta-data/"),
    ],
)
def test_without_a_signature_nothing_is_answered(store: str, method: str, path: str) -> None:
    answer = httpx.request(method, f"{store}{path}")
    assert answer.status_code == 403
    assert client(store).list_buckets()["Buckets"][0]["Name"] == "orders"


@pytest.mark.parametrize(
    "foreign", [{"host": "shop.example"}, {"origin": "http://shop.example"}], ids=["host", "origin"]
)
@pytest.mark.parametrize("path", ["/health", "/orders", "/moto-api/"])
def test_foreign_pages_are_refused_before_anything_is_looked_at(store: str, path: str, foreign: dict[str, str]) -> None:
    answer = httpx.get(f"{store}{path}", headers=foreign)
    assert answer.status_code == 403
    assert "AccessDenied" in answer.text
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_signature_of_another_request_is_not_taken(store: str) -> None:
    """What was signed for one object opens no other, and no other method."""
    signed: dict[str, str] = {}
    s3 = client(store)
    s3.put_object(Bucket="orders", Key="mine", Body=b"mine")
    s3.meta.events.register("before-send.s3.GetObject", lambda request, **_: signed.update(request.headers))
    s3.get_object(Bucket="orders", Key="mine")
    headers = {name: value if isinstance(value, str) else value.decode() for name, value in signed.items()}
    assert httpx.get(f"{store}/orders/mine", headers=headers).status_code == 200
    assert httpx.get(f"{store}/orders/other", headers=headers).status_code == 403
    assert httpx.delete(f"{store}/orders/mine", headers=headers).status_code == 403
