"""Amplitude's own SDK for Python, pointed at the API: each event is stored once, and nothing is sent again."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import amplitude  # type: ignore[import-untyped]
import httpx
import psycopg
import pytest
from amplitude import storage as sdk_storage

from services.migrations import upgrade
from services.stack.postgres import free_port
from tests.integration.serving.test_events_killed import program
from tests.outage import database_away
from tests.served_api import served_api
from tests.serving_metrics import counted
from tests.waiting import wait_for

N_EVENTS = 450


def failures(url: str) -> Counter[str]:
    """How many requests with events were refused, by error."""
    with httpx.Client(base_url=url) as api:
        return counted(api, "aisle_serving_event_failures_total", "error")


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


def test_the_sdk_loses_nothing_while_the_database_is_away_for_a_minute(
    warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = time.time()

    def sdk_milliseconds() -> int:
        """The SDK's clock runs ten times as fast."""
        return int(1000 * (started + 10 * (time.time() - started)))

    monkeypatch.setattr(sdk_storage.utils, "current_milliseconds", sdk_milliseconds)
    upgrade(warehouse_url)
    codes: list[int] = []
    port = free_port()
    with program(warehouse_url, port, tmp_path / "log"):
        client = amplitude.Amplitude("write-key")
        client.configuration.server_url = f"http://127.0.0.1:{port}/2/httpapi"
        client.configuration.min_id_length = 1
        client.configuration.flush_interval_millis = 50
        client.configuration.callback = lambda event, code, message=None: codes.append(code)
        with database_away(warehouse_url):
            began = sdk_milliseconds()
            for number in range(20):
                client.track(amplitude.BaseEvent("click", user_id="12345", event_properties={"item_id": f"P{number}"}))
            wait_for(lambda: sdk_milliseconds() - began >= 60_000 or codes, "a minute of the SDK to pass")
            assert codes == [], "events were given up within a minute"
            assert "database unreachable" in (tmp_path / "log").read_text()
        wait_for(lambda: len(codes) >= 20, "the SDK to be answered")
        client.shutdown()
    assert codes == [200] * 20
    with psycopg.connect(warehouse_url) as connection:
        stored = connection.execute(b"select count(*), count(distinct item_id) from serving.interactions").fetchone()
    assert stored == (20, 20)


@pytest.fixture
def sdk(caplog: pytest.LogCaptureFixture) -> Iterator[amplitude.Amplitude]:
    """The SDK with its defaults; what it logs is in `caplog`, and what it is answered in `answered`."""
    client = amplitude.Amplitude("write-key")
    client.configuration.min_id_length = 1
    client.configuration.flush_interval_millis = 50
    client.configuration.logger = logging.getLogger("amplitude.of-tests")
    caplog.set_level(logging.INFO, "amplitude.of-tests")
    yield client
    client.shutdown()


def test_the_sdk_with_a_wrong_key_says_so_and_stops_after_one_try(
    warehouse_url: str, sdk: amplitude.Amplitude, caplog: pytest.LogCaptureFixture
) -> None:
    upgrade(warehouse_url)
    with served_api(database_url=warehouse_url, amplitude_api_key="another-key") as url:
        before = failures(url)["unauthorized"]
        sdk.configuration.server_url = f"{url}/2/httpapi"
        sdk.track(amplitude.BaseEvent("click", user_id="12345", event_properties={"item_id": "P1"}))
        wait_for(lambda: "Invalid API Key" in caplog.messages, "the SDK to say what is wrong")
        assert failures(url)["unauthorized"] - before == 1


def test_the_sdk_hands_on_in_words_why_events_were_refused(warehouse_url: str, sdk: amplitude.Amplitude) -> None:
    answered: list[tuple[int, str]] = []
    sdk.configuration.callback = lambda event, code, message=None: answered.append((code, message))
    upgrade(warehouse_url)
    with served_api(database_url=warehouse_url, webhook_max_megabytes=0.0001) as url:
        sdk.configuration.server_url = f"{url}/2/httpapi"
        sdk.configuration.flush_queue_size = 1  # of more events together it makes smaller requests first
        for number in range(3):
            sdk.track(amplitude.BaseEvent("click", user_id="12345", event_properties={"item_id": f"P{number}"}))
        wait_for(lambda: len(answered) >= 3, "the SDK to be answered")
    assert {code for code, _ in answered} == {413}
    assert all("send fewer events" in message for _, message in answered)
