"""The webhook over a warehouse, and what it has stored."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import psycopg
from fastapi.testclient import TestClient

from services.serving.app import create_app
from tests.serving_shop import api_settings

PATHS = ("/webhooks/amplitude/", "/2/httpapi", "/batch")
WEBHOOK, *SDK_PATHS = PATHS
#: As S1 documents it.
EXAMPLE = {
    "event_type": "click",
    "user_id": "12345",
    "event_properties": {"item_id": "doc_123", "item_type": "paper"},
    "time": 1234567890000,
}
#: As an SDK uploads it.
UPLOADED = {
    "event_type": "click", "user_id": "12345", "device_id": "d1", "session_id": 1234567890000,
    "insert_id": "i-1", "time": 1234567890000, "platform": "Web", "event_properties": {"item_id": "doc_123"},
    "library": "amplitude-ts/2.0",
}  # fmt: skip


class Receiver:
    """The API over a warehouse, and what it has stored."""

    def __init__(self, url: str, opened: ExitStack) -> None:
        self.url, self._opened = url, opened

    def api(self, **settings: Any) -> TestClient:
        app = create_app(api_settings(**{"database_url": self.url, **settings}))
        return self._opened.enter_context(TestClient(app, "http://localhost", raise_server_exceptions=False))

    def rows(self, columns: str, table: str = "interactions") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(f"select {columns} from serving.{table} order by 1".encode()).fetchall()


def event(**more: Any) -> dict[str, Any]:
    return {**EXAMPLE, **more}


def click(item_id: object, **more: Any) -> dict[str, Any]:
    return event(event_properties={"item_id": item_id}, **more)
