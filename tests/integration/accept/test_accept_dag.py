"""A person accepts a level at which a gate has stopped, and says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.errors import GateStopped
from aisle.groups.dataset_group import dataset_groups
from aisle.quality.gate import check_boundary

ASKED = """
insert into ops.receipts (run_key, stage, subject, rows_out, seconds)
values ('first', 'recommend', 'users-input', 1000, 1), ('second', 'recommend', 'users-input', 100, 1)
"""

pytestmark = pytest.mark.usefixtures("aws_connection")


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.fixture
def pass_gate(warehouse_url: str, tmp_path: Path) -> Any:
    """Pass the gate of the batch input of the first group, which has stopped the run `second`."""
    group = dataset_groups()[0]

    def run(run_key: str) -> None:
        check_boundary("batch_input", warehouse_url, run_key, tmp_path, group)

    with psycopg.connect(warehouse_url) as connection:
        connection.execute(ASKED.encode())
    run("first")
    with pytest.raises(GateStopped):
        run("second")
    return run


def test_an_accepted_level_lets_the_gate_pass_and_is_kept_with_who_and_why(
    run_dag: Any, warehouse_url: str, pass_gate: Any
) -> None:
    states = run_dag("accept", "by-hand", boundary="batch_input", reason="ACTIVE_DAYS is 30 now")
    assert states == {"accept_volumes": "success"}
    pass_gate("second")
    assert rows(warehouse_url, "select kind, subject, reason, before, after, is_done from ops.interventions") == [
        ("acceptance", "batch_input", "ACTIVE_DAYS is 30 now", "users asked 1000", "users asked 100", True)
    ]


def test_accepting_again_changes_nothing(run_dag: Any, warehouse_url: str, pass_gate: Any) -> None:
    for _ in range(2):
        run_dag("accept", "again", boundary="batch_input", reason="fewer stores")
    assert rows(warehouse_url, "select count(*) from ops.volumes where is_accepted") == [(1,)]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"boundary": "batch_input", "reason": " "}, id="no reason"),
        pytest.param({"boundary": "export", "reason": "fewer stores"}, id="nothing measured"),
    ],
)
def test_without_a_reason_or_a_measurement_nothing_is_accepted(
    run_dag: Any, warehouse_url: str, pass_gate: Any, given: dict[str, str]
) -> None:
    assert run_dag("accept", "refused", **given) == {"accept_volumes": "failed"}
    with pytest.raises(GateStopped):
        pass_gate("second")
    assert rows(warehouse_url, "select count(*) from ops.interventions") == [(0,)]
