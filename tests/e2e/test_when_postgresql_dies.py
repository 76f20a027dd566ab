"""A killed PostgreSQL is started again under the running stack, and orders flow again."""

from __future__ import annotations

import os
import signal

import psycopg
import pytest

from services.stack.supervisor import Stack
from tests.waiting import answers, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3_600)]


def test_a_killed_postgresql_comes_back_and_orders_flow_again(stack: Stack) -> None:
    postmaster, *_ = stack.pids
    os.kill(postmaster, signal.SIGKILL)

    def is_healthy_again() -> bool:
        stack.tend()
        return stack.pids[0] != postmaster and _serves(stack) and stack.airflow.is_healthy()

    wait_for(is_healthy_again, "a healthy stack", seconds=300, interval=1)
    assert _runs(stack, "ingest")["state"] == "success"
    with psycopg.connect(stack.addresses.warehouse_url) as connection:
        assert connection.execute("select count(*) > 100 from raw.company__orders").fetchone() == (True,)


def _serves(stack: Stack) -> bool:
    return answers(f"{stack.addresses.serving}/health/ready")


def _runs(stack: Stack, dag_id: str) -> dict[str, object]:
    """A whole run, meanwhile tended as the command does it."""
    return stack.airflow.wait(
        dag_id, stack.airflow.trigger(dag_id), timeout_seconds=300, on_look=lambda _: stack.tend()
    )
