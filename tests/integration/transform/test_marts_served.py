"""The role of the API reads the marts that dbt builds anew with every run, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from aisle.warehouse import READER, admit_reader, connect
from services.migrations import upgrade
from services.serving.app import create_app
from tests.integration.transform.conftest import fill
from tests.serving_shop import KEY, api_settings

PATHS = (
    "recommendations/ann?reasons=true&in_stock=true",
    "recommendations/nobody?city=lahore",
    "popular?province=punjab",
    "popular?category=kitchen/garden&max_price=9",
    "trending",
    "bought-together/MUG",
    "regions?kind=city",
    "regions/result?kind=city&region=Lahore",
    "regions/history?kind=city&region=Lahore",
)


@pytest.fixture
def role_url(company: Any) -> Iterator[str]:
    """URL of the API's role in a warehouse whose marts were built after the role was let in."""
    upgrade(company.url)
    admit_reader(company.url, "of the role")
    fill(company.ordered)
    company.build()
    server = psycopg.conninfo.conninfo_to_dict(company.url)
    yield psycopg.conninfo.make_conninfo(**{**server, "user": READER, "password": "of the role"})
    with connect(company.url) as connection:
        connection.execute(f"drop owned by {READER}".encode())


def test_every_list_is_answered_from_marts_that_were_built_after_the_role(role_url: str) -> None:
    with ExitStack() as opened:
        app = create_app(api_settings(database_url=role_url, exclude_purchased=True))
        api = opened.enter_context(TestClient(app, "http://localhost", headers={"X-API-Key": KEY}))
        answers = {path: api.get(f"/api/v1/{path}") for path in PATHS}
        assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(PATHS, 200)
    here = answers["popular?province=punjab"].json()
    assert ([item["item_id"] for item in here["items"]], here["region"]) == (["MUG"], "Punjab")
    assert answers["recommendations/ann?reasons=true&in_stock=true"].json()["source"] == "popular"
    with connect(role_url) as connection:
        for mart in ("core.orders", "core.customers", "personalize.users"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f"select * from {mart}".encode())
