"""Check AWS Signature Version 4: that the signer of a call has the secret of an access key.

The algorithm is AWS's published one ("Create a signed AWS API request" in the IAM guide): hash the call in its
canonical form, sign date, scope and hash with a key derived from the secret, and compare.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, quote

from aisle.errors import ConfigurationError
from services.engine.errors import (
    IncompleteSignature,
    InvalidSignature,
    MissingAuthenticationToken,
    UnrecognizedClient,
)

ALGORITHM = "AWS4-HMAC-SHA256"
SIGNING_NAME = "personalize"
#: Maximum difference between the clocks of client and engine.
TOLERANCE = timedelta(minutes=15)

_MOMENT = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM}\s+Credential=(?P<key_id>[^/,\s]+)/(?P<scope>(?P<date>\d{{8}})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)"
    r"/aws4_request)\s*,\s*SignedHeaders=(?P<headers>[^,\s]+)\s*,\s*Signature=(?P<signature>[0-9a-f]{64})"
)
#: Headers that the answer depends on; the body is always signed.
_MUST_BE_SIGNED = ("host", "x-amz-date", "x-amz-target")


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The signed parts of a request. `headers` ignores the case of names; `path` and `query` are as received."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class AccessKeys:
    """Secrets by access key id. Empty: signatures are not checked."""

    secrets: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> AccessKeys:
        """Parse `id:secret,id:secret`. Raises ConfigurationError."""
        pairs = [pair.strip().partition(":") for pair in text.split(",") if pair.strip()]
        if any(not key_id or not secret for key_id, _, secret in pairs):
            raise ConfigurationError("ENGINE_ACCESS_KEYS is not of the form id:secret,id:secret; correct it")
        return cls({key_id: secret for key_id, _, secret in pairs})

    def __bool__(self) -> bool:
        return bool(self.secrets)

    def check(self, request: SignedRequest, now: datetime | None = None) -> None:
        """Raise NotAuthenticated unless the request is signed with one of the keys."""
        given = request.headers.get("authorization")
        if not given:
            raise MissingAuthenticationToken("The call is not signed; sign it with Signature Version 4")
        parts = _AUTHORIZATION.fullmatch(given.strip())
        if not parts:
            raise IncompleteSignature(
                f"The Authorization header must be '{ALGORITHM} Credential=…, SignedHeaders=…, Signature=…'"
            )
        secret = self.secrets.get(parts["key_id"])
        if secret is None:
            raise UnrecognizedClient("The security token included in the request is invalid.")
        moment = _checked_moment(request.headers.get("x-amz-date", ""), parts["date"], now or datetime.now(UTC))
        signed_headers = _checked_headers(parts["headers"], request.headers)
        if parts["service"] != SIGNING_NAME:
            raise InvalidSignature(f"Credential should be scoped to correct service: '{SIGNING_NAME}'.")
        key = _signing_key(secret, parts["date"], parts["region"], parts["service"])
        expected = signature(request, signed_headers, moment, parts["scope"], key)
        if not hmac.compare_digest(expected, parts["signature"]):
            raise InvalidSignature(
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method."
            )


def signature(request: SignedRequest, signed_headers: tuple[str, ...], moment: str, scope: str, key: bytes) -> str:
    """Compute the signature of a request with a signing key, in hexadecimal."""
    hashed = hashlib.sha256(_canonical(request, signed_headers).encode()).hexdigest()
    return _hmac(key, f"{ALGORITHM}\n{moment}\n{scope}\n{hashed}").hex()


def _canonical(request: SignedRequest, signed_headers: tuple[str, ...]) -> str:
    query = sorted((_quoted(name), _quoted(value)) for name, value in parse_qsl(request.query, keep_blank_values=True))
    headers = [f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers]
    return "\n".join(
        [
            request.method,
            quote(request.path, safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in query),
            "".join(headers),
            ";".join(signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )


def _checked_moment(moment: str, date: str, now: datetime) -> str:
    try:
        signed_at = datetime.strptime(moment, _MOMENT).replace(tzinfo=UTC)
    except ValueError as error:
        raise IncompleteSignature("The X-Amz-Date header must be a moment such as 20261121T051400Z") from error
    if not moment.startswith(date):
        raise InvalidSignature(f"Date in Credential scope does not match X-Amz-Date: {date} and {moment}")
    if signed_at < now - TOLERANCE:
        raise InvalidSignature(f"Signature expired: {moment} is now earlier than {now - TOLERANCE:{_MOMENT}}")
    if signed_at > now + TOLERANCE:
        raise InvalidSignature(f"Signature not yet current: {moment} is still later than {now + TOLERANCE:{_MOMENT}}")
    return moment


def _checked_headers(listed: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    names = tuple(listed.split(";"))
    missing = [name for name in _MUST_BE_SIGNED if name in headers and name not in names]
    if missing:
        raise InvalidSignature(f"The header {missing[0]} must be among the signed headers")
    return names


@lru_cache(maxsize=64)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
