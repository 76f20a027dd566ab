"""The tail: the newest orders of each source, between two runs of ingest, landed by ingest's own code.

A tail is a window of the ledger like any other, except that it does not move the watermark: ingest fetches its time
again, and an order that has not changed by then is not written again, nor queued again.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from aisle.errors import AisleError
from aisle.identity.hashing import PersonHasher
from aisle.orders.archive import Archive
from aisle.orders.client import CompanyApi
from aisle.orders.ledger import Ledger, Proof
from aisle.orders.pull import Puller
from aisle.orders.windows import Window
from aisle.settings import Settings
from aisle.sources import Source, api_sources

log = logging.getLogger(__name__)


def tail_window(watermark: datetime, now: datetime, *, lookback: timedelta, max_age: timedelta) -> Window | None:
    """Return the window from the watermark, or from `lookback` ago if that is earlier, until now: no gap behind ingest.

    None if ingest is further behind than `max_age`: it has history to fetch first.
    """
    if now - watermark > max_age:
        return None
    return Window(min(watermark, now - lookback), now)


class Tail:
    """The tails of one run."""

    def __init__(
        self, api: CompanyApi, archive: Archive, connection: psycopg.Connection[Any], settings: Settings
    ) -> None:
        self._api = api
        self._archive = archive
        self._connection = connection
        self._settings = settings

    def pull(self, now: datetime | None = None) -> Proof:
        """Pull the tail of each source and return the sums. Raises the first error after every source had its turn."""
        proofs, failures = [], []
        for source in api_sources():
            try:
                proofs.append(self._pull(source, now or datetime.now(UTC)))
            except AisleError as error:
                failures.append(error)
                log.warning("the tail of source %s failed: %s", source.name, error)
        if failures:
            raise failures[0]
        return Proof.total(proofs)

    def _pull(self, source: Source, now: datetime) -> Proof:
        ledger = Ledger(self._connection, source.name, self._archive.run_key)
        watermark = ledger.watermark(self._settings.ingest.begins_at)
        window = tail_window(
            watermark,
            now,
            lookback=timedelta(minutes=self._settings.events.tail_minutes),
            max_age=timedelta(hours=self._settings.events.max_age_hours),
        )
        if window is None:
            log.info("source %s is known up to %s only: ingest has to catch up first", source.name, watermark)
            return Proof(0, 0, 0, 0, 0)
        hasher = PersonHasher(self._settings.identity)
        pulled = Puller(source, self._api, self._archive, hasher, self._connection).pull([window], "tail")
        ledger.forget_unchanged(window)
        return pulled.total
