from __future__ import annotations

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
    InvalidClientTokenId,
    MissingAuthenticationToken,
    SignatureDoesNotMatch,
)
from services.engine.signature import AccessKeys, SignedRequest

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
    return request._replace(headers=Headers({**request.headers, name: value}))


@pytest.mark.parametrize(
    "request_",
    [
        signed(),
        signed("bob", "builder"),
        signed(query="b=2&a=x%20y&a=1&c="),
        signed(**{"X-Amz-Security-Token": "token", "X-Amz-Odd": "  many   spaces "}),
    ],
)
def test_what_botocore_signs_is_accepted(request_: SignedRequest) -> None:
    KEYS.check(request_)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (signed()._replace(headers=Headers({})), MissingAuthenticationToken),
        (with_header(signed(), "authorization", "Basic YTpi"), IncompleteSignature),
        (with_header(signed(), "authorization", "AWS4-HMAC-SHA256 Credential=alice"), IncompleteSignature),
        (with_header(signed(), "x-amz-date", "yesterday"), IncompleteSignature),
        (with_header(signed(), "x-amz-date", "20200101T000000Z"), SignatureDoesNotMatch),
        (signed("carol", "wonderland/+1"), InvalidClientTokenId),
        (signed(secret="builder"), SignatureDoesNotMatch),
        (signed(service="s3"), SignatureDoesNotMatch),
        (signed()._replace(body=BODY + b" "), SignatureDoesNotMatch),
        (signed()._replace(path="/events"), SignatureDoesNotMatch),
        (signed()._replace(query="a=1"), SignatureDoesNotMatch),
        (signed()._replace(method="GET"), SignatureDoesNotMatch),
        (with_header(signed(), "host", "elsewhere"), SignatureDoesNotMatch),
        (with_header(signed(), "x-amz-target", "AmazonPersonalize.DeleteSchema"), SignatureDoesNotMatch),
    ],
)
def test_anything_else_is_refused(request_: SignedRequest, error: type[FrontDoorError]) -> None:
    with pytest.raises(error) as raised:
        KEYS.check(request_)
    assert raised.value.code == error.__name__
    assert "wonderland" not in str(raised.value)


@pytest.mark.parametrize(("minutes", "accepted"), [(14, True), (-14, True), (16, False), (-16, False)])
def test_clocks_may_be_a_quarter_of_an_hour_apart(minutes: int, accepted: bool) -> None:
    now = datetime.now(UTC) + timedelta(minutes=minutes)
    if accepted:
        KEYS.check(signed(), now)
        return
    with pytest.raises(SignatureDoesNotMatch, match=r"expired|not yet current"):
        KEYS.check(signed(), now)


@pytest.mark.parametrize("text", ["alice", "alice:", ":secret", "alice:a,bob"])
def test_keys_that_are_no_pairs_are_a_configuration_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match="ENGINE_ACCESS_KEYS") as raised:
        AccessKeys.parse(text)
    assert "secret:" not in str(raised.value).replace("id:secret", "")


def test_no_keys_are_no_check() -> None:
    assert not AccessKeys.parse("")
    assert AccessKeys.parse("a:b:c").secrets == {"a": "b:c"}
