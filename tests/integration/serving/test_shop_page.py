"""The shop page in a real browser: three modes, by keyboard, on a phone, in the dark, with hostile names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aisle.warehouse import connect
from services.migrations import upgrade
from tests.accessibility import serious_findings
from tests.pictures import picture
from tests.serving_shop import Shop
from tests.waiting import wait_for

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"


@pytest.fixture
def page_url(shop: Shop, serving_program: Any) -> str:
    """Address of the page over a shop with two dozen products."""
    upgrade(shop.url)
    names = [
        "White hanging heart",
        "Regency cakestand",
        "Jumbo bag red",
        "Party bunting",
        HOSTILE,
        "Lunch bag rose",
    ]
    for place in range(24):
        name = names[place] if place < len(names) else f"Product number {place}"
        shop.product(f"P{place:02}", 100 - place, product_name=name, category="Home", last_price=2.95 + place)
        shop.ordered(f"P{place:02}", 100 - place)
    shop.region("Lahore", "u1", P20=9, P04=8)
    shop.region("Punjab", "u1", kind="province", P21=9)
    for place in range(5):
        shop.list_of("items", f"P{place:02}", ("P10", 0.9), ("P11", 0.5 + place / 20), ("P12", 0.2))
    shop.publish()
    return f"{serving_program(shop, SERVING_OPEN_PAGES='true')}/shop"


def cards(page: Any) -> Any:
    return page.locator("#carousel input")


def choose(page: Any, count: int) -> None:
    """Choose the first products by clicking."""
    cards(page).first.wait_for(state="attached")
    for place in range(count):
        page.locator("#carousel .card").nth(place).click()


def recommended(page: Any) -> list[str]:
    page.locator("#results").wait_for()
    return list(page.locator("#list b").all_text_contents())


def test_s3_13_and_s3_17_products_are_selected_and_recommendations_shown(page_url: str, browser_page: Any) -> None:
    browser_page.goto(page_url)
    assert browser_page.title() == "Shop · Aisle"
    ask = browser_page.get_by_role("button", name="Get Recommendations")
    choose(browser_page, 4)
    assert ask.is_disabled()
    assert browser_page.locator("#hint").text_content() == "Choose 1 more product."
    browser_page.locator("#carousel .card").nth(4).click()
    assert ask.is_enabled()
    browser_page.locator("#carousel .card").nth(5).click()
    assert ask.is_disabled()
    assert browser_page.locator("#hint").text_content() == "Remove 1 product."
    browser_page.get_by_role("button", name="Remove Lunch bag rose").click()
    ask.click()
    assert recommended(browser_page)[:3] == ["Product number 10", "Product number 11", "Product number 12"]
    assert browser_page.locator("#origin").text_content().startswith("From what is similar to the five products.")
    assert "goes with" in browser_page.locator("#list .reason").first.text_content()
    assert browser_page.evaluate("document.activeElement.id") == "results-title"
    picture(browser_page, "shop-light")


def test_s3_16_metadata_need_no_products_and_are_labelled_beta(page_url: str, browser_page: Any) -> None:
    browser_page.goto(page_url)
    browser_page.get_by_role("radio", name="Provide Metadata").check()
    assert browser_page.locator("#products").is_hidden()
    assert browser_page.locator("#beta-note").is_visible()
    age, ask = browser_page.get_by_label("Age"), browser_page.get_by_role("button", name="Get Recommendations")
    for wrong in ("131", "-1", "1.5"):
        age.fill(wrong)
        assert ask.is_disabled(), wrong
        assert browser_page.locator("#age-fault").is_visible()
    age.fill("")
    browser_page.get_by_label("City").fill("Lahore")
    ask.click()
    assert recommended(browser_page) == ["Product number 20", HOSTILE]
    assert browser_page.locator("#origin").text_content() == "From what is popular in Lahore. Beta"
    assert browser_page.title() == "Shop · Aisle"


def test_s3_13_both_asks_for_five_products_and_takes_metadata(page_url: str, browser_page: Any) -> None:
    browser_page.goto(page_url)
    browser_page.get_by_role("radio", name="Both").check()
    sent: list[Any] = []
    browser_page.on("request", lambda request: sent.append(request.post_data) if request.method == "POST" else None)
    choose(browser_page, 5)
    browser_page.get_by_label("Province").select_option("Punjab")
    browser_page.get_by_label("Age").fill("34")
    browser_page.get_by_role("button", name="Get Recommendations").click()
    assert "Product number 21" in recommended(browser_page)
    assert json.loads(sent[0]) == {
        "mode": "both",
        "product_ids": ["P00", "P01", "P02", "P03", "P04"],
        "metadata": {"age": "34", "gender": "", "city": "", "province": "Punjab"},
    }
    assert "Half what is similar" in browser_page.locator("#origin").text_content()


def test_the_page_works_by_keyboard_alone(page_url: str, browser_page: Any) -> None:
    browser_page.goto(page_url)
    cards(browser_page).first.wait_for(state="attached")
    press = browser_page.keyboard.press
    browser_page.locator("nav a").last.focus()
    press("Tab")
    assert browser_page.evaluate("document.activeElement.value") == "products"
    press("ArrowRight")
    press("ArrowLeft")
    press("Tab")
    assert browser_page.evaluate("document.activeElement.id") == "search"
    press("Tab")  # earlier products
    press("Tab")
    assert browser_page.evaluate("document.activeElement.value") == "P00"
    for _ in range(5):
        press("Space")
        press("ArrowRight")
    assert browser_page.locator("#count").text_content() == "5 of 5 chosen"
    press("Tab")  # later products
    for _ in range(5):
        press("Tab")
    assert browser_page.evaluate("document.activeElement.ariaLabel") == f"Remove {HOSTILE}"
    press("Enter")
    assert browser_page.locator("#count").text_content() == "4 of 5 chosen"
    assert browser_page.evaluate("document.activeElement.ariaLabel") == "Remove Party bunting"
    browser_page.locator("#carousel input").nth(6).focus()
    press("Enter")
    for _ in range(7):
        press("Tab")
    assert browser_page.evaluate("document.activeElement.id") == "ask"
    press("Enter")
    assert recommended(browser_page)[0] == "Product number 10"
    press("Tab")
    press("Enter")
    assert browser_page.locator("#count").text_content() == "5 of 5 chosen"


def test_what_is_shown_and_clicked_is_told_to_the_api(page_url: str, browser_page: Any, shop: Shop) -> None:
    browser_page.goto(page_url)
    choose(browser_page, 5)
    with browser_page.expect_response("**/events") as impression:
        browser_page.locator("#ask").click()
    assert impression.value.json() == {"is_processed": True, "reason": None}
    with browser_page.expect_response("**/events"):
        browser_page.get_by_role("button", name="Product number 11").click()
    with connect(shop.url) as connection:
        lists = "select item_ids[1:3] from serving.impressions where cardinality(item_ids) > 1"
        seen = connection.execute(lists).fetchall()
        clicked = connection.execute("select event_type, item_id from serving.interactions").fetchall()
    assert (seen, clicked) == ([(["P10", "P11", "P12"],)], [("click", "P11")])


def test_a_search_finds_products_and_keeps_what_is_chosen(page_url: str, browser_page: Any) -> None:
    browser_page.goto(page_url)
    choose(browser_page, 2)
    browser_page.get_by_label("Search products").fill("number 17")
    browser_page.locator("#carousel .card").nth(1).wait_for(state="detached")
    browser_page.locator("#carousel .card").click()
    browser_page.get_by_label("Search products").fill("there is none")
    browser_page.get_by_text("No product matches the search.").wait_for()
    browser_page.get_by_label("Search products").fill("")
    browser_page.locator("#carousel .card").nth(3).wait_for()
    assert browser_page.locator("#chosen button").count() == 3
    assert [card.is_checked() for card in cards(browser_page).all()[:3]] == [True, True, False]


def test_s3_17_a_failure_is_told_and_the_next_try_can_succeed(page_url: str, browser_page: Any) -> None:
    browser_page.goto(page_url)
    choose(browser_page, 5)
    ask = browser_page.get_by_role("button", name="Get Recommendations")
    answers = iter(
        [
            {"status": 504, "json": {"error": {"code": "recommendation_late", "message": "none within 20 s"}}},
            {"status": 500, "body": "<html>of a proxy</html>"},
        ]
    )
    browser_page.route("**/shop/requests/*", lambda route: route.fulfill(**next(answers)))
    for message in ("none within 20 s", "The API answered 500."):
        ask.click()
        browser_page.get_by_role("alert").get_by_text(message).wait_for()
        assert ask.is_enabled()
        assert browser_page.locator("#results").is_hidden()
    browser_page.unroute("**/shop/requests/*")
    browser_page.route("**/shop/requests", lambda route: route.abort())
    ask.click()
    browser_page.get_by_text("The API does not answer.").wait_for()
    browser_page.unroute("**/shop/requests")
    ask.click()
    assert recommended(browser_page)
    assert browser_page.locator("#error").is_hidden()


def test_s3_17_a_spinner_turns_while_the_answer_is_made(page_url: str, browser_page: Any) -> None:
    browser_page.goto(page_url)
    choose(browser_page, 5)
    held: list[Any] = []
    browser_page.route("**/shop/requests/*", lambda route: held.append(route), times=1)
    with browser_page.expect_request("**/shop/requests/*"):
        browser_page.locator("#ask").click()
    browser_page.locator("#ask[data-busy]").wait_for()
    assert browser_page.locator("#ask").is_disabled()
    assert browser_page.locator("#results").get_attribute("aria-busy") == "true"
    held[0].continue_()
    assert recommended(browser_page)
    assert browser_page.locator("#ask[data-busy]").count() == 0


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (390, "dark"), (1200, "dark")])
def test_the_page_fits_every_width_and_follows_the_colours_of_the_reader(
    page_url: str, browser_page: Any, width: int, scheme: str
) -> None:
    browser_page.set_viewport_size({"width": width, "height": 800})
    browser_page.emulate_media(color_scheme=scheme)
    browser_page.goto(page_url)
    browser_page.get_by_role("radio", name="Both").check()
    choose(browser_page, 5)
    picture(browser_page, f"shop-{width}-{scheme}-form")
    browser_page.locator("#ask").click()
    assert recommended(browser_page)
    picture(browser_page, f"shop-{width}-{scheme}")
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= width
    background = browser_page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(17, 20, 24)" if scheme == "dark" else "rgb(255, 255, 255)")


def test_axe_finds_nothing_serious_in_an_answer(page_url: str, browser_page: Any) -> None:
    browser_page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    browser_page.goto(page_url)
    choose(browser_page, 5)
    browser_page.locator("#ask").click()
    assert recommended(browser_page)
    assert serious_findings(browser_page) == []


def test_nothing_on_the_page_is_loaded_from_elsewhere(page_url: str, browser_page: Any) -> None:
    asked: list[str] = []
    browser_page.on("request", lambda request: asked.append(request.url))
    faults: list[str] = []
    browser_page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    browser_page.goto(page_url)
    cards(browser_page).first.wait_for(state="attached")
    origin = page_url.removesuffix("/shop")
    assert [url for url in asked if not url.startswith(f"{origin}/")] == []
    assert faults == []


def test_s1_44_each_product_that_comes_into_view_is_told_once(page_url: str, shop: Shop, browser_page: Any) -> None:
    browser_page.set_viewport_size({"width": 360, "height": 500})
    browser_page.goto(page_url)
    choose(browser_page, 5)
    browser_page.get_by_role("button", name="Get Recommendations").click()
    n_products = len(recommended(browser_page))

    def seen() -> list[str]:
        with connect(shop.url) as connection:
            rows = connection.execute(
                "select item_ids[1] from serving.impressions where event_type = 'scroll_impression' order by 1"
            )
            return [item_id for (item_id,) in rows.fetchall()]

    browser_page.locator("#list li").first.scroll_into_view_if_needed()
    wait_for(seen, "what is in view")
    assert len(seen()) < n_products, "products out of view were told"
    for place in [*range(n_products), *reversed(range(n_products))]:
        browser_page.locator("#list li").nth(place).scroll_into_view_if_needed()
    wait_for(lambda: len(seen()) >= n_products, "every product to come into view")
    assert len(seen()) == len(set(seen())) == n_products
