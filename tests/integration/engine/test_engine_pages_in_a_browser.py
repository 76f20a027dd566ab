"""Every page of the engine over imported data and trained models, in a real browser."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from services.engine.http import create_app
from services.engine.settings import EngineSettings
from tests.pages import MARKUP, Visitor, html_routes

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def pages(engine: Any, shop: Any, csv_of_interactions: str) -> dict[str, str]:
    """Addresses of every page by name, over a shop with an import, a failed one, and two versions of a model."""
    group = shop.group()
    dataset = shop.dataset(group)
    job = shop.import_csv(dataset, csv_of_interactions)["datasetImportJobArn"]
    failed = shop.import_csv(dataset, f"USER_ID,ITEM_ID,TIMESTAMP\nu1,{MARKUP},yesterday\n", name="spoilt")
    version = shop.train(group, "aws-user-personalization-v2")["solutionVersionArn"]
    solution = version.rpartition("/")[0]
    return {
        "engine": "/",
        "engine-model": f"/solution-versions/{version}",
        "engine-solution": f"/resources/{solution}",
        "engine-import": f"/jobs/{job}",
        "engine-failed-import": f"/jobs/{failed['datasetImportJobArn']}",
    }


def test_every_route_that_answers_with_html_is_among_the_pages_that_are_checked(
    engine: Any, pages: dict[str, str], tmp_path: Any
) -> None:
    routes = create_app(EngineSettings(data_dir=tmp_path)).routes
    samples = {"arn": pages["engine-import"].removeprefix("/jobs/"), "name": "look.css", "path": "nothing"}
    answering_html = html_routes(routes, lambda path: httpx.get(engine.url + path, headers=BROWSER), samples)
    assert answering_html == {
        "/",
        *(f"/{folder}/{{arn:path}}" for folder in ("jobs", "resources", "solution-versions")),
    }


def test_every_page_is_as_a_page_must_be_and_markup_is_text(
    engine: Any, browser_page: Any, pages: dict[str, str]
) -> None:
    visitor = Visitor(browser_page, engine.url)
    faults = {name: visitor.faults_of(path, name=name) for name, path in pages.items()}
    assert faults == {name: [] for name in pages}


def test_markup_in_what_clients_send_is_text(engine: Any, browser_page: Any, pages: dict[str, str]) -> None:
    visitor = Visitor(browser_page, engine.url)
    asked = httpx.QueryParams({"for": MARKUP})
    assert visitor.markup_of(f"{pages['engine-model']}?{asked}") == []
    assert visitor.markup_of(pages["engine-failed-import"], is_shown=False) == []
