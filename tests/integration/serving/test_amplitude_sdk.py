"""Amplitude's own SDK for Python, pointed at the API: each event is stored once, and nothing is sent again."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import amplitude  # type: ignore[import-untyped]
import psycopg

from services.migrations import upgrade
from services.stack.postgres import free_port
from tests.integration.serving.test_events_killed import program
from tests.waiting import wait_for

N_EVENTS = 450


def test_each_event_of_the_sdk_is_stored_once_though_some_are_of_no_use(warehouse_url: str, tmp_path: Path) -> None:
    upgrade(warehouse_url)
    answered: list[tuple[str, int]] = []
    port = free_port()
    with program(warehouse_url, port, tmp_path / "log"):
        client = amplitude.Amplitude("write-key")
        client.configuration.server_url = f"http://127.0.0.1:{port}/2/httpapi"
        client.configuration.min_id_length = 1
        client.configuration.logger = logging.getLogger("amplitude")
        client.configuration.callback = lambda event, code, message=None: answered.append((event.event_type, code))
        for number in range(N_EVENTS):
            properties: dict[str, Any] = {"item_id": f"P{number:04d}", "price": float("nan") if number == 7 else 1.0}
            client.track(amplitude.BaseEvent("click", user_id="12345", event_properties=properties))
        client.track(amplitude.BaseEvent("click", user_id="12345"))  # without an item
        client.identify(amplitude.Identify().set("plan", "paid"), amplitude.EventOptions(user_id="12345"))
        revenue = amplitude.Revenue(price=2.5, quantity=3, product_id="P-sold")
        client.revenue(revenue, amplitude.EventOptions(user_id="12345"))
        client.flush()
        wait_for(lambda: len(answered) >= N_EVENTS + 3, "the SDK to be answered")
        client.shutdown()
    assert {code for _, code in answered} == {200}
    assert len(answered) == N_EVENTS + 3
    with psycopg.connect(warehouse_url) as connection:
        stored = connection.execute(b"select event_type, count(*) from serving.interactions group by 1 order by 1")
        assert stored.fetchall() == [("click", N_EVENTS), ("purchase", 1)]
        received = connection.execute(b"select outcome, count(*) from serving.received_events group by 1 order by 1")
        assert received.fetchall() == [("processed", N_EVENTS + 1), ("skipped", 2)]
    log = (tmp_path / "log").read_text().splitlines()
    n_requests = sum('"/2/httpapi"' in line for line in log)
    assert n_requests <= N_EVENTS // 200 + 3, "the SDK has sent something again"
