"""The addresses that `make demo` and `make up` print are those of pages and of the API."""

from __future__ import annotations

import shlex
from io import StringIO
from types import SimpleNamespace
from typing import Any

from fastapi.testclient import TestClient

from services.demo.program import announce, request, urls
from services.serving.app import create_app
from services.terminal import TerminalConsole
from tests.serving_shop import api_settings


def test_s3_10_the_api_and_the_shop_page_are_printed_with_addresses_that_answer() -> None:
    stack: Any = SimpleNamespace(addresses=SimpleNamespace(airflow="http://a", serving="http://s", reports="http://r"))
    printed = urls(stack)
    client = TestClient(create_app(api_settings(open_pages=True)), "http://localhost")
    for name in ("Shop", "API"):
        assert client.get(printed[name].removeprefix("http://s")).status_code == 200, name
    assert printed["Regions"] == "http://s/regions"
    assert printed["Owner"] == "http://s/admin"


def test_whoever_waits_for_the_stages_is_told_where_to_watch_them() -> None:
    stack: Any = SimpleNamespace(
        addresses=SimpleNamespace(airflow="http://a:1"), secrets=SimpleNamespace(admin_password="secret-word")
    )
    console = TerminalConsole(record=True, width=60, file=StringIO())
    announce(console, stack, 12.34)
    printed = console.export_text()
    assert "up after 12.3 s" in printed
    assert "http://a:1" in printed
    assert "secret-word" in printed


def test_a_printed_request_carries_the_key_of_the_api() -> None:
    key = "a key of the shop"
    stack: Any = SimpleNamespace(
        addresses=SimpleNamespace(serving="http://127.0.0.1:8000"), secrets=SimpleNamespace(serving_api_key=key)
    )
    command, flag, header, url = shlex.split(request(stack, "popular"))
    assert (command, flag, header) == ("curl", "-H", f"Authorization: Bearer {key}")
    assert url == "http://127.0.0.1:8000/api/v1/popular"
