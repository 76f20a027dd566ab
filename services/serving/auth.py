"""API keys: compared by their sha256, in constant time. Only pages can be opened to everybody, and only on loopback."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBasic, HTTPBasicCredentials, HTTPBearer

from services.serving.dependencies import dependencies_of
from services.serving.errors import LoginNeeded, Unauthorized

_bearer = HTTPBearer(auto_error=False, description="`Authorization: Bearer <API key>`")
_basic = HTTPBasic(auto_error=False, description="Any user, with the API key as password")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The API key alone")


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
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    header: Annotated[str | None, Security(_header)],
) -> None:
    """Refuse a request without an accepted key."""
    key = bearer.credentials if bearer else header
    if not key:
        raise Unauthorized("send an API key as 'Authorization: Bearer <key>' or 'X-API-Key: <key>'")
    if not request.app.state.api_keys.accept(key):
        raise Unauthorized("this API key is not accepted; ask whoever runs Aisle for one")


async def require_login(request: Request, login: Annotated[HTTPBasicCredentials | None, Security(_basic)]) -> None:
    """Let the browser ask for the API key, unless the settings open the pages."""
    if dependencies_of(request).settings.open_pages:
        return
    if login is None or not request.app.state.api_keys.accept(login.password):
        raise LoginNeeded("log in with any name and an API key as the password")
