"""Aisle's pages inside Airflow, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.pages import ORIGIN, Visitor, answer_from, html_routes, store_markup
from tests.waiting import wait_for

pytestmark = pytest.mark.usefixtures("on_the_engine")

#: Every page but that of a run: a page that is missing here fails a test.
PAGES = ("pipeline", "quality", "models", "cache", "cost")
SAMPLES = {"dag_id": "export", "run_id": "none", "name": "page.js"}
#: These send the browser to another page.
LEADING_ELSEWHERE = {"/", "/line"}
#: These show figures, and words of the program.
WITHOUT_DATA = {"pipeline", "cost"}
#: Columns that hold words of the program, and keys by which its pages are asked for.
WORDS = {
    "state", "outcome", "severity", "stage", "subject", "metric", "dataset_group", "suite", "schema_name",
    "generation", "solution_version_arn", "solution", "boundary", "measure", "run_key", "name", "source",
}  # fmt: skip


@pytest.fixture
def page_of_a_run(reader: Any, lived_in: str, dag_runs: Any) -> str:
    """Address of the page of a run that has receipts."""
    dag_runs("export", ("success", 5), conf={"run_key": "day-28"})
    link = re.search(r'href="/dags/export/runs/([^"]+)"', reader.get("/pipeline").text)
    assert link is not None
    return f"runs/export/{link[1]}"


@pytest.fixture
def browsing(browser_page: Any, reader: Any) -> Visitor:
    answer_from(reader, browser_page, below="/aisle")
    return Visitor(browser_page)


@pytest.fixture
def opened(browsing: Visitor, lived_in: str) -> Callable[..., tuple[Any, list[str]]]:
    """Open a page of the app, which answers in this process, and give what the browser complains about."""

    def open_page(name: str, scheme: str, width: int) -> tuple[Any, list[str]]:
        browsing.page.set_viewport_size({"width": width, "height": 900})
        browsing.page.emulate_media(color_scheme=scheme)
        browsing.page.goto(f"{ORIGIN}/aisle/{name}")
        return browsing.page, browsing.complaints

    return open_page


def test_every_route_that_answers_with_html_is_among_the_pages_that_are_checked(reader: Any, lived_in: str) -> None:
    answering_html = html_routes(reader.app.routes, reader.get, SAMPLES)
    assert answering_html - LEADING_ELSEWHERE == {f"/{page}" for page in PAGES} | {"/runs/{dag_id}/{run_id:path}"}


def test_every_page_is_as_a_page_must_be(browsing: Visitor, page_of_a_run: str) -> None:
    addresses = {**{name: name for name in PAGES}, "run": page_of_a_run}
    faults = {
        name: browsing.faults_of(f"/aisle/{address}", name=f"airflow-{name}") for name, address in addresses.items()
    }
    assert faults == {name: [] for name in addresses}


def test_markup_in_any_text_of_the_data_is_text_on_every_page(
    browsing: Visitor, lived_in: str, page_of_a_run: str
) -> None:
    store_markup(lived_in, schemas=("ops", "cache", "events", "core", "raw"), but=WORDS)
    faults = {name: browsing.markup_of(f"/aisle/{name}", is_shown=name not in WITHOUT_DATA) for name in PAGES}
    assert faults == {name: [] for name in PAGES}


@pytest.mark.parametrize("page_name", ["cache", "models"])
def test_the_dialog_of_a_rollback_keeps_the_focus_and_gives_it_back(opened: Any, page_name: str) -> None:
    page, complaints = opened(page_name, "light", 1280)
    button = page.locator("[data-rollback]").first
    button.press("Enter")
    focused = "document.activeElement.closest('dialog') !== null || document.activeElement === document.body"
    for _ in range(5):
        assert page.evaluate(focused)
        page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    assert button.evaluate("button => document.activeElement === button")
    assert complaints == []


def test_a_printed_quality_report_is_dark_on_white_with_all_tables_and_without_the_menu(opened: Any) -> None:
    page, _ = opened("quality", "dark", 700)
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    for table in page.locator("table.wide").all():
        assert table.evaluate("table => getComputedStyle(table).overflowX") == "visible"
        assert table.locator("tbody tr").first.is_visible()


@pytest.mark.parametrize("width", [390, 800, 1000, 1280, 1600])
def test_the_cards_of_the_pipeline_leave_no_hole(opened: Any, width: int) -> None:
    page, _ = opened("pipeline", "light", width)
    edges = page.evaluate(
        """[...document.querySelectorAll(".card")].map((card) => card.getBoundingClientRect())
        .map((box) => [Math.round(box.top), Math.round(box.right)])"""
    )
    right_of_rows = {top: max(right for other, right in edges if other == top) for top, _ in edges}
    assert len(edges) >= 6
    assert len(set(right_of_rows.values())) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_refusals_and_volumes_can_be_read_on_the_quality_page(opened: Any, scheme: str) -> None:
    page, complaints = opened("quality", scheme, 1280)
    for heading in ("Rejected", "Volumes"):
        assert page.get_by_role("heading", name=heading, exact=True).is_visible()
    asked = page.get_by_role("row", name="batch input users asked")
    assert asked.get_by_text("stopped", exact=True).is_visible()
    assert asked.get_by_role("img", name="users asked in the last 3 runs").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert complaints == []


def test_every_chart_is_drawn_in_the_colours_of_the_theme(opened: Any) -> None:
    drawn = """[...document.querySelectorAll("[data-chart] canvas")].map((canvas) => Chart.getChart(canvas))
        .map((chart) => chart.data.datasets[0].borderColor ?? chart.data.datasets[0].backgroundColor.at(-1))"""
    for name in ("pipeline", "quality", "models", "cost"):
        page, complaints = opened(name, "light", 1280)
        light = page.evaluate(drawn)
        assert len(light) == page.locator("[data-chart]").count()
        page.emulate_media(color_scheme="dark")
        wait_for(lambda page=page, light=light: set(page.evaluate(drawn)).isdisjoint(light), "the dark charts")
        assert complaints == []
