"""What Sentry is told of an unexpected error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from fastapi.testclient import TestClient
from sentry_sdk.envelope import Envelope

from services.serving.app import create_app
from services.serving.error_reports import report_errors
from tests.serving_shop import api_settings

SENT: list[Any] = []


class Kept(sentry_sdk.Transport):
    def capture_envelope(self, envelope: Envelope) -> None:
        SENT.append(envelope.get_event())


@pytest.fixture
def reported() -> Iterator[list[Any]]:
    SENT.clear()
    yield SENT
    sentry_sdk.init()


def failing_client() -> TestClient:
    app = create_app(api_settings())

    @app.get("/users/{user_id}")
    async def broken(user_id: str) -> None:
        raise RuntimeError(f"nothing is known of {user_id}")

    return TestClient(app, "http://localhost", raise_server_exceptions=False)


def test_s1_53_an_unexpected_error_is_reported_once_and_names_nobody(reported: list[Any]) -> None:
    report_errors("https://key@sentry.example/1", Kept)
    answer = failing_client().get("/users/alice@example.com?secret=s3cret", headers={"X-API-Key": "s3cret"})
    assert answer.status_code == 500
    (event,) = reported
    assert event["exception"]["values"][-1]["type"] == "RuntimeError"
    text = json.dumps(event, default=str)
    assert "alice" not in text
    assert "s3cret" not in text
    assert any(frame["function"] == "broken" for frame in event["exception"]["values"][-1]["stacktrace"]["frames"])


@pytest.mark.parametrize("path", ["/nothing-here", "/api/v1/popular", "/api/v1/popular?limit=x"])
def test_an_error_of_the_caller_is_not_reported(reported: list[Any], path: str) -> None:
    report_errors("https://key@sentry.example/1", Kept)
    assert 400 <= failing_client().get(path).status_code < 500
    assert reported == []


def test_without_a_dsn_nothing_is_reported(reported: list[Any]) -> None:
    report_errors("", Kept)
    assert failing_client().get("/users/u1").status_code == 500
    assert reported == []
