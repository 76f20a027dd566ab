"""The gate in a DAG: its name, its failure, its receipt, and the event that wakes the next stage."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk import dag

from aisle.dag import gate as gate_module
from aisle.dag.assets import MARTS, RAW_ORDERS
from aisle.dag.defaults import TASK_DEFAULTS
from aisle.dag.gate import gate
from aisle.errors import GateStopped
from aisle.quality.suites import suites_of
from aisle.settings import get_settings


@pytest.fixture
def gated(good_world: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The task `gate_marts` of a DAG over the good world, in a run named `by-hand`."""
    monkeypatch.setenv("AISLE_DOCS__DIRECTORY", str(tmp_path))
    monkeypatch.setattr(gate_module, "warehouse_url", lambda: good_world)
    monkeypatch.setattr(gate_module, "run_key_of_context", lambda: "by-hand")
    get_settings.cache_clear()

    @dag(dag_id="gated", schedule=None, start_date=datetime(2024, 1, 1, tzinfo=UTC), default_args=TASK_DEFAULTS)
    def gated_dag() -> None:
        gate("raw") >> gate("marts", outlets=[MARTS])

    yield gated_dag().get_task("gate_marts")
    get_settings.cache_clear()


def receipts(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select run_key, stage, subject, rows_in, rows_out, details from ops.receipts"
        ).fetchall()


def events() -> dict[Any, Any]:
    """What Airflow hands a task for the events of its outlets."""
    return {MARTS: SimpleNamespace(extra={})}


def test_a_gate_is_a_task_of_its_boundary_that_can_be_chained(gated: Any) -> None:
    assert gated.task_id == "gate_marts"
    assert gated.upstream_task_ids == {"gate_raw"}
    assert gated.outlets == [MARTS]
    assert RAW_ORDERS not in gated.outlets


def test_passing_writes_a_receipt_and_emits_the_run_key(gated: Any, good_world: str, tmp_path: Path) -> None:
    with psycopg.connect(good_world) as connection:
        connection.execute("update personalize.users set location = null")
    outlet_events = events()
    gated.python_callable(outlet_events=outlet_events)
    assert outlet_events[MARTS].extra == {"run_key": "by-hand"}
    noted = {"noted": ["marts_users_coverage.users_have_locations"]}
    n_checks = sum(len(suite.checks) for suite in suites_of("marts"))
    assert receipts(good_world) == [("by-hand", "quality", "marts", n_checks, n_checks - 1, noted)]
    assert (tmp_path / "quality" / "marts_users_coverage" / "by-hand.html").exists()


def test_stopping_leaves_no_receipt_and_emits_nothing(gated: Any, good_world: str) -> None:
    with psycopg.connect(good_world) as connection:
        connection.execute("update personalize.users set age = 999")
    outlet_events = events()
    with pytest.raises(GateStopped):
        gated.python_callable(outlet_events=outlet_events)
    assert outlet_events[MARTS].extra == {}
    assert receipts(good_world) == []
