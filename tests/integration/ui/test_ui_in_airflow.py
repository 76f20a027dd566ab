"""The plugin inside a real API server: loaded, in the menu, behind Airflow's log-in, with a stored connection."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.waiting import wait_for_server

PAGES = ("pipeline", "quality", "models", "cache", "cost")
PASSWORDS = {"keeper": "keeper-password", "reader": "reader-password"}


@pytest.fixture(scope="module")
def airflow_url(airflow_metadata: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running `airflow api-server` on the tests' metadata database, where people log in."""
    scratch, port = tmp_path_factory.mktemp("api-server"), _free_port()
    url, passwords = f"http://127.0.0.1:{port}", scratch / "passwords.json"
    passwords.write_text(json.dumps(PASSWORDS))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_CONN_")} | {
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": "secret-of-the-tests",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-of-the-tests-that-is-long-enough-for-the-hash-that-signs-tokens",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "keeper:admin,reader:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AISLE_DOCS__URL": "http://reports:8001",
    }
    log = scratch / "api-server.log"
    with log.open("w") as output:
        command = [str(Path(sys.executable).with_name("airflow")), "api-server"]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=scratch)
    try:
        wait_for_server(f"{url}/api/v2/version", process, log)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=120)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def logged_in(url: str, name: str) -> httpx.Client:
    """A browser after the log-in: the token is in the cookie, as Airflow's own page puts it there."""
    answer = httpx.post(f"{url}/auth/token", json={"username": name, "password": PASSWORDS[name]})
    return httpx.Client(base_url=url, cookies={"_token": answer.raise_for_status().json()["access_token"]}, timeout=30)


def test_the_plugin_is_loaded_and_its_pages_are_in_the_menu(airflow_url: str) -> None:
    with logged_in(airflow_url, "keeper") as keeper:
        assert keeper.get("/api/v2/plugins/importErrors").json()["import_errors"] == []
        (plugin,) = [
            installed for installed in keeper.get("/api/v2/plugins").json()["plugins"] if installed["name"] == "aisle"
        ]
    views = {view["name"]: view for view in plugin["external_views"]}
    assert views["Aisle"]["href"] == "/aisle/pipeline"
    assert views["Aisle"]["nav_top_level"]
    assert views["dbt docs"]["href"] == "http://reports:8001/dbt/index.html"
    assert views["Data Docs"]["href"] == "http://reports:8001/quality/index.html"
    assert views["Receipts"] | {"destination": "dag_run", "href": "/aisle/runs/{DAG_ID}/{RUN_ID}"} == views["Receipts"]
    assert [app["url_prefix"] for app in plugin["fastapi_apps"]] == ["/aisle"]


@pytest.mark.parametrize("path", [*PAGES, "assets/style.css", ""])
def test_a_stranger_is_refused_by_the_running_server(airflow_url: str, path: str) -> None:
    answer = httpx.get(f"{airflow_url}/aisle/{path}", follow_redirects=False)
    assert answer.status_code == 401
    assert "log in" in answer.text


def test_pages_open_once_the_warehouse_is_a_connection_of_airflow(airflow_url: str, lived_in: str) -> None:
    with logged_in(airflow_url, "keeper") as keeper, logged_in(airflow_url, "reader") as reader:
        assert reader.get("/aisle/models").status_code == 503
        place = urlsplit(lived_in)
        connection = {
            "connection_id": "warehouse", "conn_type": "postgres", "host": place.hostname, "port": place.port,
            "login": place.username, "password": place.password, "schema": place.path.removeprefix("/"),
        }  # fmt: skip
        keeper.post("/api/v2/connections", json=connection).raise_for_status()
        try:
            answers = {page: reader.get(f"/aisle/{page}") for page in PAGES}
            assert {answer.status_code for answer in answers.values()} == {200}
            assert "week-4" in answers["models"].text
            assert reader.get("/aisle/assets/style.css").headers["content-type"].startswith("text/css")
        finally:
            keeper.delete("/api/v2/connections/warehouse").raise_for_status()


def test_a_user_with_read_access_cannot_roll_back(airflow_url: str) -> None:
    """The button asks Airflow itself, in the user's name, so Airflow's rights hold."""
    with logged_in(airflow_url, "reader") as reader:
        body = {"logical_date": None, "conf": {"what": "cache", "reason": "a test"}}
        assert reader.post("/api/v2/dags/rollback/dagRuns", json=body).status_code == 403


@pytest.mark.parametrize(
    "foreign", [{"host": "shop.example"}, {"origin": "http://shop.example"}], ids=["host", "origin"]
)
@pytest.mark.parametrize("path", ["/", "/auth/token", "/api/v2/version", "/execution/health/ping", "/aisle/pipeline"])
def test_a_foreign_name_or_page_is_refused_before_airflow_looks_at_it(
    airflow_url: str, path: str, foreign: dict[str, str]
) -> None:
    assert httpx.get(f"{airflow_url}{path}", headers=foreign).status_code == 403
    assert httpx.post(f"{airflow_url}{path}", headers=foreign).status_code == 403
