from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import ParamValidationError

from aisle.identity.hashing import PersonHasher
from aisle.orders.archive import Archive
from aisle.orders.client import CompanyApi
from aisle.orders.ledger import Ledger, WindowIsTaken
from aisle.orders.pull import Pulled, Puller
from aisle.orders.windows import Window
from aisle.settings import Identity
from aisle.sources import source_named
from tests.integration.company_served import TOKEN, connect_company, served_company

SPAN = {"window_start": "2025-01-01T00:00:00Z", "window_end": "2026-01-01T00:00:00Z"}
WINDOW = Window(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC))


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch, bucket: str, aws_connection: str) -> Iterator[str]:
    """URL of the tiny company, which is also the Airflow connection `company_api`."""
    with served_company(scale="tiny") as url:
        connect_company(url, monkeypatch)
        yield url


def rows(url: str, query: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


LEDGER = "select source, run_key, kind, state, started_at from ops.ingest_windows order by 1, 2, window_start"
ORDERS = "select count(*) from raw.company__orders where ordered_at >= '2025-01-01' and ordered_at < '2026-01-01'"


def test_a_span_is_pulled_window_by_window_and_the_watermark_stays(
    run_dag: Any, company: str, warehouse_url: str
) -> None:
    states = run_dag("backfill", "bf", **SPAN, source="pos")
    assert set(states.values()) == {"success"}
    windows = rows(warehouse_url, LEDGER)
    assert [(source, kind, state) for source, _, kind, state, _ in windows] == [("pos", "backfill", "proven")] * 2
    assert rows(warehouse_url, ORDERS) == rows(warehouse_url, "select count(*) from raw.company__orders")
    assert rows(warehouse_url, ORDERS)[0][0] > 0
    with psycopg.connect(warehouse_url) as connection:
        start_at = datetime(2024, 7, 1, tzinfo=UTC)
        assert Ledger(connection, "pos", "any").watermark(start_at) == start_at


def test_a_run_that_is_repeated_asks_the_company_for_nothing_it_has_proven(
    run_dag: Any, company: str, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dag("backfill", "bf", **SPAN)
    before = rows(warehouse_url, LEDGER)
    monkeypatch.setattr(CompanyApi, "pages", lambda *_: pytest.fail("the company was asked again"))
    assert set(run_dag("backfill", "bf", **SPAN).values()) <= {"success", "skipped"}
    assert rows(warehouse_url, LEDGER) == before
    assert len(before) == 4


@pytest.mark.parametrize("span", [{}, {"window_start": SPAN["window_start"]}])
def test_a_run_without_a_whole_span_is_not_begun(
    run_dag: Any, company: str, warehouse_url: str, span: dict[str, str]
) -> None:
    with pytest.raises(ParamValidationError, match="window_"):
        run_dag("backfill", "none", **span)
    assert rows(warehouse_url, LEDGER) == []


class Scheduler:
    """Pulls the window over a connection of its own, as a process of its own would; `hold` stops it while it asks."""

    def __init__(self, company: str, url: str, s3: Any, bucket: str) -> None:
        self._company, self._url, self._s3, self._bucket = company, url, s3, bucket

    def pull(self, run_key: str, kind: Any = "backfill", hold: Any = None, window: Window = WINDOW) -> Pulled:
        with (
            CompanyApi(self._company, TOKEN, page_orders=1000, timeout_seconds=5, attempts=2) as api,
            psycopg.connect(self._url, autocommit=True) as connection,
        ):
            archive = Archive(self._s3, self._bucket, run_key)
            hasher = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
            puller = Puller(source_named("pos"), Held(api, hold) if hold else api, archive, hasher, connection)  # type: ignore[arg-type]
            return puller.pull([window], kind)


class Held:
    """An API whose first answer waits until the test releases it."""

    def __init__(self, api: CompanyApi, gate: Gate) -> None:
        self._api, self._gate = api, gate

    @property
    def answered_at(self) -> datetime | None:
        return self._api.answered_at

    def pages(self, *asked: Any) -> Iterator[Any]:
        self._gate.reached.set()
        assert self._gate.open.wait(120)
        yield from self._api.pages(*asked)


class Gate:
    """Where one process waits for the test."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()


@pytest.fixture
def scheduler(company: str, warehouse_url: str, s3: Any, bucket: str) -> Scheduler:
    return Scheduler(company, warehouse_url, s3, bucket)


def test_two_processes_never_work_on_one_window_at_the_same_time(scheduler: Scheduler, warehouse_url: str) -> None:
    gate, first = Gate(), []
    thread = threading.Thread(target=lambda: first.append(scheduler.pull("one-run", hold=gate)))
    thread.start()
    assert gate.reached.wait(120)
    with pytest.raises(WindowIsTaken):
        scheduler.pull("one-run")  # a second scheduler that starts the same task instance
    with pytest.raises(WindowIsTaken):
        scheduler.pull("other-run", "scheduled")
    # Neither has taken the window of the one at work for a dead one's.
    assert rows(warehouse_url, "select run_key, state from ops.ingest_windows") == [("one-run", "running")]
    gate.open.set()
    thread.join(120)
    assert first[0].windows == 1
    assert scheduler.pull("one-run").windows == 0  # it finds the window done
    assert rows(warehouse_url, "select run_key, state from ops.ingest_windows") == [("one-run", "proven")]


def test_a_backfill_beside_the_scheduled_ingest_writes_every_order_once(
    scheduler: Scheduler, warehouse_url: str
) -> None:
    gates = [Gate(), Gate()]
    pulled: list[Pulled] = []
    spans = (WINDOW, Window(WINDOW.start, WINDOW.end.replace(day=2)))  # they overlap, but are not the same

    def work(number: int) -> None:
        kind = "backfill" if number else "scheduled"
        pulled.append(scheduler.pull(f"run-{number}", kind, gates[number], spans[number]))

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for gate in gates:
        assert gate.reached.wait(120)
    for gate in gates:
        gate.open.set()
    for thread in threads:
        thread.join(120)
    changed = sum(pull.total.orders_changed for pull in pulled)
    assert changed == rows(warehouse_url, "select count(*) from raw.company__orders")[0][0] > 0
    assert rows(warehouse_url, "select distinct state from ops.ingest_windows") == [("proven",)]


def test_a_window_whose_process_died_is_taken_up_again(scheduler: Scheduler, warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        Ledger(connection, "pos", "dead-run").begin(WINDOW, "backfill")
    assert scheduler.pull("next-run").windows == 1
    assert rows(warehouse_url, "select run_key, state from ops.ingest_windows order by 1") == [
        ("dead-run", "failed"),
        ("next-run", "proven"),
    ]
