"""PutEvents over real HTTP, answered as each test decides."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config

from aisle.outbox.sender import Sender, Sent
from tests.integration.events.shop import Shop

Answer = Callable[[dict[str, Any]], tuple[int, str]]


def accept(_: dict[str, Any]) -> tuple[int, str]:
    return 200, ""


class ScriptedService:
    """PutEvents over real HTTP: keeps every call, and answers each as `answer` says, or as the script does first."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.script: list[Answer] = []
        self.answer: Answer = accept
        self.url = ""
        self._lock = threading.Lock()

    @property
    def event_ids(self) -> list[str]:
        """Of all events in accepted calls."""
        return [event["eventId"] for call in self.calls if call["status"] == 200 for event in call["eventList"]]

    def break_down(self, status: int, code: str, times: int = 1) -> None:
        self.script += [lambda _: (status, code)] * times

    def refuse(self, *item_ids: str) -> None:
        """Refuse every call that holds one of these items, as the service refuses a whole call for one event."""
        poison = set(item_ids)
        self.answer = lambda call: (
            (400, "InvalidInputException") if poison & {event["itemId"] for event in call["eventList"]} else (200, "")
        )

    def take(self, call: dict[str, Any]) -> tuple[int, str]:
        with self._lock:
            answer = self.script.pop(0) if self.script else self.answer
        status, code = answer(call)
        with self._lock:
            self.calls.append(call | {"status": status})
        return status, code

    def sender(self, shop: Shop, *, group: str = "aisle", senders: int = 1, attempts: int = 3) -> Sender:
        return Sender(self.client(), "tracker", shop.url, group, senders=senders, attempts=attempts)

    def send(self, shop: Shop, **options: Any) -> Sent:
        """One run of a sender."""
        return self.sender(shop, **options).send_waiting(shop.now())

    def client(self) -> Any:
        config = Config(retries={"mode": "standard", "total_max_attempts": 2}, max_pool_connections=8)
        return boto3.client("personalize-events", endpoint_url=self.url, config=config)


def _handler_of(service: ScriptedService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # header and body in one packet, or the client waits 40 ms for the second

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, code = service.take(json.loads(body))
            answer = b"" if status == 200 else json.dumps({"message": f"scripted {code}"}).encode()
            self.send_response(status)
            if code:
                self.send_header("x-amzn-ErrorType", code)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def scripted_service() -> Iterator[ScriptedService]:
    """Serve a service that accepts every call; its `url` says where."""
    service = ScriptedService()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(service))
    service.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield service
    server.shutdown()
    server.server_close()
