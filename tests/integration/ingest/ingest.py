"""Ingest with a company and a warehouse: what the tests of this folder drive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx
import psycopg

from aisle.identity.hashing import PersonHasher
from aisle.orders.archive import Archive
from aisle.orders.client import CompanyApi
from aisle.orders.ledger import Ledger
from aisle.orders.pull import Pulled, Puller
from aisle.orders.recheck import Recheck, Rechecked
from aisle.orders.windows import Window, cut, scheduled_windows
from aisle.settings import Identity
from aisle.sources import api_sources, source_named
from tests.integration.company_served import TOKEN, served_company
from tests.integration.ingest.scripted_company import START


def client_of(company: Any, **changes: Any) -> CompanyApi:
    defaults: dict[str, Any] = {"page_orders": 1000, "timeout_seconds": 2, "attempts": 3, "backoff_seconds": 0.01}
    return CompanyApi(company.url, TOKEN, **{**defaults, **changes})


class Ingest:
    """Runs ingest by the clock or as a backfill, and reads what is in the warehouse."""

    start = START

    def __init__(self, company: Any, url: str, s3: Any, bucket: str) -> None:
        self.company, self.url, self.s3, self.bucket = company, url, s3, bucket
        self.settings = Identity(hash_key="key-of-the-tests")  # type: ignore[arg-type]
        self.client_settings: dict[str, Any] = {}

    def run(self, hours: int, run_key: str = "", *, overlap_hours: int = 48, longest_days: int = 31) -> Pulled:
        """A scheduled run of source pos whose own time is `hours` after START."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            watermark = Ledger(connection, "pos", "any").watermark(START)
        windows = scheduled_windows(
            watermark,
            START,
            START + timedelta(hours=hours),
            overlap=timedelta(hours=overlap_hours),
            longest=timedelta(days=longest_days),
        )
        return self.pull(windows, "scheduled", run_key or f"run-{hours}")

    def backfill(self, first_hour: int, last_hour: int) -> Pulled:
        window = Window(START + timedelta(hours=first_hour), START + timedelta(hours=last_hour))
        return self.pull([window], "backfill", f"backfill-{first_hour}")

    def pull_all(self, run_key: str) -> Pulled:
        """All that both sources of a simulated company have, in two windows each, the tills' first."""
        health = self.company.health()
        first, last = (datetime.fromisoformat(health[f"{end}_order_at"]) for end in ("first", "last"))
        windows = cut(first, last + timedelta(seconds=1), (last - first) * 0.6)
        for source in sorted(api_sources(), key=lambda source: source.name, reverse=True):
            pulled = self.pull(windows, "scheduled", run_key, source.name)
        return pulled

    def pull(self, windows: list[Window], kind: Any, run_key: str, source: str = "pos") -> Pulled:
        with (
            client_of(self.company, **self.client_settings) as api,
            psycopg.connect(self.url, autocommit=True) as connection,
        ):
            archive = Archive(self.s3, self.bucket, run_key)
            return Puller(source_named(source), api, archive, PersonHasher(self.settings), connection).pull(
                windows, kind
            )

    def look(self, first_hour: int, last_hour: int, run_key: str = "look") -> Rechecked:
        """The wider look at the whole days of a span."""
        window = Window(START + timedelta(hours=first_hour), START + timedelta(hours=last_hour))
        with client_of(self.company) as api, psycopg.connect(self.url, autocommit=True) as connection:
            archive = Archive(self.s3, self.bucket, run_key)
            puller = Puller(source_named("pos"), api, archive, PersonHasher(self.settings), connection)
            recheck = Recheck(source_named("pos"), api, connection, run_key)
            return recheck.look(window, partial(puller.pull, kind="recheck"), longest=timedelta(days=31))

    def watermark_hours(self) -> float:
        with psycopg.connect(self.url) as connection:
            return (Ledger(connection, "pos", "any").watermark(START) - START) / timedelta(hours=1)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    def gaps_in_hours(self) -> list[tuple[float, float]]:
        hour = timedelta(hours=1)
        with psycopg.connect(self.url) as connection:
            gaps = Ledger(connection, "pos", "any").gaps(START)
        return [((gap.start - START) / hour, (gap.end - START) / hour) for gap in gaps]

    def order_ids(self) -> list[str]:
        return [row[0] for row in self.rows("select order_id from raw.company__orders order by order_id")]

    def items_accounted_for(self) -> int:
        return int(
            self.rows(
                "select (select coalesce(sum(1 + merged_lines), 0) from raw.company__order_items)"
                " + (select coalesce(sum(n_lines), 0) from raw.company__rejects)"
            )[0][0]
        )

    def everything(self) -> list[list[tuple[Any, ...]]]:
        """Every row of raw and identity with the transaction that wrote it: equal means nothing was written."""
        tables = ("raw.company__orders", "raw.company__order_items", "raw.company__rejects", "identity.customers")
        return [self.rows(f"select t.xmin::text, t::text from {table} as t order by 2") for table in tables]


class SimulatedCompany:
    """The company of the simulator, served over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})

    def health(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.get("/health").json()
        return answer

    def arm(self, *faults: dict[str, Any]) -> None:
        self.http.delete("/faults").raise_for_status()
        self.http.post("/faults", json=faults).raise_for_status()


@contextmanager
def simulation(**settings: Any) -> Iterator[SimulatedCompany]:
    """A simulated company with these settings."""
    with served_company(**settings) as url:
        yield SimulatedCompany(url)
