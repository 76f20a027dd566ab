"""The JavaScript client in a real browser, on a page of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.integration.clients.conftest import stored
from tests.serving_shop import Shop


def test_s1_44_the_snippets_work_in_a_browser_on_a_page_of_the_api(
    shop: Shop, serve: Callable[..., str], browser_page: Any
) -> None:
    url = serve()
    browser_page.goto(f"{url}/health/live")
    answer = browser_page.evaluate(
        """async () => {
            const { createClient } = await import("/static/aisle.js");
            const aisle = createClient();
            await aisle.track("click", { item_id: "doc_123", item_type: "paper" });
            return [await aisle.track("scroll_impression", { items_shown: ["doc_123"], feed_type: "popular" }),
                    aisle.sessionId];
        }"""
    )
    assert (answer[0]["code"], answer[0]["processed"]) == (200, 1)
    browser_page.reload()
    session_id = browser_page.evaluate(
        "import('/static/aisle.js').then(({ createClient }) => createClient().sessionId)"
    )
    assert session_id == answer[1]
    assert len(stored(shop, "interactions", "event_id")) == len(stored(shop, "impressions", "event_id")) == 1
