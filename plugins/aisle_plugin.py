"""What Aisle adds to Airflow: pages and reports in its menu, receipts on each run, what deadlines are counted from.

And a guard before the API server, which by itself answers whatever name and page it is asked by.
"""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from aisle.dag.deadlines import FirstQueuedAt
from aisle.settings import get_settings
from aisle.web_guard import Audience, WebGuard

PREFIX = "/aisle"
CATEGORY = "Aisle"
_REPORTS = {"dbt docs": "dbt/index.html", "Data Docs": "quality/index.html"}


def _views() -> list[dict[str, Any]]:
    """Entries of the menu: Aisle's pages by one, which has tabs; each report by its own, where somebody serves them.

    And a tab on the page of each DAG run: the receipts of its run key.
    """
    below = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    pages: dict[str, Any] = {
        "name": "Aisle",
        "href": f"{below}{PREFIX}/pipeline",
        "url_route": "aisle",
        "nav_top_level": True,
    }
    reports = [
        {"name": name, "href": f"{url.rstrip('/')}/{page}", "url_route": name.lower().replace(" ", "-")}
        for name, page in _REPORTS.items()
        if (url := get_settings().docs.url)
    ]
    run = {"name": "Receipts", "href": f"{below}{PREFIX}/runs/{{DAG_ID}}/{{RUN_ID}}", "url_route": "aisle-run"}
    icons = {"icon": f"{below}{PREFIX}/assets/icon.svg"}
    in_menu = [{**view, **icons, "category": CATEGORY, "destination": "nav"} for view in (pages, *reports)]
    return [*in_menu, {**run, **icons, "destination": "dag_run"}]


def _audience() -> Audience:
    """The API server goes by the names in its own addresses: that of people, and that of tasks."""
    addresses = conf.get("api", "base_url", fallback=""), conf.get("core", "execution_api_server_url", fallback="")
    return Audience(name for address in addresses if (name := urlsplit(address or "").hostname))


class AislePlugin(AirflowPlugin):  # type: ignore[misc]
    """Aisle's pages, served by Airflow's API server to Airflow's users, and what its DAGs need registered."""

    name = "aisle"
    external_views = _views()
    deadline_references: ClassVar[list[type[FirstQueuedAt]]] = [FirstQueuedAt]

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:
        """Built when the API server asks: every other process loads plugins too, and has no use for it."""
        from aisle.ui.app import create_app  # noqa: PLC0415 - see above

        return [{"app": create_app(), "url_prefix": PREFIX, "name": "Aisle"}]

    @property
    def fastapi_root_middlewares(self) -> list[dict[str, Any]]:
        """Around everything that the API server answers, the API of tasks included."""
        return [{"middleware": WebGuard, "kwargs": {"audience": _audience()}, "name": "Aisle: who may ask"}]
