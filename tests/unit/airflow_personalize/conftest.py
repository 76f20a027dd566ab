"""Personalize in two small forms: a client with a list of expected calls, and a server with a list of answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from botocore.stub import Stubber


def _connection(**extra: Any) -> str:
    return json.dumps(
        {"conn_type": "aws", "login": "aisle", "password": "aisle", "extra": {"region_name": "us-east-1", **extra}}
    )


@pytest.fixture(autouse=True)
def _aws_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", _connection())


@pytest.fixture
def stub() -> Iterator[Callable[[Any], Stubber]]:
    """Stub the client of an operator, sensor or hook. Calls and answers are checked against the service's model, and
    at the end every expected call must have been made."""
    stubbers = []

    def start(owner: Any) -> Stubber:
        stubber = Stubber(getattr(owner, "hook", owner).conn)
        stubber.activate()
        stubbers.append(stubber)
        return stubber

    yield start
    for stubber in stubbers:
        stubber.assert_no_pending_responses()
        stubber.deactivate()


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """What a real HTTP server in Personalize's place answers, call by call: (HTTP status, body). It hangs up at 0."""
    script: list[tuple[int, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = script.pop(0)
            if not status:
                self.close_connection = True
                return
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("x-amzn-RequestId", "r-1")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    endpoint = {"endpoint_url": f"http://127.0.0.1:{server.server_port}"}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", _connection(service_config={"personalize": endpoint}))
    yield script
    server.shutdown()
    server.server_close()
