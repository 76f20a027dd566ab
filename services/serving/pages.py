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
#: A page asks this program alone, and runs only its files, whatever stands in a product's name.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
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
    """Answer with a template of a domain."""
    return HTMLResponse(render(template, **values), headers=_HEADERS)


def render(template: str, **values: Any) -> str:
    """Return a template of a domain as text."""
    return _environment().get_template(template).render(stylesheet=_stylesheet(), **values)


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
