"""How calls are sent: attempts, waits between them, and what is made of a response. Synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import functools
import os
import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from aisle_client.calls import Call
from aisle_client.errors import ApiError, NotConfigured, Unreachable

Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")
Outcome = httpx.Response | httpx.TransportError

#: The API, or a proxy before it, could not answer just now.
_PASSING = frozenset({429, 502, 503, 504})
_LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class Retries:
    """How often a call is tried, and how long the first wait is; each next one is twice as long."""

    attempts: int = 4
    backoff_seconds: float = 0.2

    def wait_after(self, attempt: int, outcome: Outcome) -> float | None:
        """Return the seconds until the next attempt (the first is 1); None if there is to be none."""
        if attempt >= self.attempts:
            return None
        if isinstance(outcome, httpx.TransportError):
            return self._backoff(attempt)
        if outcome.status_code not in _PASSING:
            return None
        asked_for = outcome.headers.get("Retry-After", "")
        if not asked_for.isdecimal():
            return self._backoff(attempt)
        return min(float(asked_for), _LONGEST_WAIT_SECONDS)

    def _backoff(self, attempt: int) -> float:
        longest: float = min(self.backoff_seconds * 2 ** (attempt - 1), _LONGEST_WAIT_SECONDS)
        return longest * random.uniform(0.5, 1)  # clients that failed together do not return together


class _Service:
    """What all services know: the address, the key, and when to try again."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_seconds: float = 5,
        retries: Retries | None = None,
    ) -> None:
        self._url = _configured(url, "url", "AISLE_URL").rstrip("/")
        self._api_key = _configured(api_key, "api_key", "AISLE_API_KEY")
        self._timeout_seconds = timeout_seconds
        self._retries = retries or Retries()

    def _options(self) -> dict[str, Any]:
        return {  # no redirects are followed: the key goes to this address alone
            "base_url": self._url,
            "timeout": self._timeout_seconds,
            "headers": {"Authorization": f"Bearer {self._api_key}", "Accept": "application/json"},
        }

    def _request(self, call: Call[Any]) -> dict[str, Any]:
        headers = {"X-Request-ID": call.request_id}
        if call.user_id is not None:
            headers["X-User-ID"] = call.user_id
        body = {} if call.body is None else {"json": call.body}
        return {"method": call.method, "url": call.path, "params": call.params, "headers": headers, **body}

    def _answer(self, call: Call[Answer], outcome: Outcome) -> Answer:
        """Return the result of a call. Raises Unreachable, ApiError."""
        if isinstance(outcome, httpx.TransportError):
            raise Unreachable(
                f"calling {call.what}: no response from {self._url} ({type(outcome).__name__}), in "
                f"{self._retries.attempts} attempts; look whether the API runs, and whether this is its address"
            ) from outcome
        if not outcome.is_success:
            raise _api_error(outcome)
        try:
            return call.read(outcome.json())
        except (ValueError, KeyError, TypeError) as error:
            raise ApiError(
                "unexpected_answer",
                f"calling {call.what}: {self._url} did not answer as Aisle does ({type(error).__name__}); look whether "
                "this is its address",
                outcome.status_code,
                outcome.headers.get("X-Request-ID"),
            ) from error


class Service(_Service):
    """A service of the API. Use it as a context manager, or `close` it, to end its connections."""

    def __init__(self, *arguments: Any, http: httpx.Client | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._http = http or httpx.Client(**self._options())

    def run(self, call: Call[Answer]) -> Answer:
        """Send a call, again while that may help, and return its result."""
        attempt = 1
        while (wait := self._retries.wait_after(attempt, outcome := self._send(call))) is not None:
            time.sleep(wait)
            attempt += 1
        return self._answer(call, outcome)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, call: Call[Any]) -> Outcome:
        try:
            return self._http.request(**self._request(call))
        except httpx.TransportError as error:
            return error


class AsyncService(_Service):
    """The same, for `asyncio`."""

    def __init__(self, *arguments: Any, http: httpx.AsyncClient | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._http = http or httpx.AsyncClient(**self._options())

    async def run(self, call: Call[Answer]) -> Answer:
        """Send a call, again while that may help, and return its result."""
        attempt = 1
        while (wait := self._retries.wait_after(attempt, outcome := await self._send(call))) is not None:
            await asyncio.sleep(wait)
            attempt += 1
        return self._answer(call, outcome)

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, call: Call[Any]) -> Outcome:
        try:
            return await self._http.request(**self._request(call))
        except httpx.TransportError as error:
            return error


def sync(make: Callable[Arguments, Call[Answer]]) -> Callable[Concatenate[Service, Arguments], Answer]:
    """Return the method that makes a call and sends it."""

    @functools.wraps(make)
    def method(self: Service, /, *arguments: Arguments.args, **options: Arguments.kwargs) -> Answer:
        return self.run(make(*arguments, **options))

    return method


def asynchronous(
    make: Callable[Arguments, Call[Answer]],
) -> Callable[Concatenate[AsyncService, Arguments], Coroutine[Any, Any, Answer]]:
    """Return the method that makes a call and sends it without blocking."""

    @functools.wraps(make)
    async def method(self: AsyncService, /, *arguments: Arguments.args, **options: Arguments.kwargs) -> Answer:
        return await self.run(make(*arguments, **options))

    return method


def _configured(value: str | None, argument: str, variable: str) -> str:
    configured = value or os.environ.get(variable)
    if not configured:
        raise NotConfigured(f"the API is not configured: give {argument}=, or set {variable}")
    return configured


def _api_error(response: httpx.Response) -> ApiError:
    """Return the error of a response; a proxy's own page has no code."""
    request_id = response.headers.get("X-Request-ID")
    try:
        error = response.json()["error"]
        return ApiError(str(error["code"]), str(error["message"]), response.status_code, request_id)
    except (ValueError, KeyError, TypeError):
        return ApiError("unexpected_answer", response.reason_phrase, response.status_code, request_id)
