"""The site: an index of the reports there are, and the reports themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from aisle.look import ASSET_HEADERS, ASSETS, environment, stylesheet
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

_TEMPLATES = Path(__file__).with_name("templates")


def create_app(settings: ReportsSettings) -> Starlette:
    """Create the site over a folder with one folder per report; a report that is not yet written is listed as such."""
    directory = settings.directory

    async def index(_: Request) -> Response:
        reports = [(report, _written_at(directory / report.folder / "index.html")) for report in REPORTS]
        return HTMLResponse(_environment().get_template("index.html").render(reports=reports, stylesheet=stylesheet()))

    async def icon(_: Request) -> Response:
        return FileResponse(ASSETS["icon.svg"].path, headers=ASSET_HEADERS)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/", index),
            Route("/health", health),
            Route("/icon.svg", icon),
            Mount("/", StaticFiles(directory=directory, html=True, check_dir=False)),
        ],
        middleware=[
            Middleware(WebGuard, audience=settings.audience),
            Middleware(LogIn, password=settings.password.get_secret_value()),
        ],
    )


@cache
def _environment() -> Environment:
    return environment(_TEMPLATES)


def _written_at(page: Path) -> datetime | None:
    return datetime.fromtimestamp(page.stat().st_mtime, UTC) if page.exists() else None
