"""Tokens of users: signed by whoever logs users in, and checked here. A token names one user, for a short time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import jwt

from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.text import tidy
from services.serving.errors import TokenRefused
from services.serving.settings import ServingSettings

#: Claims that every token must have.
_REQUIRED = ("sub", "exp", "aud", "iss")


class UserTokens:
    """The tokens that the settings accept. Each algorithm has a key of its own, so that none stands in for another."""

    def __init__(self, settings: ServingSettings) -> None:
        keys = {"HS256": settings.token_secret.get_secret_value(), "RS256": settings.token_public_key}
        self._keys: Mapping[str, str] = MappingProxyType({name: key for name, key in keys.items() if key})
        self._audience = settings.token_audience
        self._issuer = settings.token_issuer
        self._leeway = timedelta(seconds=settings.token_leeway_seconds)

    def user_of(self, token: str) -> str:
        """Return the subject of a token. Raises TokenRefused; the message says why and quotes nothing of the token."""
        if not self._keys:
            raise TokenRefused(
                "this API accepts no user tokens: set SERVING_TOKEN_SECRET or SERVING_TOKEN_PUBLIC_KEY, or send an API "
                "key and name the user in X-User-ID"
            )
        try:
            claims = self._claims(token)
        except jwt.InvalidTokenError as error:
            raise TokenRefused(f"this user token is not accepted: {_reason(error)}; log in again") from error
        except (RecursionError, OverflowError, ValueError) as error:  # JSON that PyJWT cannot read, before any check
            raise TokenRefused("this user token is not accepted: it cannot be read; log in again") from error
        if not _can_be_stored(claims["sub"]):
            raise TokenRefused("this user token is not accepted: its subject can be no user id")
        return str(claims["sub"])

    def _claims(self, token: str) -> dict[str, Any]:
        algorithm = jwt.get_unverified_header(token).get("alg")
        if not isinstance(algorithm, str) or algorithm not in self._keys:
            raise jwt.InvalidAlgorithmError
        claims: dict[str, Any] = jwt.decode(
            token,
            self._keys[algorithm],
            algorithms=[algorithm],
            audience=self._audience,
            issuer=self._issuer,
            leeway=self._leeway,
            options={"require": list(_REQUIRED)},
        )
        return claims


def issue_token(settings: ServingSettings, user_id: str, lifetime: timedelta) -> str:
    """Sign a token of a user with the secret of the settings, as the shop's log-in would."""
    now = datetime.now(UTC)
    claims = {
        "sub": user_id,
        "aud": settings.token_audience,
        "iss": settings.token_issuer,
        "iat": now,
        "exp": now + lifetime,
    }
    return jwt.encode(claims, settings.token_secret.get_secret_value(), algorithm="HS256")


#: PyJWT's own messages may quote what the token says.
_REASONS: Mapping[type[jwt.InvalidTokenError], str] = MappingProxyType(
    {
        jwt.ExpiredSignatureError: "it has expired",
        jwt.ImmatureSignatureError: "it is not valid yet",
        jwt.InvalidIssuedAtError: "it was issued in the future",
        jwt.InvalidAudienceError: "it is for another audience",
        jwt.InvalidIssuerError: "it is of another issuer",
        jwt.InvalidSignatureError: "its signature is wrong",
        jwt.InvalidAlgorithmError: "it is signed with another algorithm",
        jwt.MissingRequiredClaimError: f"it lacks one of the claims {', '.join(_REQUIRED)}",
    }
)


def _can_be_stored(user_id: str) -> bool:
    """Whether there is an id, of a length that the tables take. NUL and halves of characters cannot be stored."""
    return bool(tidy(user_id)) and len(user_id) <= LONGEST_ID and not re.search("[\x00\ud800-\udfff]", user_id)


def _reason(error: jwt.InvalidTokenError) -> str:
    return _REASONS.get(type(error), "it cannot be read")
