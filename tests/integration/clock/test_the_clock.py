"""Two schedulers on one Airflow: the clock, people and a backfill at the same time; nothing happens twice.

And runs that are late, as the real scheduler, triggerer and API server treat them.
"""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.orders.ledger import Ledger
from aisle.pipeline import BACKFILL, COMPANY_API, WAREHOUSE
from aisle.settings import PROJECT_ROOT
from aisle.sources import api_sources
from tests.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

_SCHEDULERS = "select id from job where job_type = 'SchedulerJob' and state = 'running'"
_STARTED_BY = "select distinct queued_by_job_id from task_instance where queued_by_job_id is not null"
_DEADLINE = "select {} from deadline join dag_run on dag_run.id = dagrun_id where run_id = '{}'"
_TICKS = "select run_after from dag_run where dag_id = 'ingest' and run_type = 'scheduled'"

POOLS_FILE = PROJECT_ROOT / "include" / "airflow" / "pools.json"


@pytest.fixture(scope="module")
def left_alone(running: Any) -> str:
    """A failed run that was not cleared and whose deadline has passed since."""
    run_id = running.stack.airflow.trigger("publish")
    assert running.wait_for_end("publish", run_id) == "failed"
    running.pass_deadline(run_id)
    return str(run_id)


@pytest.fixture(scope="module")
def let_go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cleared run continues as soon as this file exists."""
    return tmp_path_factory.mktemp("late") / "go on"


@pytest.fixture(scope="module")
def cleared(running: Any, left_alone: str, let_go: Path) -> str:
    """A run that failed and was cleared before its deadline, which it missed; it runs until the test releases it."""
    run_id = running.stack.airflow.trigger("publish", {"until_exists": str(let_go)})
    assert running.wait_for_end("publish", run_id) == "failed"
    due_in = _DEADLINE.format("deadline_time - queued_at", run_id)
    assert running.rows(due_in, "airflow") == [(timedelta(minutes=30),)]
    running.clear("publish", run_id)
    running.pass_deadline(run_id)
    return str(run_id)


@pytest.fixture(scope="module")
def worked(running: Any, cleared: str) -> Any:
    """The stack after a backfill over days that ingest fetched meanwhile, by its schedule and by hand."""
    airflow, today = running.stack.airflow, datetime.now(UTC)
    span = {"window_start": (today - timedelta(days=300)).isoformat(), "window_end": today.isoformat()}
    runs = [("backfill", airflow.trigger("backfill", span)), ("ingest", airflow.trigger("ingest"))]
    assert [running.wait_for_end(*run) for run in runs] == ["success", "success"]
    wait_for(
        lambda: len(running.rows(f"{_TICKS} and state = 'success'", "airflow")) >= 2, "two scheduled runs of ingest"
    )
    wait_for(lambda: len(running.rows(_STARTED_BY, "airflow")) == 2, "a task started by each scheduler")
    return running


def test_a_run_with_a_deadline_can_be_cleared_and_is_reported_as_late_once(
    running: Any, worked: Any, cleared: str, let_go: Path
) -> None:
    wait_for(lambda: len(running.alerts_of(cleared)) > 1, "an alert for the late run")
    assert running.alerts_of(cleared) == ["failed", "late"]
    let_go.touch()
    assert running.wait_for_end("publish", cleared) == "success"
    running.clear("publish", cleared)  # after its deadline, too
    assert running.wait_for_end("publish", cleared) == "success"
    assert running.alerts_of(cleared) == ["failed", "late"]


def test_a_run_that_failed_is_not_reported_again_at_its_deadline(running: Any, worked: Any, left_alone: str) -> None:
    assert running.rows(_DEADLINE.format("missed", left_alone), "airflow") == [(True,)]
    assert running.alerts_of(left_alone) == ["failed"]


def test_a_fresh_stack_has_the_declared_pools_in_the_sizes_of_its_file(worked: Any) -> None:
    slots = {pool: entry["slots"] for pool, entry in json.loads(POOLS_FILE.read_text()).items()}
    assert slots[BACKFILL] != 1
    sizes = dict(worked.rows("select pool, slots from slot_pool where pool <> 'default_pool'", "airflow"))
    assert sizes == slots | {BACKFILL: 1}
    used = dict(worked.rows("select distinct dag_id, pool from task_instance", "airflow"))
    assert (used["ingest"], used["backfill"], used["transform"]) == (COMPANY_API, BACKFILL, WAREHOUSE)


def test_a_list_that_is_longer_than_a_page_is_read_to_its_end(worked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.stack.airflow._PAGE_ENTRIES", 2)
    known = {dag_id for (dag_id,) in worked.rows("select dag_id from dag", "airflow")}
    assert worked.stack.airflow.dag_ids() == known
    assert len(known) > 2


def test_both_schedulers_live_and_both_start_tasks(worked: Any) -> None:
    schedulers = worked.rows(_SCHEDULERS, "airflow")
    assert len(schedulers) == 2
    assert sorted(worked.rows(_STARTED_BY, "airflow")) == sorted(schedulers)
    silences = worked.rows(f"select now() - latest_heartbeat from job where id in ({_SCHEDULERS})", "airflow")
    assert all(silence < timedelta(seconds=30) for (silence,) in silences)


def test_every_tick_of_the_clock_is_one_run(worked: Any) -> None:
    ticks = [tick for (tick,) in worked.rows(_TICKS, "airflow")]
    assert len(ticks) == len(set(ticks)) >= 2
    assert {tick.second % 10 for tick in ticks} == {0}
    assert worked.rows("select run_id from dag_run where dag_id <> 'publish' and state = 'failed'", "airflow") == []


def test_one_event_of_an_asset_starts_one_run_of_each_that_follows_it(worked: Any) -> None:
    emitted = worked.rows("select id from asset_event where source_dag_id in ('ingest', 'backfill')", "airflow")
    followed = (
        "select event_id from dagrun_asset_event join dag_run on dag_run.id = dag_run_id where dag_id = 'transform'"
    )
    assert emitted
    wait_for(lambda: set(worked.rows(followed, "airflow")) >= set(emitted), "a transform run for every event")
    events = worked.rows(followed, "airflow")
    assert len(events) == len(set(events))


def test_every_window_is_landed_once_and_the_ledger_has_no_gap(worked: Any) -> None:
    states = {state for (state,) in worked.rows("select distinct state from ops.ingest_windows")}
    assert "proven" in states
    assert states <= {"proven", "running"}  # scheduled runs continue
    runs = dict(worked.rows("select kind, count(distinct run_key) from ops.ingest_windows group by kind"))
    assert runs["backfill"] == 1
    assert runs["scheduled"] >= 2
    assert worked.rows(_OVERLAPS_OF_ONE_RUN) == []
    with psycopg.connect(worked.warehouse_url) as connection:
        for source in api_sources():
            ((began,),) = worked.rows("select min(window_start) from ops.ingest_windows where kind = 'scheduled'")
            ledger = Ledger(connection, source.name, "of the test")
            assert ledger.gaps(began) == []
            assert ledger.watermark(began) > datetime.now(UTC) - timedelta(minutes=5)


def test_every_order_is_written_once(worked: Any) -> None:
    kept_now = "select count(*) from raw.company__orders"  # in one query, because scheduled runs continue
    ((written, kept),) = worked.rows(f"select sum(orders_changed), ({kept_now}) from ops.ingest_windows")
    assert written == kept > 0


def test_schedules_continue_when_one_scheduler_dies(worked: Any) -> None:
    """Last of all, as it stays dead. It dies between two tasks: tests/e2e kills one that is at work."""
    at_work = "select 1 from task_instance where state in ('queued', 'running')"
    wait_for(lambda: not worked.rows(at_work, "airflow"), "a moment without running tasks")
    worked.stack.program("airflow-scheduler").signal(signal.SIGKILL)
    died_at = datetime.now(UTC)
    later = f"{_TICKS} and state = 'success' and run_after > '{died_at.isoformat()}'"
    wait_for(lambda: worked.rows(later, "airflow"), "a later scheduled run of ingest")


#: A run by the clock looks a little behind the watermark, but no run fetches a moment twice.
_OVERLAPS_OF_ONE_RUN = """
    select one.run_key
    from ops.ingest_windows as one
    join ops.ingest_windows as other
        on other.source = one.source and other.run_key = one.run_key and other.kind = one.kind
        and other.window_start > one.window_start and other.window_start < one.window_end
"""
