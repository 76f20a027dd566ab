"""An API that answers as it is told to, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class ScriptedApi(ThreadingHTTPServer):
    """Gives the responses of a script in their order, the last one for ever, and keeps the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[SentRequest] = []
        self.script: list[tuple[int, Mapping[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answers(self, status: int, body: Any = None, **headers: str) -> None:
        """Add a response to the script; a body of bytes is sent as it is."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.script.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, content))

    def fails(self, status: int, code: str, message: str = "", **headers: str) -> None:
        """Add an error of the API to the script."""
        self.answers(status, {"error": {"code": code, "message": message}}, **headers)


@contextmanager
def scripted_api() -> Iterator[ScriptedApi]:
    """Run one for the length of the block."""
    server = ScriptedApi()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedApi

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sent = SentRequest(self.command, self.path, dict(self.headers), json.loads(body) if body else None)
        self.server.requests.append(sent)
        script = self.server.script
        status, headers, content = script.pop(0) if len(script) > 1 else script[0]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer  # noqa: N815 - the library's spelling

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
