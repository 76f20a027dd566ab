"""The company API's client: whole pages of orders, or an error that says which page was not whole.

A page is given out only when its body is complete JSON. Throttling is waited out, server errors, time-outs and cut-off
bodies are asked for again, and nothing ends a window but the API's own word: a `next_cursor` of null, or an empty page.
A server that sends fewer orders than it was asked for is therefore followed to its end, not believed to be there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from aisle.contracts.company_orders import Source
from aisle.errors import CompanyApiUnavailable, ConfigurationError, ContractBroken, RetryableError, Throttled
from aisle.ingest.windows import Window

log = logging.getLogger(__name__)

#: A server that wants a longer pause gets it from Airflow's own retry, which does not hold a worker.
_LONGEST_PAUSE_SECONDS = 60.0


class _Answer(msgspec.Struct):
    data: list[msgspec.Raw]
    next_cursor: str | msgspec.UnsetType | None = msgspec.UNSET


class _Named(msgspec.Struct):
    order_id: Any = None


_answers = msgspec.json.Decoder(_Answer | list[msgspec.Raw])
_names = msgspec.json.Decoder(_Named)


@dataclass(frozen=True)
class Page:
    """One whole page: its body as it came, and each order in it as it came."""

    number: int
    body: bytes
    orders: list[msgspec.Raw]
    next_cursor: str | msgspec.UnsetType | None


@dataclass
class _Progress:
    """How far a window has been read. Finds out when the server goes round in circles."""

    number: int = 1
    cursor: str | None = None
    cursors: set[str] = field(default_factory=set)
    orders: set[Any] = field(default_factory=set)

    def query(self) -> dict[str, str | int]:
        if self.cursor is not None:
            return {"cursor": self.cursor}
        return {"page": self.number} if self.number > 1 else {}

    def is_circle(self, page: Page) -> bool:
        """Whether the page holds nothing but orders of earlier pages, or points back to where we have been."""
        repeats = bool(page.orders) and self.orders.issuperset(map(_name, page.orders))
        return repeats or page.next_cursor in self.cursors

    def ends_with(self, page: Page) -> bool:
        """Take note of a page; true if the API says that nothing follows it."""
        self.orders.update(map(_name, page.orders))
        self.number += 1
        if isinstance(page.next_cursor, str):
            self.cursor = page.next_cursor
            self.cursors.add(page.next_cursor)
            return False
        return page.next_cursor is None or not page.orders


class CompanyApi:
    """Reads orders over HTTP. Use as a context manager."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        page_orders: int,
        timeout_seconds: float,
        attempts: int,
        backoff_seconds: float = 0.5,
    ) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=timeout_seconds,
        )
        self._page_orders = page_orders
        self._attempts = attempts
        self._backoff = wait_random_exponential(multiplier=backoff_seconds, max=8)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def pages(self, source: Source, window: Window) -> Iterator[Page]:
        """Every page of a window, one at a time.

        Raises CompanyApiUnavailable or Throttled once all tries of a page are used up, ContractBroken or
        ConfigurationError at once.
        """
        progress = _Progress()
        while True:
            page = self._retried(source, window, progress)
            is_last = progress.ends_with(page)
            if page.orders:
                yield page
            if is_last:
                return

    def _retried(self, source: Source, window: Window, progress: _Progress) -> Page:
        tries = Retrying(
            retry=retry_if_exception(_is_worth_a_pause),
            stop=stop_after_attempt(self._attempts),
            wait=self._pause,
            before_sleep=_log_retry,
            reraise=True,
        )
        return tries(self._fetch, source, window, progress)

    def _fetch(self, source: Source, window: Window, progress: _Progress) -> Page:
        asked = f"GET {source.path} of window {window}, page {progress.number}"
        query = {
            "start_date": window.start.isoformat(),
            "end_date": window.end.isoformat(),
            "limit": self._page_orders,
            **progress.query(),
        }
        try:
            response = self._http.get(source.path, params=query)
        except httpx.RequestError as error:
            raise CompanyApiUnavailable(
                f"{asked} from {self._http.base_url}: no whole answer ({type(error).__name__}: {error}); "
                "look whether the company API is up, then run the DAG again: it begins at the watermark"
            ) from error
        _refuse_status(response, asked)
        page = _page(response, asked, progress.number)
        _refuse_circle(page, asked, progress)
        return page

    def _pause(self, state: RetryCallState) -> float:
        """Seconds until the next try: what the server asked for, else longer each time with jitter."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Throttled):
            return error.retry_after_seconds
        return self._backoff(state)


def _is_worth_a_pause(error: BaseException) -> bool:
    if isinstance(error, Throttled):
        return error.retry_after_seconds <= _LONGEST_PAUSE_SECONDS
    return isinstance(error, RetryableError)


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("try %d failed, next in %.1f s: %s", state.attempt_number, state.upcoming_sleep, error)


def _refuse_status(response: httpx.Response, asked: str) -> None:
    status = response.status_code
    if status == 200:
        return
    if status == 429:
        seconds = _retry_after_seconds(response.headers.get("Retry-After", ""))
        raise Throttled(
            f"{asked}: status 429, come back in {seconds:g} s; ask less often, or raise the API's limit", seconds
        )
    if status >= 500 or status == 408:
        raise CompanyApiUnavailable(
            f"{asked}: status {status}; look into the company API's log, then run the DAG again: "
            "it begins at the watermark"
        )
    if status in (401, 403):
        raise ConfigurationError(
            f"{asked}: status {status}; the password of the Airflow connection company_api is not the API's token"
        )
    raise ContractBroken(
        f"{asked}: status {status} where the contract has 200, 429 or 5xx; compare the request with "
        "aisle.contracts.company_orders"
    )


def _retry_after_seconds(header: str) -> float:
    """Seconds of a Retry-After header, which holds seconds or a date; one second if it holds neither."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 1.0


def _page(response: httpx.Response, asked: str, number: int) -> Page:
    try:
        answer = _answers.decode(response.content)
    except msgspec.ValidationError as error:
        raise ContractBroken(
            f"{asked}: status 200 with JSON that is neither a list of orders nor data with next_cursor ({error}); "
            "compare the answer with aisle.contracts.company_orders"
        ) from error
    except msgspec.DecodeError as error:
        raise CompanyApiUnavailable(
            f"{asked}: status 200 with a broken body of {len(response.content)} bytes ({error}); "
            "look whether something between cuts answers off, then run the DAG again: it begins at the watermark"
        ) from error
    if isinstance(answer, list):
        return Page(number, response.content, answer, msgspec.UNSET)
    return Page(number, response.content, answer.data, answer.next_cursor)


def _refuse_circle(page: Page, asked: str, progress: _Progress) -> None:
    """A repeated page stands where another should be, or the server never ends: neither may pass for the end."""
    if progress.is_circle(page):
        raise CompanyApiUnavailable(
            f"{asked}: status 200 with the orders of an earlier page; look whether the company API honours "
            "cursor and page, then run the DAG again: it begins at the watermark"
        )


def _name(order: msgspec.Raw) -> Any:
    """What tells one order from another: its id, or all of it where it has none."""
    try:
        order_id = _names.decode(order).order_id
    except (msgspec.DecodeError, UnicodeDecodeError):
        order_id = None
    return order_id if isinstance(order_id, str | int) else bytes(order)
