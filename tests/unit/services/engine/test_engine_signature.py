from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.datastructures import Headers

from aisle.errors import ConfigurationError
from services.engine.errors import (
    FrontDoorError,
    IncompleteSignature,
    InvalidSignature,
    MissingAuthenticationToken,
    UnrecognizedClient,
)
from services.engine.signature import AccessKeys, SignedRequest

#: Signs when it is called: what was signed while tests were collected may have expired by the time it is looked at.
Sign = Callable[[], SignedRequest]

KEYS = AccessKeys.parse("alice:wonderland/+1, bob:builder")
BODY = b'{"campaignArn": "a"}'


def signed(
    key: str = "alice", secret: str = "wonderland/+1", service: str = "personalize", query: str = "", **headers: str
) -> SignedRequest:
    """A request as botocore's own signer signs it."""
    url = f"http://localhost:8101/recommendations{'?' if query else ''}{query}"
    request = AWSRequest("POST", url, headers={"Content-Type": "application/json", **headers}, data=BODY)
    SigV4Auth(Credentials(key, secret), service, "eu-west-1").add_auth(request)
    sent = {name: str(value) for name, value in request.headers.items()}
    return SignedRequest("POST", "/recommendations", query, Headers({"host": "localhost:8101", **sent}), BODY)


def with_header(request: SignedRequest, name: str, value: str) -> SignedRequest:
    return replace(request, headers=Headers({**request.headers, name: value}))


@pytest.mark.parametrize(
    "sign",
    [
        signed,
        lambda: signed("bob", "builder"),
        lambda: signed(query="b=2&a=x%20y&a=1&c="),
        lambda: signed(**{"X-Amz-Security-Token": "token", "X-Amz-Odd": "  many   spaces "}),
    ],
)
def test_what_botocore_signs_is_accepted(sign: Sign) -> None:
    KEYS.check(sign())


@pytest.mark.parametrize(
    ("sign", "error"),
    [
        (lambda: replace(signed(), headers=Headers({})), MissingAuthenticationToken),
        (lambda: with_header(signed(), "authorization", "Basic YTpi"), IncompleteSignature),
        (lambda: with_header(signed(), "authorization", "AWS4-HMAC-SHA256 Credential=alice"), IncompleteSignature),
        (lambda: with_header(signed(), "x-amz-date", "yesterday"), IncompleteSignature),
        (lambda: with_header(signed(), "x-amz-date", "20200101T000000Z"), InvalidSignature),
        (lambda: signed("carol", "wonderland/+1"), UnrecognizedClient),
        (lambda: signed(secret="builder"), InvalidSignature),
        (lambda: signed(service="s3"), InvalidSignature),
        (lambda: replace(signed(), body=BODY + b" "), InvalidSignature),
        (lambda: replace(signed(), path="/events"), InvalidSignature),
        (lambda: replace(signed(), query="a=1"), InvalidSignature),
        (lambda: replace(signed(), method="GET"), InvalidSignature),
        (lambda: with_header(signed(), "host", "elsewhere"), InvalidSignature),
        (lambda: with_header(signed(), "x-amz-target", "AmazonPersonalize.DeleteSchema"), InvalidSignature),
    ],
)
def test_anything_else_is_refused(sign: Sign, error: type[FrontDoorError]) -> None:
    request = sign()
    with pytest.raises(error) as raised:
        KEYS.check(request)
    assert raised.value.code == f"{error.__name__}Exception"
    assert "wonderland" not in str(raised.value)


@pytest.mark.parametrize(("minutes", "accepted"), [(14, True), (-14, True), (16, False), (-16, False)])
def test_clocks_may_be_a_quarter_of_an_hour_apart(minutes: int, accepted: bool) -> None:
    now = datetime.now(UTC) + timedelta(minutes=minutes)
    if accepted:
        KEYS.check(signed(), now)
        return
    with pytest.raises(InvalidSignature, match=r"expired|not yet current"):
        KEYS.check(signed(), now)


@pytest.mark.parametrize("text", ["alice", "alice:", ":secret", "alice:a,bob"])
def test_keys_that_are_no_pairs_are_a_configuration_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match="ENGINE_ACCESS_KEYS") as raised:
        AccessKeys.parse(text)
    assert "secret:" not in str(raised.value).replace("id:secret", "")


def test_no_keys_are_no_check() -> None:
    assert not AccessKeys.parse("")
    assert AccessKeys.parse("a:b:c").secrets == {"a": "b:c"}
