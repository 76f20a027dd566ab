"""The site: an index of the reports there are, and the reports themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from aisle.web_guard import WebGuard
from services.reports.login import LogIn
from services.reports.settings import ReportsSettings


@dataclass(frozen=True, slots=True)
class Report:
    """One kind of report: the folder that the pipeline writes, and what it shows."""

    folder: str
    title: str
    purpose: str


REPORTS = (
    Report("dbt", "dbt docs", "Every model and column of the warehouse, and the lineage from orders to datasets."),
    Report("quality", "Data Docs", "What each quality gate checked, and what it found, run by run."),
)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Aisle: reports</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }}
h1 {{ font-weight: 600; }} ul {{ list-style: none; padding: 0; }}
li {{ border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .5rem;
      padding: 1rem 1.25rem; margin: 1rem 0; }}
a {{ font-weight: 600; }} small {{ opacity: .7; }} p {{ margin: .25rem 0; }}
</style></head><body><h1>Aisle: reports</h1><ul>{items}</ul></body></html>"""


def create_app(settings: ReportsSettings) -> Starlette:
    """Create the site over a folder with one folder per report; a report that is not yet written is listed as such."""
    directory = settings.directory

    async def index(_: Request) -> Response:
        return HTMLResponse(_PAGE.format(items="".join(_entry(report, directory) for report in REPORTS)))

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/", index),
            Route("/health", health),
            Mount("/", StaticFiles(directory=directory, html=True, check_dir=False)),
        ],
        middleware=[
            Middleware(WebGuard, audience=settings.audience),
            Middleware(LogIn, password=settings.password.get_secret_value()),
        ],
    )


def _entry(report: Report, directory: Path) -> str:
    page = directory / report.folder / "index.html"
    if not page.exists():
        return f"<li>{report.title}<p>{report.purpose}</p><small>Not written yet.</small></li>"
    written = datetime.fromtimestamp(page.stat().st_mtime, UTC)
    return (
        f'<li><a href="/{report.folder}/index.html">{report.title}</a><p>{report.purpose}</p>'
        f"<small>Written {written:%Y-%m-%d %H:%M} UTC</small></li>"
    )
