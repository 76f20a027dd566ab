"""Pages in a real browser: nothing is blocked, nothing runs over the edge, in the light and in the dark."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waiting import wait_for

pytestmark = pytest.mark.usefixtures("on_the_engine")

ADDRESS = "http://airflow.test"


@pytest.fixture
def opened(browser_page: Any, reader: Any, lived_in: str) -> Any:
    """Open a page of the app, which answers in this process, and collect what the browser complains about."""
    complaints: list[str] = []

    def answer(route: Any) -> None:
        given = reader.get(route.request.url.removeprefix(f"{ADDRESS}/aisle"))
        route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    def open_page(name: str, scheme: str, width: int) -> tuple[Any, list[str]]:
        browser_page.set_viewport_size({"width": width, "height": 900})
        browser_page.emulate_media(color_scheme=scheme)
        browser_page.goto(f"{ADDRESS}/aisle/{name}")
        return browser_page, complaints

    browser_page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    browser_page.route("**/*", answer)
    return open_page


@pytest.mark.parametrize("width", [360, 390, 1280])
@pytest.mark.parametrize("name", ["pipeline", "quality", "models", "cache", "cost"])
def test_a_page_reads_on_a_phone_and_on_a_desk(opened: Any, name: str, width: int) -> None:
    page, complaints = opened(name, "dark", width)
    hidden = """[...document.querySelectorAll("td, th, h1, h2, p, dd")]
        .filter((cell) => !cell.closest(".unseen") && cell.getBoundingClientRect().right > window.innerWidth + 1)
        .map((cell) => cell.textContent)"""
    assert page.evaluate(hidden) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert complaints == []


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
