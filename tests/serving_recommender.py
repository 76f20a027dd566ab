"""A recommender in Amazon Personalize's place that answers what a test says, and keeps what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@contextmanager
def recommender(
    status: int, body: Any, pause: Callable[[], object] | None = None
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What a campaign answers, whoever asks, and the questions that it was asked."""
    questions: list[dict[str, Any]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            questions.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if pause is None:
                self.wfile.write(content)
                return
            for place in range(len(content)):
                pause()
                self.wfile.write(content[place : place + 1])

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", questions
    finally:
        server.shutdown()
        server.server_close()
