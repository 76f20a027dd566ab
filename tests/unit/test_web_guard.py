"""Requests of programs and of a program's own pages are recognised by the headers that browsers send."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from aisle.web_guard import Audience, Hosts, WebGuard, names_of

HERE = "127.0.0.1:8001"


async def _page(_: Request) -> Response:
    return PlainTextResponse("ours")


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("ours")
    await socket.close()


def client(audience: Audience | None = None) -> TestClient:
    app = Starlette(routes=[Route("/", _page, methods=["GET", "POST"]), WebSocketRoute("/socket", _socket)])
    return TestClient(WebGuard(app, audience or Audience()), base_url=f"http://{HERE}")


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8001", "127.0.0.1", "localhost:8001", "LocalHost", "[::1]:8001", "192.168.1.7:8001"]
)
def test_programs_of_this_machine_are_answered(host: str) -> None:
    assert client().get("/", headers={"host": host}).text == "ours"


def test_a_program_that_sends_no_host_is_answered_and_its_origin_looked_at() -> None:
    assert Audience().refusal("GET", {}) is None
    assert Audience().refusal("GET", {"origin": "http://shop.example"})


@pytest.mark.parametrize(
    "host",
    [
        "shop.example",
        "shop.example:8001",
        "127.0.0.1.shop.example",
        "localhost.shop.example:8001",
        "192.168.1.7.shop.example",
        "127.0.0.1@shop.example",
        "shop.localhost",
        "shop@localhost:8001",
        "localhost/shop",
        "localhost:http",
        "127.0.0.1:8001:8001",
        "::1",
        "[::1",
        "",
    ],
)
def test_a_name_that_somebody_else_lets_point_here_is_refused(host: str) -> None:
    answer = client().get("/", headers={"host": host})
    assert answer.status_code == 403
    assert "Host" in answer.text
    assert "shop.example" not in answer.text


@pytest.mark.parametrize(
    "origin",
    ["http://shop.example", "http://127.0.0.1:9999", "http://localhost:8001", "null", "https://127.0.0.1", "garbage"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_pages_of_another_origin_are_refused_without_a_readable_body(origin: str, method: str) -> None:
    answer = client().request(method, "/", headers={"origin": origin})
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_its_own_pages_are_answered() -> None:
    answer = client().post("/", headers={"origin": f"http://{HERE}", "sec-fetch-site": "same-origin"})
    assert answer.text == "ours"


@pytest.mark.parametrize(
    ("site", "mode", "destination", "status"),
    [
        ("none", "navigate", "document", 200),  # typed into the address bar
        ("cross-site", "navigate", "document", 200),  # a link in a mail
        ("same-site", "navigate", "iframe", 200),  # a report within Airflow
        ("cross-site", "navigate", "iframe", 403),  # framed by another site
        ("cross-site", "no-cors", "script", 403),
        ("cross-site", "no-cors", "image", 403),
        ("same-site", "no-cors", "empty", 403),  # a page of another program of this machine
        ("same-site", "cors", "empty", 403),
    ],
)
def test_others_may_lead_here_but_not_take_parts_of_it(site: str, mode: str, destination: str, status: int) -> None:
    headers = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": destination}
    assert client().get("/", headers=headers).status_code == status


def test_a_form_of_another_site_is_refused() -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client().post("/", headers=headers).status_code == 403


def test_a_socket_is_guarded_like_a_page() -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        client().websocket_connect("/socket", headers={"host": HERE, "origin": "http://a.b"}),
    ):
        pass
    with client().websocket_connect("/socket", headers={"host": HERE}) as socket:
        assert socket.receive_text() == "ours"


def test_further_names_and_origins_are_given() -> None:
    audience = Audience(names_of("reports, REPORTS.shop"), ["https://shop.example"])
    assert client(audience).get("/", headers={"host": "reports:8001"}).status_code == 200
    assert client(audience).get("/", headers={"host": "reports.shop"}).status_code == 200
    assert client(audience).get("/", headers={"host": "shop"}).status_code == 403
    asked = {"host": "reports:8001", "origin": "https://shop.example", "sec-fetch-site": "cross-site"}
    assert client(audience).get("/", headers=asked).status_code == 200


def test_any_name_still_refuses_pages_of_another_origin() -> None:
    audience = Audience(["*"])
    assert client(audience).get("/", headers={"host": "api.shop.example"}).status_code == 200
    asked = {"host": "api.shop.example", "origin": "http://b.example"}
    assert client(audience).get("/", headers=asked).status_code == 403


@pytest.mark.parametrize(
    ("name", "host", "is_known"),
    [
        ("engine:8002", "engine:8002", True),
        ("Engine:8002", "ENGINE:8002", True),
        ("engine:8002", "engine:8003", False),
        ("engine:8002", "engine", False),
        ("engine", "engine:8002", True),
        ("shop.example:443", "shop.example:443", True),
        ("shop.example:443", "other.example:443", False),
        ("engine:8002", "localhost:8003", True),
    ],
)
def test_a_name_that_is_given_with_a_port_is_known_at_that_port(name: str, host: str, is_known: bool) -> None:
    assert Hosts([name]).know(host) is is_known
