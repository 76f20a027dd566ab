"""A killed PostgreSQL is started again under the running stack, and orders flow again."""

from __future__ import annotations

import os
import signal
import time

import httpx
import psycopg
import pytest

from services.stack.supervisor import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_a_killed_postgresql_comes_back_and_orders_flow_again(stack: Stack) -> None:
    postmaster, *_ = stack.pids
    os.kill(postmaster, signal.SIGKILL)
    deadline = time.monotonic() + 300
    while stack.pids[0] == postmaster or not (_serves(stack) and stack.airflow.is_healthy()):
        assert time.monotonic() < deadline, "the stack is not healthy again"
        stack.tend()
        time.sleep(1)
    assert _runs(stack, "ingest")["state"] == "success"
    with psycopg.connect(stack.addresses.warehouse_url) as connection:
        assert connection.execute("select count(*) > 100 from raw.company__orders").fetchone() == (True,)


def _serves(stack: Stack) -> bool:
    try:
        return httpx.get(f"{stack.addresses.serving}/health/ready", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _runs(stack: Stack, dag_id: str) -> dict[str, object]:
    """A whole run, meanwhile tended as the command does it."""
    return stack.airflow.wait(
        dag_id, stack.airflow.trigger(dag_id), timeout_seconds=300, on_look=lambda _: stack.tend()
    )
