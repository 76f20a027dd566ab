"""Wait for what other programs, threads and jobs do: the one place where tests sleep between two looks."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

import httpx
import psycopg
import pytest

T = TypeVar("T")

#: Long enough for a machine that is busy with other tests; only a test that fails waits so long.
_SECONDS = 120


def wait_for(
    condition: Callable[[], T | None],
    what: str | Callable[[], str],
    *,
    seconds: float = _SECONDS,
    interval: float = 0.02,
) -> T:
    """Call the condition every `interval` seconds until its result is true, and return that result.

    `what` names what is awaited; a function is called for it only when a message is needed. Raises AssertionError at
    the time-out.
    """
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() >= deadline:
            name = what() if callable(what) else what
            raise AssertionError(f"timed out after {seconds} s waiting for {name}")
        time.sleep(interval)
    return result


def answers(url: str) -> bool:
    """Return whether a GET of the URL is answered with success."""
    try:
        return httpx.get(url, timeout=5, verify=False).is_success  # reading certificates costs more than the request
    except httpx.TransportError:
        return False


def wait_for_server(url: str, process: subprocess.Popen[bytes], log: Path | None = None) -> None:
    """Wait until the URL answers. Fails with the end of the log as soon as the process has ended."""

    def tail() -> str:
        return f"{url} to answer" + (f":\n{log.read_text()[-3000:]}" if log else "")

    def is_up() -> bool:
        assert process.poll() is None, f"status {process.returncode} while waiting for {tail()}"
        return answers(url)

    wait_for(is_up, tail, interval=0.05)


def settled(describe: Callable[[], dict[str, Any]], *, seconds: float = _SECONDS) -> dict[str, Any]:
    """Describe a resource or job of Personalize until it is ready or has failed; return its last description."""
    latest: dict[str, Any] = {}

    def has_settled() -> bool:
        latest.update(describe())
        return latest["status"] in ("ACTIVE", "COMPLETED") or latest["status"].endswith("FAILED")

    wait_for(has_settled, lambda: f"an end of {latest}", seconds=seconds)
    return latest


def statuses_until(last: str, read: Callable[[], str]) -> list[str]:
    """Read a status until it is the last one; return those that were seen, in their order."""
    seen: list[str] = []

    def is_last() -> bool:
        status = read()
        if status not in seen:
            seen.append(status)
        return status == last

    wait_for(is_last, lambda: f"{last} after {seen}", interval=0.005)
    return seen


def wait_for_blocked_session(url: str) -> None:
    """Wait until a session of the PostgreSQL server waits for a lock that another one holds."""
    with psycopg.connect(url, autocommit=True) as connection:
        wait_for(lambda: connection.execute("select from pg_locks where not granted").fetchall(), "a blocked session")


def poll_often(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the module's loops sleep 50 ms between two polls, whatever they ask for."""
    quick = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: time.sleep(0.05))
    monkeypatch.setattr(module, "time", quick)
