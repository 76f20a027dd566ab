"""Who calls: a program with an API key, a user with a token, or a person who logs in to a page.

Keys are compared by their sha256, in constant time. Only pages can be opened to everybody, and only on loopback.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, Header, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBasic, HTTPBasicCredentials, HTTPBearer

from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.text import tidy
from services.serving.dependencies import dependencies_of
from services.serving.errors import (
    Forbidden,
    IdentityKeyMissing,
    InvalidRequest,
    LoginNeeded,
    RateLimited,
    TokenRefused,
    Unauthorized,
)
from services.serving.tokens import UserTokens

_bearer = HTTPBearer(auto_error=False, description="`Authorization: Bearer <API key>`")
_basic = HTTPBasic(auto_error=False, description="Any user, with the API key as password")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The API key alone")


_token = HTTPBearer(
    auto_error=False, scheme_name="UserToken", bearerFormat="JWT",
    description="`Authorization: Bearer <token>`: the token of a user, or an API key beside `X-User-ID`",
)  # fmt: skip
NamedUser = Annotated[
    str | None,
    Header(
        alias="X-User-ID", min_length=1, max_length=LONGEST_ID, description="With an API key: the user to act for",
        openapi_examples={"a user": {"value": "3f2a9c"}},
    ),
]  # fmt: skip


class ApiKeys:
    """The accepted keys, known by their hashes only."""

    def __init__(self, hashes: Iterable[str]) -> None:
        self._hashes = tuple(hashes)

    def accept(self, key: str) -> bool:
        """Whether `key` is one of them. Every hash is looked at, so the time tells nothing about which one it was."""
        given = hashlib.sha256(key.encode()).hexdigest()
        return sum(hmac.compare_digest(given, known) for known in self._hashes) > 0


async def require_api_key(
    request: Request,
    _in_bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    _in_header: Annotated[str | None, Security(_header)],
) -> None:
    """Refuse a request without an accepted key; the parameters put both ways to send it into the document."""
    check_api_key(request)


def has_api_key(request: Request) -> bool:
    """Whether the headers of a request carry an accepted key."""
    key = _key_in(request)
    return bool(key) and request.app.state.api_keys.accept(key)


def check_api_key(request: Request) -> None:
    """Refuse a request whose headers carry no accepted key."""
    key = _key_in(request)
    if not key:
        raise Unauthorized("send an API key as 'Authorization: Bearer <key>' or 'X-API-Key: <key>'")
    if not request.app.state.api_keys.accept(key):
        raise Unauthorized("this API key is not accepted; ask whoever runs Aisle for one")


def _key_in(request: Request) -> str | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key")


async def current_user(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_token)],
    header: Annotated[str | None, Security(_header)],
    named: NamedUser = None,
) -> str:
    """Return the user id of the subject of a token, or of the user whom the holder of an API key names."""
    people = dependencies_of(request).people
    credential = bearer.credentials if bearer else header
    if not credential:
        raise Unauthorized(
            "send a user token as 'Authorization: Bearer <token>', or an API key and 'X-User-ID: <user>'"
        )
    if request.app.state.api_keys.accept(credential):
        if not tidy(named):
            raise InvalidRequest("an API key stands for no user: name one in the header X-User-ID")
        return await people.user_id(str(named))
    user_id = dependencies_of(request).once(UserTokens).user_of(credential)
    if named not in (None, user_id):
        raise Forbidden("this token is of another user than X-User-ID names: leave the header out")
    return await people.user_id(user_id)


#: Whose data a route is about.
CurrentUser = Annotated[str, Depends(current_user)]


#: What such a route may be refused with.
USER_ERRORS = (Unauthorized, TokenRefused, Forbidden, RateLimited, IdentityKeyMissing)


async def require_login(request: Request, login: Annotated[HTTPBasicCredentials | None, Security(_basic)]) -> None:
    """Let the browser ask for the API key, unless the settings open the pages."""
    if dependencies_of(request).settings.open_pages:
        return
    if login is None or not request.app.state.api_keys.accept(login.password):
        raise LoginNeeded("log in with any name and an API key as the password")


async def require_visitor(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    header: Annotated[str | None, Security(_header)],
    login: Annotated[HTTPBasicCredentials | None, Security(_basic)],
) -> None:
    """Let in whoever sees a page, and programs with an API key."""
    key = header or (bearer.credentials if bearer else None) or (login.password if login else None)
    if dependencies_of(request).settings.open_pages or (key and request.app.state.api_keys.accept(key)):
        return
    raise LoginNeeded("log in with any name and an API key as the password, or send the key as a bearer token")
