"""What every page for people must satisfy, in a real browser, and which pages a program has.

A page is checked on a desk and on a phone, in the light and in the dark, by keyboard alone and without motion: axe
finds nothing serious, nothing runs over the edge, nothing is asked of another host, and the browser has nothing to
complain of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import sql

from tests.accessibility import serious_findings
from tests.pictures import picture

#: Where the pages of an application are that answers in this process.
ORIGIN = "http://aisle.test"
#: Text that a page must show as it is. An element of it would ask for its picture and rename the page.
MARKUP = "<img src=taken onerror=\"document.title='taken'\">"
DESK, PHONE = 1280, 360
SCHEMES = ("light", "dark")
#: Whether an element is shown; what lies beside the page for screen readers is not.
_SHOWN = """element => element.checkVisibility() && !element.closest(".unseen")"""
_OVER_THE_EDGE = f"""() => [...document.querySelectorAll("td, th, h1, h2, p, dd, dt, li, label, a, span, button")]
    .filter({_SHOWN})
    .filter(element => !element.closest(".scroll, .wide, .carousel, .skip, [role=region]"))
    .filter(element => !element.closest("thead") || getComputedStyle(element.closest("thead")).clipPath === "none")
    .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
    .map(element => `${{element.tagName}} ${{element.textContent.trim().slice(0, 60)}}`)"""
#: A radio group is one stop of the tabulator key.
_STOPS = f"""() => new Set([...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter({_SHOWN}).filter(element => !element.disabled && element.tabIndex >= 0)
    .map(element => element.type === "radio" ? element.name : element)).size"""
#: The stop that has the focus: whether it is new, and whether its outline, or that of its label, can be seen.
_FOCUSED = """() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const isNew = !(element.dataset.reached);
    element.dataset.reached = "1";
    const outlined = [element, element.parentElement, element.nextElementSibling]
        .filter(near => near).map(near => getComputedStyle(near))
        .some(style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0);
    const box = element.getBoundingClientRect();
    return { isNew, isStop: element.matches("a[href], button, input, select, textarea, summary"), outlined,
        inside: box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight,
        name: `${element.tagName} ${(element.textContent || element.name || "").trim().slice(0, 40)}` };
}"""
_TEXT_COLUMNS = """
select table_schema, table_name, column_name
from information_schema.columns
inner join information_schema.tables using (table_schema, table_name)
where
    table_schema = any(%(schemas)s)
    and table_type = 'BASE TABLE'
    and data_type = 'text'
    and is_generated = 'NEVER'
    and not column_name = any(%(but)s)
"""
_DRAWN = "[...document.querySelectorAll('[data-chart] canvas')].filter(canvas => Chart.getChart(canvas)).length"
_MOVING = """() => [...document.querySelectorAll("*")].filter(element => [null, "::before", "::after"].some(part => {
    const style = getComputedStyle(element, part);
    return style.animationName !== "none" || style.transitionDuration.split(", ").some(time => parseFloat(time) > 0);
})).map(element => element.outerHTML.slice(0, 80))"""


class Visitor:
    """Somebody who opens pages of one origin in a browser, and what goes wrong meanwhile."""

    def __init__(self, page: Any, origin: str = ORIGIN) -> None:
        self.page = page
        self.complaints: list[str] = []
        self._origin = origin
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("request", self._see)

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _see(self, request: Any) -> None:
        if not request.url.startswith((f"{self._origin}/", "data:", "blob:")):
            self.complaints.append(f"asked elsewhere: {request.url}")

    def faults_of(self, path: str, ready: Callable[[Any], None] = lambda page: None, *, name: str = "") -> list[str]:
        """Open a page, wait until it is `ready`, and return all that is wrong with it."""
        page, width = self.page, DESK
        self.complaints.clear()
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{self._origin}{path}")
        ready(page)
        faults = [*self._structure(), *self._keyboard()]
        for width in (DESK, PHONE):
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                page.evaluate("scrollTo(0, 0)")
                picture(page, f"{name or path.strip('/').replace('/', '-') or 'index'}-{width}-{scheme}")
                if (width, scheme) in ((DESK, "light"), (PHONE, "dark")):
                    faults += [f"{width} {scheme}: {finding}" for finding in serious_findings(page)]
            faults += [f"{width}: over the edge: {cell}" for cell in page.evaluate(_OVER_THE_EDGE)]
            wide = page.evaluate("document.documentElement.scrollWidth")
            faults += [f"{width}: scrolls sideways, {wide} wide"] if wide > width else []
        faults += [f"moves: {element}" for element in page.evaluate(_MOVING)]
        return faults + self.complaints

    def _structure(self) -> list[str]:
        counts = {selector: self.page.locator(selector).count() for selector in ("main", "h1", "header")}
        faults = [f"{count} of {selector}" for selector, count in counts.items() if count != 1]
        if not self.page.title().strip():
            faults.append("no title")
        charts = self.page.locator("[data-chart]").count()
        drawn = self.page.evaluate(_DRAWN)
        return [*faults, *([f"{drawn} of {charts} charts drawn"] if drawn != charts else [])]

    def _keyboard(self) -> list[str]:
        """Go through the page with the tabulator key: over the skip link to every stop, each seen, and out again."""
        page, faults = self.page, []
        # The next press of the key begins at the top, wherever somebody has clicked before.
        page.evaluate("document.body.tabIndex = -1, document.body.focus(), document.body.removeAttribute('tabindex')")
        page.keyboard.press("Tab")
        skip = page.evaluate(_FOCUSED)
        if (
            skip is None
            or page.evaluate("document.activeElement.getAttribute('href')") != "#main"
            or not skip["inside"]
        ):
            return [f"the first stop is not a link past the menu, but {skip}"]
        n_stops, reached = page.evaluate(_STOPS), 1
        for _ in range(2 * n_stops + 10):
            page.keyboard.press("Tab")
            stop = page.evaluate(_FOCUSED)
            if stop is None or not stop["isNew"]:
                break
            reached += stop["isStop"]
            faults += [] if stop["outlined"] else [f"no outline: {stop['name']}"]
            faults += [] if stop["inside"] else [f"focused out of sight: {stop['name']}"]
        if reached != n_stops:
            faults.append(f"the tabulator key reaches {reached} of {n_stops} stops")
        page.locator("a[href='#main']").press("Enter")
        if page.evaluate("document.activeElement.id") != "main":
            faults.append("the link past the menu does not lead to the content")
        return faults

    def markup_of(
        self, path: str, ready: Callable[[Any], None] = lambda page: None, *, is_shown: bool = True
    ) -> list[str]:
        """Open a page over data with `MARKUP` and return what became markup, or that the text is not shown at all.

        is_shown  whether the page shows texts of the data
        """
        self.complaints.clear()
        page = self.page
        page.goto(f"{self._origin}{path}")
        ready(page)
        faults = [f"became an element in {path}"] * page.locator("img[src='taken']").count()
        faults += [f"{path} was renamed"] if page.title() == "taken" else []
        shown = page.evaluate("document.documentElement.textContent")
        faults += [f"{path} does not show the text"] if is_shown and MARKUP not in shown else []
        return faults + self.complaints


def answer_from(client: Any, page: Any, *, below: str = "") -> None:
    """Let an application of this process answer the browser for `ORIGIN`, which has it below a path."""

    def answer(route: Any) -> None:
        asked = route.request
        if not asked.url.startswith(f"{ORIGIN}{below}"):
            route.abort()
            return
        accept = {"accept": asked.headers.get("accept", "*/*")}
        given = client.get(asked.url.removeprefix(f"{ORIGIN}{below}"), headers=accept)
        route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    page.route("**/*", answer)


def html_routes(routes: Iterable[Any], get: Callable[[str], Any], samples: Mapping[str, str]) -> set[str]:
    """Return the paths of the routes that answer a browser's GET with a page; `samples` fill the parameters of paths.

    Raises KeyError for a parameter without a sample: nobody knows then whether the route is a page.
    """
    paths = {route.path for route in routes if "GET" in (getattr(route, "methods", None) or ())}
    return {path for path in paths if _is_page(get(_filled(path, samples)))}


def path_of(routes: Iterable[Any], address: str) -> str:
    """Return the path of the route that answers an address: one without parameters, or the first with them."""
    paths = [route.path for route in routes if "GET" in (getattr(route, "methods", None) or ())]
    patterns = {path: re.sub(r"\\{\w+(:path)?\\}", "[^/]+", re.escape(path)) for path in paths}
    return address if address in paths else next(path for path in paths if re.fullmatch(patterns[path], address))


def store_markup(url: str, *, schemas: Sequence[str], but: Collection[str] = ()) -> None:
    """Let every text of a warehouse end in `MARKUP`, save in columns whose constraints or foreign keys forbid it.

    but  names of columns whose words are the program's own
    """
    with psycopg.connect(url, autocommit=True) as connection:
        columns = connection.execute(_TEXT_COLUMNS, {"schemas": list(schemas), "but": list(but)}).fetchall()
        connection.execute("set session_replication_role = replica")  # a key and what refers to it change one by one
        for schema, table, column in columns:
            changed = sql.SQL("update {table} set {column} = {column} || {markup} where {column} is not null")
            table_name, name = sql.Identifier(schema, table), sql.Identifier(column)
            with suppress(psycopg.errors.CheckViolation):
                connection.execute(changed.format(table=table_name, column=name, markup=sql.Literal(MARKUP)))


def _filled(path: str, samples: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda parameter: samples[parameter[1]], path)


def _is_page(answer: Any) -> bool:
    return str(answer.headers.get("content-type", "")).startswith("text/html")
