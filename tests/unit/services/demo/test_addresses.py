"""The addresses that `make demo` and `make up` print are those of pages and of the API."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from fastapi.testclient import TestClient

from services.demo.program import urls
from services.serving.app import create_app
from tests.serving_shop import api_settings


def test_s3_10_the_api_and_the_shop_page_are_printed_with_addresses_that_answer() -> None:
    stack: Any = SimpleNamespace(addresses=SimpleNamespace(airflow="http://a", serving="http://s", reports="http://r"))
    printed = urls(stack)
    client = TestClient(create_app(api_settings(open_pages=True)), "http://localhost")
    for name in ("Shop", "API"):
        assert client.get(printed[name].removeprefix("http://s")).status_code == 200, name
    assert printed["Regions"] == "http://s/regions"
