"""Amplitude's own SDKs for Node and for browsers, pointed at the API: each event is stored once, though it be late."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.clients.conftest import stored
from tests.npm_packages import install
from tests.outage import database_away
from tests.serving_metrics import counted
from tests.serving_shop import Shop
from tests.waiting import wait_for

PACKAGES = {"@amplitude/analytics-node": "1.5.73", "@amplitude/analytics-browser": "2.48.1"}
BROWSER_SDK = Path("node_modules/@amplitude/analytics-browser/lib/scripts/amplitude-min.js")
ORIGIN = "https://shop.example"
N_EVENTS = 90
#: Timers run ten times as fast, and count what they would have waited.
FAST_TIMERS = """
    const startTimer = globalThis.setTimeout;
    globalThis.waited = 0;
    globalThis.setTimeout = (work, milliseconds = 0, ...rest) =>
        startTimer((...given) => { globalThis.waited += milliseconds; work(...given); }, milliseconds / 10, ...rest);
"""
#: What is wrong with the second is that it has no item, with the third that its item's id is too long.
TRACK = """
    const track = (amplitude, options) => Promise.all([
        ...[...Array(COUNT).keys()].map((n) => amplitude.track("click", { item_id: `P${n}` }, options)),
        amplitude.track("click", { title: "of no item" }, options),
        amplitude.track("click", { item_id: "P".repeat(300) }, options),
        amplitude.track("initial_impression", { items_shown: ["P1", "P2"], feed_type: "popular" }, options),
    ].map(({ promise }) => promise)).then((results) => results.map(({ code, message }) => [code, message]));
""".replace("COUNT", str(N_EVENTS))
IN_NODE = f"""
    {FAST_TIMERS}
    import {{ createInstance }} from "@amplitude/analytics-node";
    {TRACK}
    const amplitude = createInstance();
    const serverUrl = process.argv[1];
    await amplitude.init("write-key", {{ serverUrl, flushQueueSize: 40, minIdLength: 1, logLevel: 0 }}).promise;
    startTimer(function watch() {{
        if (globalThis.waited >= 60_000) console.log("a minute");
        else startTimer(watch, 20).unref();
    }}, 20).unref();
    console.log(JSON.stringify(await track(amplitude, {{ user_id: "12345" }})));
"""
IN_BROWSER = f"""
    (serverUrl) => {{
        {TRACK}
        amplitude.init("write-key", "12345", {{
            serverUrl, autocapture: false, flushQueueSize: 40, logLevel: 0, fetchRemoteConfig: false,
        }});
        window.tracked = track(amplitude);
        return null;
    }}
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("amplitude")
    install(folder, PACKAGES)
    return folder


@pytest.fixture
def api(serve: Callable[..., str]) -> httpx.Client:
    return httpx.Client(base_url=serve(allowed_origins=ORIGIN, wait_seconds=0.2))


def refused(api: httpx.Client) -> int:
    """How many requests with events have found the database away."""
    return counted(api, "aisle_serving_event_failures_total", "error")["database_unreachable"]


def check_stored(shop: Shop, results: list[tuple[int, str]]) -> None:
    """Each event was answered with success, and those of use are stored once."""
    assert Counter(code for code, _ in results) == {200: N_EVENTS + 3}, results
    clicked = stored(shop, "interactions", "item_id", "item_id")
    assert clicked == [(item_id,) for item_id in sorted(f"P{number}" for number in range(N_EVENTS))]
    assert stored(shop, "impressions", "item_ids") == [(["P1", "P2"],)]
    reasons = [reason for (reason,) in stored(shop, "received_events", "reason", "reason") if reason]
    assert reasons == ["invalid_item", "missing_item"]


@pytest.fixture
def start_node(packages: Path) -> Callable[[str], subprocess.Popen[str]]:
    def start(url: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["node", "--input-type=module", "--eval", IN_NODE, f"{url}/2/httpapi"],
            cwd=packages, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    return start


def test_each_event_of_the_sdk_for_node_is_stored_once_though_some_are_of_no_use(
    shop: Shop, api: httpx.Client, start_node: Callable[[str], subprocess.Popen[str]]
) -> None:
    before = requests(api)
    output, _ = start_node(str(api.base_url)).communicate(timeout=120)
    check_stored(shop, json.loads(output.splitlines()[-1]))
    assert requests(api) - before == 3, "the SDK has sent something again"  # 93 events, 40 at a time


def test_the_sdk_for_node_loses_nothing_while_the_database_is_away_for_a_minute(
    shop: Shop, api: httpx.Client, start_node: Callable[[str], subprocess.Popen[str]]
) -> None:
    before = refused(api)
    with database_away(shop.url):
        node = start_node(str(api.base_url))
        assert node.stdout
        assert node.stdout.readline() == "a minute\n", "events were given up within a minute"
        assert refused(api) > before
    output, _ = node.communicate(timeout=120)
    check_stored(shop, json.loads(output.splitlines()[-1]))


def open_page(page: Any, packages: Path) -> None:
    """Open a page of a shop of another origin, with the SDK in it."""
    page.add_init_script(FAST_TIMERS)
    page.route(f"{ORIGIN}/", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page.context.grant_permissions(["local-network-access"], origin=ORIGIN)
    page.goto(f"{ORIGIN}/")
    page.add_script_tag(path=packages / BROWSER_SDK)


def test_each_event_of_the_sdk_for_browsers_is_stored_once_though_some_are_of_no_use(
    shop: Shop, api: httpx.Client, packages: Path, browser_page: Any
) -> None:
    open_page(browser_page, packages)
    before = requests(api)
    browser_page.evaluate(IN_BROWSER, f"{api.base_url}/2/httpapi")
    check_stored(shop, browser_page.evaluate("window.tracked"))
    assert requests(api) - before <= 5, "the SDK has sent something again"  # 93 events, 40 at a time, and $identify


def test_the_sdk_for_browsers_loses_nothing_while_the_database_is_away_for_a_minute(
    shop: Shop, api: httpx.Client, packages: Path, browser_page: Any
) -> None:
    open_page(browser_page, packages)
    before = refused(api)
    with database_away(shop.url):
        browser_page.evaluate(IN_BROWSER, f"{api.base_url}/2/httpapi")
        wait_for(lambda: browser_page.evaluate("window.waited") >= 60_000, "a minute of the SDK to pass")
        assert refused(api) > before
    check_stored(shop, browser_page.evaluate("window.tracked"))


def requests(api: httpx.Client) -> int:
    """How many requests with events were answered with success."""
    name, route = "aisle_serving_request_seconds_count", "/2/httpapi"
    return counted(api, name, "status", route=route)["200"]
