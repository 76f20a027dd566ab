"""The site of the reports, and Data Docs over data with markup, in a real browser."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from aisle.quality.data_docs import write_data_docs
from aisle.quality.results import store_results
from aisle.quality.suites import suites_of
from aisle.quality.validation import validate
from services.reports.app import create_app
from services.reports.settings import ReportsSettings
from tests.pages import MARKUP, Visitor, answer_from


@pytest.fixture
def reports(good_world: str, tmp_path: Path) -> Path:
    """Folder of Data Docs of which one suite found markup where a category should be."""
    with psycopg.connect(good_world) as connection:
        connection.execute("update personalize.items set category = %s || repeat('x', 1000)", (MARKUP,))
    validations = validate(suites_of("marts"), good_world, "nightly-01", datetime.now(UTC))
    store_results(good_world, "nightly-01", validations)
    write_data_docs(tmp_path / "quality", good_world, "nightly-01", validations)
    return tmp_path


@pytest.fixture
def visitor(reports: Path, browser_page: Any) -> Visitor:
    login = base64.b64encode(b"admin:secret").decode()
    app = create_app(ReportsSettings(directory=reports, password="secret"))
    client = TestClient(app, "http://localhost", headers={"Authorization": f"Basic {login}"})
    answer_from(client, browser_page)
    return Visitor(browser_page)


def test_every_page_of_the_reports_is_as_a_page_must_be(visitor: Visitor, reports: Path) -> None:
    written = sorted(path.relative_to(reports).as_posix() for path in reports.rglob("*.html"))
    assert len(written) == 1 + len(suites_of("marts"))
    pages = {"reports": "/", **{f"reports-{name.split('/')[1]}": f"/{name}" for name in written}}
    faults = {name: visitor.faults_of(path, name=name) for name, path in pages.items()}
    assert faults == {name: [] for name in pages}


def test_markup_that_a_gate_found_is_text(visitor: Visitor) -> None:
    assert visitor.markup_of("/quality/marts_items/nightly-01.html") == []
