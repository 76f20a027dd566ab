"""Every page of the serving API over a shop after four weeks, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from services.migrations import upgrade
from services.serving.app import create_app
from tests.pages import MARKUP, ORIGIN, Visitor, answer_from, html_routes, path_of, store_markup
from tests.serving_shop import Shop, api_settings

LIVED_IN = Path(__file__).with_name("lived_in.sql")
EXPERIMENTS = '''
[[experiments]]
name = "heavy-weights"
description = """Purchases weigh twice as much"""
starts_at = 2026-01-01T00:00:00Z
outcome_days = 1.0
arms = [{ name = "control", group = "shop" }, { name = "heavy", group = "heavy" }]

[[experiments]]
name = "planned"
starts_at = 2999-01-01T00:00:00Z
arms = [{ name = "control", group = "shop" }, { name = "heavy", group = "heavy" }]
'''
#: Values of the parameters of all paths.
SAMPLES = {
    "name": "heavy-weights",
    "user_id": "u1",
    "item_id": "P001",
    "request_id": "shop-" + "0" * 32,
}
#: The pages of Swagger UI.
OF_SWAGGER = {"/docs", "/docs/oauth2-redirect"}
#: Columns that hold words of the program, and keys by which a test asks for its pages.
WORDS = {
    "region_kind", "region", "state", "source", "event_type", "outcome", "weights_version", "experiment", "arm",
    "schema_name", "name", "user_id", "session_id", "version_num",
}  # fmt: skip


def _shop_in(mode: str) -> Callable[[Any], None]:
    """Choose a mode of the shop page, and what it asks for."""

    def ready(page: Any) -> None:
        page.locator("#carousel .card").first.wait_for()
        page.get_by_role("radio", name=mode).check()
        for place in range(5 if mode != "Provide Metadata" else 0):
            page.locator("#carousel .card").nth(place).click()
        page.get_by_role("radio", name=mode).evaluate("radio => radio.blur()")

    return ready


def _at_once(_: Any) -> None:
    """Wait for nothing."""


#: Every page: what it is called, its address, and what it is to look like. A page that is missing here fails a test.
PAGES: list[tuple[str, str, Callable[[Any], None]]] = [
    ("regions", "/regions?place=city:LAHORE", _at_once),
    ("regions-small", "/regions?place=city:QUETTA", _at_once),
    ("experiments", "/experiments", _at_once),
    ("experiment", "/experiments/heavy-weights", _at_once),
    ("experiment-planned", "/experiments/planned", _at_once),
    ("performance", "/admin", _at_once),
    ("interactions", "/admin/interactions?event_type=hide", _at_once),
    ("events", "/admin/events", _at_once),
    ("cache", "/admin/cache", _at_once),
    ("churn", "/admin/churn", _at_once),
    ("shop-products", "/shop", _shop_in("Select Products")),
    ("shop-metadata", "/shop", _shop_in("Provide Metadata")),
    ("shop-both", "/shop", _shop_in("Both")),
]
#: These show numbers only, and words of the program.
WITHOUT_DATA = {"churn", "experiment-planned"}


@pytest.fixture
def lived_in(shop: Shop) -> Shop:
    """A shop after four weeks, with lists of two dataset groups."""
    upgrade(shop.url)
    shop.groups("shop", "heavy")
    with psycopg.connect(shop.url) as connection:
        connection.execute(LIVED_IN.read_bytes())
    return shop


@pytest.fixture
def open_api(lived_in: Shop, tmp_path: Path) -> Callable[[str], TestClient]:
    """Opens the API over it with a file of experiments; its pages are open."""

    def open_(experiments: str) -> TestClient:
        path = tmp_path / "experiments.toml"
        path.write_text(experiments)
        return lived_in.api(open_pages=True, experiments_file=str(path))

    return open_


@pytest.fixture
def api(open_api: Callable[[str], TestClient]) -> TestClient:
    return open_api(EXPERIMENTS)


def test_every_route_that_answers_with_html_is_among_the_pages_that_are_checked(api: TestClient) -> None:
    routes = create_app(api_settings()).routes
    checked = {path_of(routes, address.partition("?")[0]) for _, address, _ in PAGES}
    assert html_routes(routes, api.get, SAMPLES) == checked | OF_SWAGGER


def test_every_page_is_as_a_page_must_be(api: TestClient, browser_page: Any) -> None:
    answer_from(api, browser_page)
    visitor = Visitor(browser_page)
    faults = {name: visitor.faults_of(path, ready, name=name) for name, path, ready in PAGES}
    assert faults == {name: [] for name in faults}


def test_markup_in_any_text_of_the_data_is_text_on_every_page(
    open_api: Callable[[str], TestClient], browser_page: Any, lived_in: Shop
) -> None:
    answer_from(open_api(EXPERIMENTS.replace("much", f"much {MARKUP}")), browser_page)
    store_markup(lived_in.url, schemas=("core", "serving", "cache"), but=WORDS)
    lived_in.run(
        "update cache.generations set solution_versions = jsonb_build_object('users', %(arn)s::text)", arn=MARKUP
    )
    visitor = Visitor(browser_page)
    faults = {name: visitor.markup_of(path, ready, is_shown=name not in WITHOUT_DATA) for name, path, ready in PAGES}
    assert faults == {name: [] for name in faults}


def test_the_document_of_the_api_is_shown_and_loads_nothing_from_elsewhere(api: TestClient, browser_page: Any) -> None:
    answer_from(api, browser_page)
    visitor = Visitor(browser_page)
    browser_page.goto(f"{ORIGIN}/docs")
    browser_page.get_by_text("/api/v1/popular").wait_for()
    assert visitor.complaints == []
