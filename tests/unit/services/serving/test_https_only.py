"""SERVING_REQUIRE_HTTPS refuses what was sent in the clear, whatever it asks for."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from services.serving.app import create_app
from tests.serving_shop import api_settings


def status(path: str, headers: dict[str, str], *, scheme: str = "http", require_https: bool = True) -> int:
    client = TestClient(create_app(api_settings(require_https=require_https)), f"{scheme}://localhost")
    return client.get(path, headers=headers).status_code


@pytest.mark.parametrize("path", ["/shop", "/regions", "/docs", "/metrics", "/api/v1/popular", "/nothing", "//health/"])
@pytest.mark.parametrize("said", [{}, {"X-Forwarded-Proto": "http"}, {"X-Forwarded-Proto": "http, https"}])
def test_s3_30_plain_http_is_refused_where_the_flag_is_set(path: str, said: dict[str, str]) -> None:
    assert status(path, said) == 403


@pytest.mark.parametrize("said", ["https", "HTTPS", "https, http"])
def test_s3_30_what_the_proxy_received_by_https_is_answered(said: str) -> None:
    assert status("/openapi.json", {"X-Forwarded-Proto": said}) == 200
    assert status("/openapi.json", {}, scheme="https") == 200


def test_s3_30_health_checks_and_programs_without_the_flag_need_no_https() -> None:
    assert status("/health/live", {}) == 200
    assert status("/openapi.json", {}, require_https=False) == 200
