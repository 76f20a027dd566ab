"""Whom the running stack answers: every port of it, asked by strangers and by pages of another origin.

All requests are such as any program or page may send; docs/security.md has the table.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg
import pytest

from aisle.settings import PROJECT_ROOT
from services.stack.supervisor import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3_600)]
#: A machine that is busy answers late.
_PATIENCE_SECONDS = 60

#: Where secrets are kept, below the home.
_VAULTS = {"secrets.json", "stack.json", "login/passwords.json", "postgres/password"}


@dataclass(frozen=True, slots=True)
class Question:
    """What a stranger asks one program, and the status by which it is refused."""

    method: str
    path: str
    status: int


#: Per program that speaks HTTP: what is behind its login, ...
CLOSED = {
    "Airflow": [Question("GET", "/api/v2/dags", 401), Question("GET", "/aisle/pipeline", 401)],
    "recommendations API": [Question("GET", "/api/v1/recommendations/somebody", 401)],
    "reports": [Question("GET", "/", 401), Question("GET", "/quality/index.html", 401)],
    "engine": [Question("GET", "/", 403), Question("POST", "/recommendations", 403)],
    "company API": [Question("GET", "/get_oe_orders", 401), Question("GET", "/faults", 401)],
    "S3": [Question("GET", "/aisle", 403), Question("GET", "/moto-api/", 403)],
}
#: ... and what everybody on this machine may read: that it is up, and the engine's counts.
OPEN = {
    "Airflow": ["/api/v2/monitor/health", "/api/v2/version"],
    "recommendations API": ["/health/live"],
    "reports": ["/health"],
    "engine": ["/health/ready", "/metrics"],
    "company API": ["/health"],
    "S3": ["/health"],
}
_QUESTIONS = [(program, question) for program, questions in CLOSED.items() for question in questions]


def ports(stack: Stack) -> dict[str, int]:
    """The ports that docs/security.md speaks of, by program."""
    at = stack.addresses
    return {
        "Airflow": at.airflow_port,
        "recommendations API": at.serving_port,
        "reports": at.reports_port,
        "engine": at.engine_port,
        "company API": at.company_api_port,
        "S3": at.s3_port,
        "PostgreSQL": urlsplit(at.warehouse_url).port or 0,
    }


def processes(stack: Stack) -> Iterator[psutil.Process]:
    """Every process of the stack that is still there."""
    for pid in stack.pids:
        root = psutil.Process(pid)
        yield from (root, *root.children(recursive=True))


def _listening(process: psutil.Process) -> set[tuple[str, int]]:
    try:
        held = process.net_connections(kind="inet")
    except psutil.Error:  # just gone
        return set()
    return {
        (at.laddr.ip, at.laddr.port) for at in held if at.status == psutil.CONN_LISTEN or at.type != socket.SOCK_STREAM
    }


def _arguments(process: psutil.Process) -> str:
    try:
        return "\0".join(process.cmdline())
    except psutil.Error:
        return ""


def secrets_of(stack: Stack) -> set[str]:
    kept = json.loads((stack.home / "secrets.json").read_text())
    return {*kept.values(), (stack.home / "postgres" / "password").read_text().strip()}


def test_every_port_is_one_of_the_table_and_on_loopback(stack: Stack) -> None:
    listening = {address for process in processes(stack) for address in _listening(process)}
    assert listening == {("127.0.0.1", port) for port in ports(stack).values()}
    table = (PROJECT_ROOT / "docs" / "security.md").read_text()
    assert [program for program in ports(stack) if f"| {program} |" not in table] == []


@pytest.mark.parametrize(("program", "question"), _QUESTIONS)
def test_callers_without_credentials_are_refused(stack: Stack, program: str, question: Question) -> None:
    answer = httpx.request(
        question.method, f"http://127.0.0.1:{ports(stack)[program]}{question.path}", timeout=_PATIENCE_SECONDS
    )
    assert answer.status_code == question.status


@pytest.mark.parametrize("program", OPEN)
def test_what_is_open_shows_no_secret(stack: Stack, program: str) -> None:
    for path in OPEN[program]:
        answer = httpx.get(f"http://127.0.0.1:{ports(stack)[program]}{path}", timeout=_PATIENCE_SECONDS)
        assert answer.status_code == 200
        assert not [secret for secret in secrets_of(stack) if secret in answer.text]


@pytest.mark.parametrize(
    "foreign", [{"host": "shop.example"}, {"origin": "http://shop.example"}], ids=["host", "origin"]
)
@pytest.mark.parametrize("program", CLOSED)
def test_a_foreign_name_or_origin_is_refused(stack: Stack, program: str, foreign: dict[str, str]) -> None:
    asked = [(question.method, question.path) for question in CLOSED[program]]
    # Every call of the engine is signed, which no page of others can do: pages may learn that it is up.
    expected = [] if program == "engine" and "origin" in foreign else OPEN[program]
    for method, path in [*asked, *(("GET", path) for path in expected)]:
        url = f"http://127.0.0.1:{ports(stack)[program]}{path}"
        answer = httpx.request(method, url, headers=foreign, timeout=_PATIENCE_SECONDS)
        assert answer.status_code == 403, f"{method} {path}"


def test_postgresql_asks_for_a_password_and_speaks_no_http(stack: Stack) -> None:
    at = urlsplit(stack.addresses.warehouse_url)
    for password in ("", "aisle"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=at.hostname, port=at.port, user=at.username, password=password, dbname="warehouse")
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://{at.hostname}:{at.port}/")


def test_callers_with_credentials_are_answered(stack: Stack) -> None:
    assert stack.airflow.dag_ids()
    assert httpx.get(stack.addresses.reports, auth=("admin", stack.secrets.admin_password)).status_code == 200
    assert httpx.get(stack.addresses.reports, auth=("admin", "another")).status_code == 401


@pytest.fixture(scope="module")
def other_origin() -> Iterator[str]:
    """A page of another origin: it does nothing by itself."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>somebody else</title>")

        def log_message(self, format: str, *args: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


_FETCH = """async ([url, options]) => {
    try { const answer = await fetch(url, options); return [answer.type, answer.status, await answer.text()]; }
    catch (error) { return ["failed", 0, ""]; }
}"""
_FRAME = """url => new Promise(done => {
    const frame = Object.assign(document.createElement("iframe"), {src: url});
    frame.onload = frame.onerror = () => done();
    document.body.append(frame);
})"""


@pytest.mark.parametrize("program", [*CLOSED, "PostgreSQL"])
def test_a_page_of_another_origin_learns_nothing_in_a_real_browser(
    stack: Stack, browser_page: Any, other_origin: str, program: str
) -> None:
    browser_page.goto(other_origin)
    here = f"http://127.0.0.1:{ports(stack)[program]}"
    statuses: list[int] = []
    browser_page.on("response", lambda answer: statuses.append(answer.status) if answer.url.startswith(here) else None)
    for question in CLOSED.get(program, [Question("GET", "/", 0)]):
        url = here + question.path
        for options in ({"method": question.method}, {"method": question.method, "mode": "no-cors"}):
            kind, status, text = browser_page.evaluate(_FETCH, [url, options])
            assert (kind, status, text) in (("failed", 0, ""), ("opaque", 0, ""), ("cors", question.status, text))
            assert not [secret for secret in secrets_of(stack) if secret in text]
    browser_page.evaluate(_FRAME, here)
    assert set(statuses) <= {403}
    assert statuses or program == "PostgreSQL"


def test_a_person_logs_in_once_and_finds_the_reports_within_airflow_in_a_real_browser(
    stack: Stack, chromium: Any
) -> None:
    password, reports = stack.secrets.admin_password, stack.addresses.reports
    account = {"username": "admin", "password": password, "origin": reports, "send": "unauthorized"}
    context = chromium.new_context(http_credentials=account)  # what a person types into the browser's own window
    page = context.new_page()
    page.goto(stack.addresses.airflow)
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(f"{stack.addresses.airflow}/")
    with page.expect_response(lambda answer: answer.url.startswith(reports) and answer.status != 401) as shown:
        page.goto(f"{stack.addresses.airflow}/plugin/dbt-docs")
    assert (shown.value.status, shown.value.frame.parent_frame is not None) == (200, True)
    context.close()


def test_nobody_else_reads_the_home(demo_root: Path, stack: Stack) -> None:
    """Its files were written by `make demo` and since; what PostgreSQL keeps is its own user's alone, too."""
    assert stat.S_IMODE(stack.home.stat().st_mode) == 0o700
    written = [Path(folder, name) for folder, _, names in os.walk(stack.home) for name in names]
    readable = [path for path in written if stat.S_IMODE(path.lstat().st_mode) & 0o077 and not path.is_symlink()]
    assert len(written) > 1_000
    assert readable == []


def test_no_secret_is_written_anywhere_but_where_secrets_are_kept(stack: Stack) -> None:
    secrets = [secret.encode() for secret in secrets_of(stack)]
    holding = set()
    for folder, _, names in os.walk(stack.home):
        for path in map(partial(Path, folder), names):
            if path.is_file() and any(secret in path.read_bytes() for secret in secrets):
                holding.add(str(path.relative_to(stack.home)))
    assert holding <= _VAULTS
    assert "secrets.json" in holding


def test_no_secret_is_among_the_arguments_of_a_process(stack: Stack) -> None:
    arguments = [_arguments(process) for process in processes(stack)]
    assert len(arguments) > 8
    assert [line for line in arguments for secret in secrets_of(stack) if secret in line] == []


def test_serving_reads_by_its_own_role_what_a_user_without_a_list_is_shown_too(stack: Stack) -> None:
    answer = httpx.get(
        f"{stack.addresses.serving}/api/v1/recommendations/nobody-of-that-name",
        headers={"authorization": f"Bearer {stack.secrets.serving_api_key}"},
    )
    assert (answer.status_code, answer.json()["source"]) == (200, "popular")
    with psycopg.connect(stack.addresses.warehouse_url) as connection:
        users = connection.execute(
            "select distinct usename from pg_stat_activity where application_name = 'aisle-serving'"
        ).fetchall()
    assert users == [("aisle_reader",)]
