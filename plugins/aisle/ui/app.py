"""The FastAPI app that Airflow's API server mounts. Every route, also a style sheet, needs an Airflow user.

Imported by the API server only: Airflow's plugin loader, which runs in every process, stays light.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag, requires_access_view
from airflow.configuration import conf
from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from jinja2 import Environment
from starlette.exceptions import HTTPException

from aisle import look
from aisle.errors import AisleError
from aisle.look import Asset
from aisle.settings import get_settings
from aisle.ui import cache as cache_page
from aisle.ui import cost, models, pipeline, quality, run, words
from aisle.ui.groups import Choice, choose
from aisle.ui.reader import Reader, WarehouseUnavailable, open_warehouse

log = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent
#: Name in the address and of the template → name in the menu, in the order of the menu.
PAGES = {"pipeline": "Pipeline", "quality": "Quality", "models": "Models", "cache": "Cache", "cost": "Cost"}
_ASSETS = {
    "style.css": Asset(_FOLDER / "assets" / "style.css", "text/css"),
    "page.js": Asset(_FOLDER / "assets" / "page.js", "text/javascript"),
    **look.ASSETS,
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_NO_USER = 401, 403
_MAY_READ_RUNS = [Depends(requires_access_dag("GET", DagAccessEntity.RUN))]


def create_app() -> FastAPI:
    """Create the app with Aisle's pages, for anyone with access to Airflow."""
    app = FastAPI(
        title="Aisle", docs_url=None, redoc_url=None, openapi_url=None,
        dependencies=[Depends(requires_access_view(AccessView.WEBSITE))],
    )  # fmt: skip
    app.get("/")(_first_page)
    app.get("/pipeline")(_show_pipeline)
    app.get("/line")(_first_page)  # what the page was called
    app.get("/runs/{dag_id}/{run_id:path}", dependencies=_MAY_READ_RUNS)(_show_run)
    for name, read in READERS.items():
        app.get(f"/{name}", name=name)(_page_of(name, read))
    for name, read_group in READERS_OF_A_GROUP.items():
        app.get(f"/{name}", name=name)(_group_page_of(name, read_group))
    app.get("/assets/{name}")(_asset)
    app.exception_handler(AisleError)(_show_error)
    app.exception_handler(HTTPException)(_show_refusal)
    return app


#: The pages that look the same to every user.
READERS: dict[str, Callable[[Reader], Any]] = {"quality": quality.read, "cost": cost.read}
#: Those that show one dataset group at a time.
READERS_OF_A_GROUP: dict[str, Callable[[Reader, Choice], Any]] = {"models": models.read, "cache": cache_page.read}


def _first_page() -> Response:
    return RedirectResponse("pipeline")


def _show_pipeline(user: GetUserDep) -> Response:
    readable_dags = get_auth_manager().get_authorized_dag_ids(user=user)
    with open_warehouse() as reader:
        return _html("pipeline", view=pipeline.read(reader, readable_dags))


def _show_run(dag_id: str, run_id: str) -> Response:
    run_key = run.run_key_of(dag_id, run_id)
    if run_key is None:
        raise HTTPException(404, f"Airflow has no run {run_id} of {dag_id} with a run key")
    with open_warehouse() as reader:
        return _html("run", view=run.read(reader, dag_id, run_id, run_key))


def _page_of(name: str, read: Callable[[Reader], Any]) -> Callable[[], Response]:
    def show() -> Response:
        with open_warehouse() as reader:
            return _html(name, view=read(reader))

    return show


def _group_page_of(name: str, read: Callable[[Reader, Choice], Any]) -> Callable[..., Response]:
    def show(group: str | None = None) -> Response:
        choice = choose(group)
        with open_warehouse() as reader:
            return _html(name, view=read(reader, choice))

    return show


def _asset(name: str) -> Response:
    if name not in _ASSETS:
        raise HTTPException(404, f"no such file: {name}")
    asset = _ASSETS[name]
    return FileResponse(asset.path, media_type=asset.media_type, headers=look.ASSET_HEADERS)


async def _show_error(request: Request, error: Exception) -> Response:
    log.warning("%s: %s", request.url.path, error)
    is_away = isinstance(error, WarehouseUnavailable)
    title = "The warehouse does not answer" if is_away else "This page cannot be shown"
    return _html("error", status=503 if is_away else 500, title=title, message=str(error))


async def _show_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = "Please log in to Airflow" if error.status_code in _NO_USER else "Nothing here"
    return _html("error", status=error.status_code, title=title, message=str(error.detail))


def _html(template: str, *, status: int = 200, **values: Any) -> Response:
    page = _templates().get_template(f"{template}.html").render(here=template, now=datetime.now(UTC), **values)
    return HTMLResponse(page, status_code=status, headers=_HEADERS)


@cache
def _templates() -> Environment:
    environment = look.environment(_FOLDER / "templates")
    named = (words.ago, words.count, words.dollars, words.figure, words.last_part, words.share, words.size, words.span)
    environment.filters |= {word.__name__: word for word in (*named, words.stamp)}
    # Where Airflow's own pages begin, also behind a proxy that puts them below a path.
    airflow = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    environment.globals |= {"pages": PAGES, "airflow": airflow, "docs_url": get_settings().docs.url}
    return environment
