"""A shop whose orders become events, the service that takes them, and the groups that they belong to."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from aisle.settings import get_settings
from tests.integration.events.model import Model
from tests.integration.events.scripted_service import ScriptedService, scripted_service
from tests.integration.events.shop import Shop, build_marts, order_of


@pytest.fixture
def shop(warehouse_url: str) -> Shop:
    return Shop(warehouse_url)


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    with scripted_service() as service:
        yield service


@pytest.fixture
def make_order() -> Callable[..., Any]:
    return order_of


@pytest.fixture
def model(personalize: Any, s3: Any, bucket: str, engine_url: str) -> Model:
    return Model(personalize, s3, bucket, engine_url)


@pytest.fixture
def connect_company(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def connect(url: str) -> None:
        connection = {"conn_type": "http", "host": url, "password": "token-of-the-tests"}
        monkeypatch.setenv("AIRFLOW_CONN_COMPANY_API", json.dumps(connection))
        monkeypatch.setenv("AISLE_INGEST__START_AT", (datetime.now(UTC) - timedelta(hours=2)).isoformat())
        monkeypatch.setenv("AISLE_INGEST__ATTEMPTS", "1")
        get_settings.cache_clear()

    return connect


class _NoOrders(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"data": [], "next_cursor": null}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def quiet_company(connect_company: Callable[[str], None]) -> Iterator[None]:
    """A company without orders."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _NoOrders)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    connect_company(f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    server.server_close()


#: Whose file has these has everybody's events, those of customers in Peshawar, and those of the category of drinks.
THREE_GROUPS = """
groups:
  - name: aisle
    datasets: {interactions: {}}
  - name: Shop-North
    where: {users: {location: [Peshawar]}}
    datasets: {interactions: {}, users: {}}
  - name: drinks
    where: {items: {category: [drink]}}
    datasets: {interactions: {}, items: {}}
"""


@pytest.fixture
def describe_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Write the file of the environment; each time to a file of its own, as a file is read once."""

    def describe(text: str) -> None:
        file = tmp_path / f"{uuid.uuid4().hex}.yaml"
        file.write_text(text)
        monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(file))
        get_settings.cache_clear()

    yield describe
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def three_groups(describe_groups: Callable[[str], None]) -> None:
    describe_groups(THREE_GROUPS)


@pytest.fixture
def marts_of() -> Callable[..., None]:
    return build_marts
