"""Pages for people, in the frame and with the style that the pages of all programs share."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment
from markupsafe import Markup

from aisle import look

_ROOT = Path(__file__).parent
#: A page asks this program alone, and runs only its files, whatever stands in a product's name.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "style-src 'self' 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
}


#: Files that pages load, for everybody: they contain no data.
router = APIRouter(prefix="/static", include_in_schema=False)


@router.get("/{name}")
def asset(name: str) -> FileResponse:
    """Answer with the icon, or with a file that draws charts."""
    file = look.ASSETS.get(name)
    if file is None:
        raise HTTPException(404)
    return FileResponse(file.path, media_type=file.media_type, headers=look.ASSET_HEADERS)


def page(template: str, *, here: str, **values: Any) -> HTMLResponse:
    """Answer with a template of a domain; `here` is the address of its entry in the menu."""
    return HTMLResponse(render(template, here=here, **values), headers=_HEADERS)


def render(template: str, **values: Any) -> str:
    """Return a template of a domain as text."""
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    return _environment().get_template(template).render(stylesheet=_stylesheet(), now=now, **values)


@cache
def _environment() -> Environment:
    return look.environment(_ROOT / "templates", *sorted(_ROOT.glob("*/templates")))


@cache
def _stylesheet() -> Markup:
    return look.stylesheet(_ROOT / "templates" / "style.css")
