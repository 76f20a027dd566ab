"""A sender that repeats what was not answered loses nothing and stores nothing twice, whatever dies in between."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg

from services.migrations import upgrade
from services.stack.postgres import free_port
from tests.serving_shop import HASH_KEY, KEY
from tests.waiting import wait_for, wait_for_server

N_EVENTS, PER_REQUEST, N_KILLS = 1200, 10, 3


@contextmanager
def program(url: str, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "SERVING_DATABASE_URL": url,
        "SERVING_API_KEY_HASHES": hashlib.sha256(KEY.encode()).hexdigest(),
        "SERVING_IDENTITY_HASH_KEY": HASH_KEY,
        "SERVING_PORT": str(port),
    }
    with log.open("a") as stderr:
        running = subprocess.Popen([sys.executable, "-m", "services.serving"], env=environment, stderr=stderr)
    try:
        wait_for_server(f"http://127.0.0.1:{port}/health/live", running, log)
        yield running
    finally:
        running.kill()
        running.wait(timeout=60)


def event(number: int) -> dict[str, Any]:
    return {
        "event_type": "click", "user_id": f"user-{number % 7}", "device_id": "d", "insert_id": f"i-{number}",
        "time": 1234567890000, "event_properties": {"item_id": f"P{number:05d}"},
    }  # fmt: skip


class Sender:
    """Sends each piece until it is answered; every third time it cuts the pieces anew, as SDKs do."""

    def __init__(self, port: int) -> None:
        self._api = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)

    def send(self, numbers: range) -> int:
        tries = 0
        pending = [numbers[start : start + PER_REQUEST] for start in range(0, len(numbers), PER_REQUEST)]
        while pending:
            piece = pending.pop(0)
            tries += 1
            if not self._is_answered(piece):
                wait_for(self._is_up, "the API to be there again", seconds=300)
                half = len(piece) // 2
                pending += [piece[:half], piece[half:]] if tries % 3 == 0 and half else [piece]
        return tries

    def _is_up(self) -> bool:
        try:
            return self._api.get("/health/live").status_code == 200
        except httpx.HTTPError:
            return False

    def _is_answered(self, piece: range) -> bool:
        try:
            events = [event(number) for number in piece]
            answer = self._api.post("/2/httpapi", json={"api_key": "k", "events": events}, timeout=10)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and answer.json()["processed"] == len(piece)


def _has_stored(url: str, n_events: int) -> bool:
    with psycopg.connect(url) as connection:
        return bool(connection.execute(b"select count(*) from serving.interactions").fetchall()[0][0] >= n_events)


def test_kill_9_loses_no_event_and_stores_none_twice(warehouse_url: str, tmp_path: Path) -> None:
    upgrade(warehouse_url)
    port, log = free_port(), tmp_path / "log"
    sender = Sender(port)
    with ThreadPoolExecutor(4) as pool:
        quarter = N_EVENTS // 4
        senders = [pool.submit(sender.send, range(part * quarter, (part + 1) * quarter)) for part in range(4)]
        for kill in range(N_KILLS):
            with program(warehouse_url, port, log):
                enough = N_EVENTS * (kill + 1) // (N_KILLS + 2)
                wait_for(partial(_has_stored, warehouse_url, enough), "events to be stored")
        with program(warehouse_url, port, log):
            n_tries = sum(sending.result(timeout=300) for sending in senders)
    assert n_tries > N_EVENTS // PER_REQUEST, "no request was cut off: the test has shown nothing"
    with psycopg.connect(warehouse_url) as connection:
        items = [item for (item,) in connection.execute(b"select item_id from serving.interactions order by 1")]
    assert items == [f"P{number:05d}" for number in range(N_EVENTS)]
