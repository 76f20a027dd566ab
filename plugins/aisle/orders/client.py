"""The company API's client: whole windows of orders, page by page, or an error that says what is incomplete.

The client waits when throttled and repeats requests after server errors, time-outs and truncated bodies. Only the API
ends a window: by a `next_cursor` that is null, blank, or absent after pages that had one, or by an empty page that
leads nowhere new. A short page alone does not end it.

A window whose pages contradict each other or their own claims is cut in two and read again: orders that shift between
pages cannot shift on a single one.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import count
from types import TracebackType
from typing import Self

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from aisle.contracts.company_orders import Day
from aisle.errors import (
    CompanyApiUnavailable,
    ConfigurationError,
    ContractBroken,
    RetryableError,
    Throttled,
    WindowNotWhole,
)
from aisle.orders.answer import Page, read_days, read_page
from aisle.orders.reading import Reading
from aisle.orders.transport import Received, Transport
from aisle.orders.windows import Window, halves
from aisle.orders.wording import quoted, wording_of_body
from aisle.sources import Source

log = logging.getLogger(__name__)

#: Longer pauses are left to Airflow's retry, which does not hold a worker.
_LONGEST_PAUSE_SECONDS = 60.0


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
        max_page_megabytes: float = 64,
        max_window_pages: int = 10_000,
        max_splits: int = 8,
        ignored_members: Collection[str] = (),
    ) -> None:
        self._transport = Transport(base_url, token, timeout_seconds=timeout_seconds, max_megabytes=max_page_megabytes)
        self._page_orders = page_orders
        self._attempts = attempts
        self._backoff = wait_random_exponential(multiplier=backoff_seconds, max=8)
        self._max_window_pages = max_window_pages
        self._max_splits = max_splits
        self._ignored_members = ignored_members
        #: The API's clock at the first answer of the last window; None if it sends none.
        self.answered_at: datetime | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._transport.close()

    def pages(self, source: Source, window: Window) -> Iterator[Page]:
        """Yield the pages of a window that have orders, numbered from 1. At its end the window is complete.

        If pages contradict each other, the orders of both readings are yielded.

        Raises WindowNotWhole if even the smallest part contradicts itself; CompanyApiUnavailable or Throttled after
        the last attempt for a page; ContractBroken or ConfigurationError at once.
        """
        self.answered_at = None
        numbers, parts, n_splits = count(1), [window], 0
        while parts:
            part = parts.pop()
            try:
                yield from (replace(page, number=next(numbers)) for page in self._read(source, part))
            except WindowNotWhole as error:
                if n_splits >= self._max_splits:
                    raise
                n_splits += 1
                parts += reversed(halves(part))
                log.warning("%s; it is read again in two parts (%d of %d)", error, n_splits, self._max_splits)

    def days(self, source: Source, window: Window) -> list[Day] | None:
        """Return the API's summary of each day of a window; None if it has none or does not answer."""
        path = f"{source.path}/days"
        asked = f"GET {path} of window {window}"
        query: dict[str, str | int] = {"start_date": window.start.isoformat(), "end_date": window.end.isoformat()}

        def fetch() -> list[Day] | None:
            received = self._transport.get(path, query, asked)
            if 400 <= received.status < 500 and received.status not in (408, 429):
                return None
            _refuse_status(received, asked)
            return read_days(received.body)

        try:
            return self._tries()(fetch)
        except (CompanyApiUnavailable, ContractBroken, Throttled) as error:
            log.warning("%s; every day is read instead", error)
            return None

    def _read(self, source: Source, window: Window) -> Iterator[Page]:
        """Yield the pages of one reading. Raises WindowNotWhole at its end if the pages contradict each other."""
        reading = Reading(self._page_orders)
        is_over = False
        while not is_over:
            self._refuse_endless(source, window, reading)
            page = self._tries()(self._fetch, source, window, reading)
            if reading.is_first_again(page):
                break
            n_repeats = reading.take(page)
            if page.claims.warning:
                log.warning("GET %s of window %s warns: %s", source.path, window, page.claims.warning)
            if page.orders:
                yield replace(page, n_repeats=n_repeats)
            is_over = reading.is_over(page)
        contradictions = reading.contradictions()
        if contradictions:
            raise WindowNotWhole(
                f"GET {source.path} of window {window} from {self._transport.base_url}: {', '.join(contradictions)}; "
                "have the company API sort by a unique key while it pages, and say only what holds of the window "
                "(AISLE_INGEST__IGNORED_MEMBERS names what does not), then run the DAG again"
            )

    def _refuse_endless(self, source: Source, window: Window, reading: Reading) -> None:
        if reading.number > self._max_window_pages:
            raise ContractBroken(
                f"GET {source.path} of window {window}: no end after {self._max_window_pages} pages; check that the "
                "company API's cursor ends, or allow more pages (AISLE_INGEST__MAX_WINDOW_PAGES) or shorter "
                "windows (AISLE_INGEST__MAX_WINDOW_DAYS)"
            )

    def _tries(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception(_is_worth_a_pause),
            stop=stop_after_attempt(self._attempts),
            wait=self._pause,
            before_sleep=_log_retry,
            reraise=True,
        )

    def _fetch(self, source: Source, window: Window, reading: Reading) -> Page:
        asked = f"GET {source.path} of window {window}, page {reading.number}"
        query = {
            "start_date": window.start.isoformat(),
            "end_date": window.end.isoformat(),
            "limit": self._page_orders,
            **reading.query(),
        }
        received = self._transport.get(source.path, query, asked)
        _refuse_status(received, asked)
        page = read_page(received.body, received.headers, asked, reading.number, self._ignored_members)
        if reading.goes_in_circles(page):
            raise CompanyApiUnavailable(
                f"{asked}: status 200 with the orders of an earlier page; check that the company API honours "
                "cursor and page, then run the DAG again: it begins at the watermark"
            )
        self.answered_at = self.answered_at or _clock_of(received)
        return page

    def _pause(self, state: RetryCallState) -> float:
        """Return the seconds until the next attempt: what the server asked for, else exponential with jitter."""
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


def _refuse_status(received: Received, asked: str) -> None:
    status = received.status
    if status == 200:
        return
    said = quoted(wording_of_body(received.body))
    if status == 429:
        seconds = _retry_after_seconds(received.headers.get("Retry-After", ""))
        raise Throttled(
            f"{asked}: status 429{said}, come back in {seconds:g} s; ask less often, or raise the API's limit", seconds
        )
    if status >= 500 or status == 408:
        raise CompanyApiUnavailable(
            f"{asked}: status {status}{said}; look into the company API's log, then run the DAG again: "
            "it begins at the watermark"
        )
    if status in (401, 403):
        raise ConfigurationError(
            f"{asked}: status {status}{said}; the password of the Airflow connection company_api is not the API's token"
        )
    raise ContractBroken(
        f"{asked}: status {status}{said} where the contract has 200, 429 or 5xx; compare the request with "
        "aisle.contracts.company_orders"
    )


def _retry_after_seconds(header: str) -> float:
    """Return the seconds of a Retry-After header, which has seconds or a date; 1 if it has neither."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 1.0


def _clock_of(received: Received) -> datetime | None:
    """Return when the API made the answer, by its clock: Date plus the Age of a cached answer; None if unknown."""
    try:
        moment = parsedate_to_datetime(received.headers["Date"])
        return moment.astimezone(UTC) + timedelta(seconds=int(received.headers.get("Age", "0")))
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
