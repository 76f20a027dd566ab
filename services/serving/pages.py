"""Pages for people: markup by Jinja, complete in themselves, without a script or another file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_ROOT = Path(__file__).parent
#: Nothing on a page may load or run anything, whatever stands in a product's name.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
}


def page(template: str, **values: Any) -> HTMLResponse:
    """Render a template of a domain."""
    text = _environment().get_template(template).render(stylesheet=_stylesheet(), **values)
    return HTMLResponse(text, headers=_HEADERS)


@cache
def _environment() -> Environment:
    # Everything is escaped, whatever a template's name ends in.
    folders = [_ROOT / "templates", *sorted(_ROOT.glob("*/templates"))]
    return Environment(
        loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


@cache
def _stylesheet() -> Markup:
    return Markup((_ROOT / "templates" / "style.css").read_text())
