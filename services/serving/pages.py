"""Pages for people: markup by Jinja, and charts that `aisle.charts` describes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from aisle import charts

_ROOT = Path(__file__).parent
#: A page loads and runs only files of this program, whatever stands in a product's name.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
}


#: Files that pages load, for everybody: they contain no data.
router = APIRouter(prefix="/static", include_in_schema=False)


@router.get("/charts/{name}")
def chart_asset(name: str) -> FileResponse:
    """Answer with a file that draws charts."""
    asset = charts.ASSETS.get(name)
    if asset is None:
        raise HTTPException(404)
    headers = {"Cache-Control": "private, max-age=300", "X-Content-Type-Options": "nosniff"}
    return FileResponse(asset.path, media_type=asset.media_type, headers=headers)


def page(template: str, **values: Any) -> HTMLResponse:
    """Render a template of a domain."""
    text = _environment().get_template(template).render(stylesheet=_stylesheet(), **values)
    return HTMLResponse(text, headers=_HEADERS)


@cache
def _environment() -> Environment:
    # Everything is escaped, whatever a template's name ends in.
    folders = [_ROOT / "templates", *sorted(_ROOT.glob("*/templates")), charts.TEMPLATES]
    return Environment(
        loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


@cache
def _stylesheet() -> Markup:
    return Markup((_ROOT / "templates" / "style.css").read_text())
