from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.settings import get_settings
from tests.unit.sources.exports import WOOCOMMERCE, csv_of, woo_item

ROOT = Path(__file__).parents[3]
AFTER_THE_LAST_ORDER = datetime(2026, 7, 1, tzinfo=UTC)
_MINUTES = count(1)  # Airflow names a run by its time: no two may have the same


Run = Callable[..., dict[str, str]]


@pytest.fixture
def run_ingest(
    simulated: Any,
    airflow_metadata: None,
    warehouse_url: str,
    bucket: str,
    aws_connection: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Runs the ingest DAG as of the end of the company's orders; gives the state of each task."""
    connection = {"conn_type": "http", "host": simulated.url, "password": "token-of-the-tests"}
    monkeypatch.setenv("AIRFLOW_CONN_COMPANY_API", json.dumps(connection))
    monkeypatch.setenv("AISLE_INGEST__START_AT", "2024-07-01T00:00:00+00:00")
    monkeypatch.setenv("AISLE_INGEST__MAX_WINDOW_DAYS", "400")
    monkeypatch.setenv("AISLE_INGEST__OVERLAP_HOURS", "20000")
    monkeypatch.setenv("AISLE_INGEST__ATTEMPTS", "2")
    get_settings.cache_clear()

    def run(run_key: str, **params: Any) -> dict[str, str]:
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(str(ROOT / "dags" / "ingest.py"))
        assert not bag.import_errors
        dag = bag.dags["ingest"]
        for task in dag.tasks:
            task.retries = 0
        ended = dag.test(
            run_after=AFTER_THE_LAST_ORDER + timedelta(minutes=next(_MINUTES)), run_conf={"run_key": run_key, **params}
        )
        return {task.task_id: str(task.state) for task in ended.get_task_instances()}

    return run


def announcements(run_key: str) -> int:
    """How often the asset was emitted with this run key."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session

    with create_session() as session:
        return sum(event.extra.get("run_key") == run_key for event in session.query(AssetEvent))


def items_accounted_for(url: str) -> int:
    with psycopg.connect(url) as connection:
        totals = connection.execute(
            "select (select sum(1 + merged_lines) from raw.company__order_items)"
            " + (select coalesce(sum(n_lines), 0) from raw.company__rejects)"
        ).fetchone()
    assert totals
    return int(totals[0])


def test_a_run_accounts_for_every_item_and_the_next_one_finds_nothing_new(
    run_ingest: Run, simulated: Any, warehouse_url: str
) -> None:
    ended = dict.fromkeys(("pull_pos", "pull_oe", "announce_orders"), "success")
    assert run_ingest("first") == {**ended, "read_drops": "skipped"}
    assert items_accounted_for(warehouse_url) == simulated.health()["order_lines"]
    assert announcements("first") == 1
    with psycopg.connect(warehouse_url) as connection:
        receipts = connection.execute(
            "select subject, rows_in, details ->> 'watermark' from ops.receipts where stage = 'ingest' order by subject"
        ).fetchall()
    assert [subject for subject, _, _ in receipts] == ["oe", "pos"]
    assert sum(rows_in for _, rows_in, _ in receipts) == simulated.health()["order_lines"]
    assert {datetime.fromisoformat(watermark).month for _, _, watermark in receipts} == {7}
    assert run_ingest("second")["announce_orders"] == "skipped"


def test_a_run_reads_the_files_that_were_dropped(
    run_ingest: Run, warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_INGEST__DROPS", str(tmp_path))
    get_settings.cache_clear()
    (tmp_path / "woocommerce").mkdir()
    (tmp_path / "woocommerce" / "orders.csv").write_bytes(csv_of(WOOCOMMERCE, [woo_item(1)]))
    (tmp_path / "woocommerce" / "bad.csv").write_bytes(b"")
    assert run_ingest("drops", source="pos")["read_drops"] == "success"
    with psycopg.connect(warehouse_url) as connection:
        statement = "select rows_out, details -> 'failed' from ops.receipts where subject = 'drops'"
        assert connection.execute(statement).fetchone() == (1, ["bad.csv"])
    assert announcements("drops") == 1


def test_a_run_rechecks_when_that_is_due_and_its_receipt_says_what_it_found(
    run_ingest: Run, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_INGEST__OVERLAP_HOURS", "48")
    get_settings.cache_clear()
    run_ingest("known", source="pos")
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("update ops.ingest_windows set started_at = now() - interval '8 days'")
        connection.execute("delete from raw.company__orders where ordered_at < '2026-06-20'")
    run_ingest("looks", source="pos")
    with psycopg.connect(warehouse_url) as connection:
        details = connection.execute("select details -> 'recheck' from ops.receipts where run_key = 'looks'").fetchone()
        oldest = connection.execute("select min(ordered_at)::date from raw.company__orders").fetchone()
    assert details
    assert details[0]["days"] == 90
    assert 0 < details[0]["days_read_again"] <= 90
    assert details[0]["orders_changed"] > 0
    assert oldest
    assert oldest[0] >= date(2026, 3, 31)


def test_a_failed_recheck_delays_no_new_order(
    run_ingest: Run, simulated: Any, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_INGEST__OVERLAP_HOURS", "48")
    get_settings.cache_clear()
    run_ingest("known", source="pos")
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("update ops.ingest_windows set started_at = now() - interval '8 days'")
        connection.execute("delete from raw.company__orders where ordered_at > '2026-06-01'")
    good_window = {"kind": "late_edit", "source": "pos", "city": "Multan"}
    simulated.arm(good_window, {"kind": "error", "source": "pos", "times": None, "after": 1})
    states = run_ingest("looks", source="pos")
    assert (states["pull_pos"], states["announce_orders"]) == ("success", "success")
    with psycopg.connect(warehouse_url) as connection:
        details = connection.execute("select details -> 'recheck' from ops.receipts where run_key = 'looks'").fetchone()
        failed = connection.execute("select kind, state from ops.ingest_windows where run_key = 'looks' order by kind")
        assert failed.fetchall() == [("recheck", "failed"), ("scheduled", "proven")]
    assert details
    assert "status 5" in details[0]["failed"]


def test_orders_that_landed_while_the_other_source_failed_are_announced_by_the_next_run(
    run_ingest: Run, simulated: Any
) -> None:
    simulated.arm({"kind": "error", "source": "oe", "times": None})
    assert run_ingest("broken") == {
        "pull_pos": "success",
        "pull_oe": "failed",
        "read_drops": "skipped",
        "announce_orders": "upstream_failed",
    }
    # Nothing changes in this run: what it announces are the orders of the broken one.
    assert run_ingest("next", source="pos") == {
        "pull_pos": "success",
        "pull_oe": "skipped",
        "read_drops": "skipped",
        "announce_orders": "success",
    }
    assert announcements("next") == 1
