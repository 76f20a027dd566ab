"""The simulated company over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.waiting import wait_for

TOKEN = "token-of-the-tests"


@contextmanager
def served_company(**settings: Any) -> Iterator[str]:
    """URL of a simulated company with these settings."""
    import uvicorn

    from services.company_api.app import create_app
    from services.company_api.settings import CompanyApiSettings

    app = create_app(CompanyApiSettings(token=TOKEN, **settings))  # type: ignore[arg-type]
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started, "the simulated company to serve", interval=0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def connect_company(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it the Airflow connection `company_api`, and let windows be long."""
    from aisle.settings import get_settings

    connection = {"conn_type": "http", "host": url, "password": TOKEN}
    monkeypatch.setenv("AIRFLOW_CONN_COMPANY_API", json.dumps(connection))
    monkeypatch.setenv("AISLE_INGEST__START_AT", "2024-07-01T00:00:00+00:00")
    monkeypatch.setenv("AISLE_INGEST__MAX_WINDOW_DAYS", "200")
    get_settings.cache_clear()
