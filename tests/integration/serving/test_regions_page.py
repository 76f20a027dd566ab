"""The page of the regions in a real browser: by keyboard, on a phone, in the dark, with hostile names."""

from __future__ import annotations

from typing import Any

import pytest

from services.migrations import upgrade
from tests.pictures import picture
from tests.serving_shop import Shop

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"


@pytest.fixture
def pages(shop: Shop, serving_program: Any) -> str:
    """Address of the program over a shop with customers in two cities."""
    upgrade(shop.url)
    shop.product("mug", product_name="Blue mug")
    shop.product("tea", product_name=HOSTILE)
    users = [f"u{nth}" for nth in range(60)]
    shop.region("Lahore", *users[:55])
    shop.region("Multan", *users[55:])
    shop.run("update core.regions set n_customers = case region when 'LAHORE' then 55 else 5 end")
    for nth, user in enumerate(users):
        shop.list_of("users", user, *([("mug", 0.9)] if nth % 5 else []), *([("tea", 0.3)] if nth % 2 else []))
    shop.publish()
    return str(serving_program(shop, SERVING_OPEN_PAGES="true"))


def test_s2_57_a_region_is_chosen_by_keyboard_and_hostile_names_are_text(pages: str, browser_page: Any) -> None:
    browser_page.goto(f"{pages}/regions")
    assert browser_page.title() == "Lahore · Aisle"
    picture(browser_page, "light")
    assert browser_page.get_by_role("rowheader", name="<script>").count() == 1
    browser_page.locator("nav a").last.focus()
    browser_page.keyboard.press("Tab")
    assert browser_page.evaluate("document.activeElement.name") == "place"
    browser_page.keyboard.type("Multan")
    browser_page.keyboard.press("Tab")
    browser_page.keyboard.press("Enter")
    browser_page.get_by_role("heading", name="Multan").wait_for()
    assert "fewer active customers than a whole sample" in browser_page.content()
    assert browser_page.title() == "Multan · Aisle"


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (390, "dark"), (1200, "dark")])
def test_the_page_fits_every_width_and_follows_the_colours_of_the_reader(
    pages: str, browser_page: Any, width: int, scheme: str
) -> None:
    browser_page.set_viewport_size({"width": width, "height": 800})
    browser_page.emulate_media(color_scheme=scheme)
    browser_page.goto(f"{pages}/regions?place=city:LAHORE")
    picture(browser_page, f"{width}-{scheme}")
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= width
    background = browser_page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(17, 20, 24)" if scheme == "dark" else "rgb(255, 255, 255)")
    bars = browser_page.evaluate("Chart.getChart(document.querySelector('[data-chart] canvas')).data")
    assert bars["labels"] == ["Blue mug", HOSTILE]
    assert [len(drawn["data"]) for drawn in bars["datasets"]] == [2, 2]
