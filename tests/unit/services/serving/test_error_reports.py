"""What Sentry is told of an unexpected error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import sentry_sdk
from fastapi.testclient import TestClient
from sentry_sdk.envelope import Envelope

from services.serving.app import create_app
from services.serving.error_reports import report_errors
from tests.serving_shop import api_settings


class Kept(sentry_sdk.Transport):
    """Keeps events in place of sending them; the counts of sessions, which a client sends once a minute, are none."""

    events: ClassVar[list[Any]]

    def capture_envelope(self, envelope: Envelope) -> None:
        if (event := envelope.get_event()) is not None:
            self.events.append(event)


@pytest.fixture
def kept() -> Iterator[type[Kept]]:
    """A transport of one test: Sentry's client is global, and outlives the test that made it."""
    yield type("KeptHere", (Kept,), {"events": []})
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)


def failing_client() -> TestClient:
    app = create_app(api_settings())

    @app.get("/users/{user_id}")
    async def broken(user_id: str) -> None:
        raise RuntimeError(f"nothing is known of {user_id}")

    return TestClient(app, "http://localhost", raise_server_exceptions=False)


def test_s1_53_an_unexpected_error_is_reported_once_and_names_nobody(kept: type[Kept]) -> None:
    report_errors("https://key@sentry.example/1", kept)
    answer = failing_client().get("/users/alice@example.com?secret=s3cret", headers={"X-API-Key": "s3cret"})
    assert answer.status_code == 500
    (event,) = kept.events
    assert event["exception"]["values"][-1]["type"] == "RuntimeError"
    text = json.dumps(event, default=str)
    assert "alice" not in text
    assert "s3cret" not in text
    assert any(frame["function"] == "broken" for frame in event["exception"]["values"][-1]["stacktrace"]["frames"])


@pytest.mark.parametrize("path", ["/nothing-here", "/api/v1/popular", "/api/v1/popular?limit=x"])
def test_an_error_of_the_caller_is_not_reported(kept: type[Kept], path: str) -> None:
    report_errors("https://key@sentry.example/1", kept)
    assert 400 <= failing_client().get(path).status_code < 500
    assert kept.events == []


def test_without_a_dsn_nothing_is_reported(kept: type[Kept]) -> None:
    report_errors("", kept)
    assert failing_client().get("/users/u1").status_code == 500
    assert kept.events == []
