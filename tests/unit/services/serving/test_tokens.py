"""Tokens of users: what is accepted, and what is refused with which reason."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.serving.errors import TokenRefused
from services.serving.tokens import UserTokens, issue_token
from tests.serving_shop import api_settings

SECRET = "a-secret-of-the-tests-with-32-bytes-or-more"
HOUR = timedelta(hours=1)
PRIVATE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem_of(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


PUBLIC_KEY = pem_of(PRIVATE_KEY)


def claims(**more: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"sub": "u1", "aud": "aisle", "iss": "aisle", "iat": now, "exp": now + HOUR} | more


def signed(key: Any = SECRET, algorithm: str = "HS256", without: str = "", **more: Any) -> str:
    return jwt.encode({name: value for name, value in claims(**more).items() if name != without}, key, algorithm)


def tokens(**more: Any) -> UserTokens:
    return UserTokens(api_settings(**({"token_secret": SECRET} | more)))


def test_a_token_of_the_settings_names_its_user() -> None:
    assert tokens().user_of(signed()) == "u1"
    assert tokens(token_public_key=PUBLIC_KEY).user_of(signed(PRIVATE_KEY, "RS256", sub="u2")) == "u2"
    assert tokens().user_of(issue_token(api_settings(token_secret=SECRET), "u3", HOUR)) == "u3"
    shop = {"token_audience": "shop", "token_issuer": "https://login.example"}
    assert tokens(**shop).user_of(signed(aud=["other", "shop"], iss="https://login.example")) == "u1"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (signed(exp=datetime.now(UTC) - HOUR), "expired"),
        (signed(nbf=datetime.now(UTC) + HOUR), "not valid yet"),
        (signed(aud="another"), "audience"),
        (signed(iss="another"), "issuer"),
        (signed("another-secret-of-the-tests-with-32-bytes"), "signature"),
        (signed()[:-2], "read"),
        (signed(SECRET * 2, "HS512"), "another algorithm"),
        (jwt.encode(claims(), None, "none"), "another algorithm"),
        (signed(PRIVATE_KEY, "RS256"), "another algorithm"),
        *[(signed(without=claim), "lacks one") for claim in ("exp", "sub", "aud", "iss")],
        (signed(sub=""), "user id"),
        (signed(sub="u" * 256), "user id"),
        (signed(sub="a\x00b"), "user id"),
        (signed(sub="a\ud800b"), "user id"),
        (signed(sub=7), "read"),
        (signed(exp=float("inf")), "read"),
        (signed(exp="tomorrow"), "read"),
        ("", "read"),
        ("a.b.c", "read"),
    ],
)
def test_any_other_token_is_refused_with_the_reason_and_not_quoted(token: str, reason: str) -> None:
    with pytest.raises(TokenRefused, match=reason) as refused:
        tokens().user_of(token)
    assert "another" not in str(refused.value).replace("another audience", "").replace("another issuer", "").replace(
        "another algorithm", ""
    )


def test_the_public_key_is_no_secret_that_a_token_may_be_signed_with() -> None:
    forged = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "HS256"}, claims(iat=0, exp=2**33))
    )
    signature = base64.urlsafe_b64encode(
        jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(forged.encode(), PUBLIC_KEY.encode())
    ).rstrip(b"=")
    for accepted in (
        tokens(token_secret="", token_public_key=PUBLIC_KEY),
        tokens(token_public_key=PUBLIC_KEY),
    ):
        with pytest.raises(TokenRefused):
            accepted.user_of(f"{forged}.{signature.decode()}")


def test_without_a_key_no_token_is_accepted() -> None:
    with pytest.raises(TokenRefused, match="SERVING_TOKEN_SECRET"):
        tokens(token_secret="").user_of(signed())


@pytest.mark.parametrize("text", ["[" * 20_000, '{"a":' * 20_000, "1" * 20_000, '"\\ud800"', "{}", '{"alg":{}}'])
def test_what_cannot_be_read_is_refused_before_it_is_checked(text: str) -> None:
    part = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    for token in (f"{part}.{part}.{part}", f"{part}.e30.e30"):
        with pytest.raises(TokenRefused):
            tokens().user_of(token)


@given(st.text(max_size=200))
def test_no_text_is_anything_but_refused(text: str) -> None:
    with pytest.raises(TokenRefused):
        tokens().user_of(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token_secret", "too short"),
        ("token_public_key", "no PEM"),
        ("token_public_key", pem_of(ec.generate_private_key(ec.SECP256R1()))),
        ("token_public_key", pem_of(rsa.generate_private_key(public_exponent=65537, key_size=1024))),
        ("token_public_key", PRIVATE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()),
    ],
)
def test_keys_that_protect_nothing_are_refused_at_start_up(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=name):
        api_settings(**{name: value})
