"""A headless Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a browser: `pytest -m browser` runs them."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium of this machine, driven by Playwright; tests that need it are skipped where there is none.

    Playwright keeps an event loop running in this thread, in which nobody else can start one: it ends with its module.
    """
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the tests in a browser")
    with sync_playwright() as playwright:
        # Without the flags about the network, Chromium calls home many times at every start.
        started = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield started
        started.close()


@pytest.fixture
def browser_page(chromium: Any) -> Iterator[Any]:
    """A page in a browser context of its own: no cookies, storage or cache of another test."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()
