"""A proxy that breaks calls on their way to the engine and back: between any AWS client and any Personalize endpoint.

Faults are given per operation, and each breaks one call; after them the line is whole again. What reached the engine is
counted, so a test can tell a call that was never made from one whose answer was lost.
"""

from __future__ import annotations

import http.client
import json
import select
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

#: A client that reads slower than this is given up on.
_LONGEST_READ_SECONDS = 20


class Fault(Enum):
    """What breaks one call, in the words of the published table."""

    THROTTLED = "throttled (400)"
    TOO_MANY = "throttled (429)"
    BROKEN = "error 500"
    UNAVAILABLE = "error 503"
    REQUEST_LOST = "connection lost before the service acted"
    ANSWER_LOST = "connection lost after the service acted"
    ANSWER_LATE = "answer later than the read timeout"
    GARBAGE_INSTEAD = "garbage from a gateway, the service never asked"
    GARBAGE_ANSWER = "garbage instead of the answer, after the service acted"
    CUT_ANSWER = "answer cut off in its body, after the service acted"


#: Faults of calls which the service acted upon all the same.
ACTED = (Fault.ANSWER_LOST, Fault.ANSWER_LATE, Fault.GARBAGE_ANSWER, Fault.CUT_ANSWER)
_ERRORS = {
    Fault.THROTTLED: (400, "ThrottlingException"),
    Fault.TOO_MANY: (429, "ThrottlingException"),
    Fault.BROKEN: (500, "InternalServerError"),
    Fault.UNAVAILABLE: (503, "ServiceUnavailable"),
}
_GARBAGE = b"<html><body>Please sign in to the guest network</body></html>"


@dataclass(frozen=True)
class Answer:
    """One answer over HTTP. So many bytes as are `missing` are announced, and never come."""

    status: int
    headers: dict[str, str]
    body: bytes
    missing: int = 0

    def cut(self) -> Answer:
        """The same with half of its body."""
        half = self.body[: len(self.body) // 2]
        return replace(self, body=half, missing=len(self.body) - len(half))


@dataclass(frozen=True)
class Telling:
    """A status that describe operations return instead of the true one."""

    status: str
    failure_reason: str = ""
    #: The nested description that holds it, such as `latestCampaignUpdate`; None for the resource's own.
    within: str | None = None

    def instead_of(self, answer: Answer, operation: str, request: bytes) -> Answer:
        """The answer of a describe operation with the status of this telling, be the resource gone already or not."""
        kind = operation.removeprefix("Describe")
        member = kind[0].lower() + kind[1:]
        description = json.loads(answer.body)[member] if answer.status == http.client.OK else json.loads(request)
        shown = description.setdefault(self.within, {}) if self.within else description
        shown["status"] = self.status
        if self.failure_reason:
            shown["failureReason"] = self.failure_reason
        return Answer(http.client.OK, answer.headers, json.dumps({member: description}).encode())


class FaultProxy:
    """The proxy. Its `url` is used in place of the engine's."""

    def __init__(self, engine_url: str) -> None:
        self._engine = urlsplit(engine_url).netloc
        self._faults: defaultdict[str, deque[Fault | None]] = defaultdict(deque)
        self._tellings: defaultdict[str, deque[Telling | None]] = defaultdict(deque)
        self._lock = threading.Lock()
        #: Calls by operation: what clients sent, and what the engine was given.
        self.sent: Counter[str] = Counter()
        self.reached: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[FaultProxy]:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def break_calls(self, operation: str, *faults: Fault | None) -> None:
        """Break the next calls of an operation, such as `CreateCampaign`. None, and the end of the list, let pass."""
        with self._lock:
            self._faults[operation].extend(faults)

    def tell(self, operation: str, *tellings: Telling | None) -> None:
        """Let the next calls of a describe operation return these statuses. None, and any later call, is the truth."""
        with self._lock:
            self._tellings[operation].extend(tellings)

    def heal(self) -> None:
        """Forget the faults that have not struck, the tellings and the counts."""
        with self._lock:
            for memory in (self._faults, self._tellings, self.sent, self.reached):
                memory.clear()

    def answer(self, operation: str, path: str, headers: dict[str, str], body: bytes) -> Answer | Fault:
        """The answer to a call, or the fault that leaves it without one."""
        fault, telling = self._take(operation)
        if fault in _ERRORS:
            return _refusal(*_ERRORS[fault])
        if fault == Fault.GARBAGE_INSTEAD:
            return Answer(200, {"Content-Type": "text/html"}, _GARBAGE)
        if fault == Fault.REQUEST_LOST:
            return fault
        answer = self._forward(operation, path, headers, body)
        if fault == Fault.GARBAGE_ANSWER:
            return Answer(200, {"Content-Type": "text/html"}, _GARBAGE)
        if fault == Fault.CUT_ANSWER:
            return answer.cut()
        if fault is not None:
            return fault
        return telling.instead_of(answer, operation, body) if telling else answer

    def _take(self, operation: str) -> tuple[Fault | None, Telling | None]:
        with self._lock:
            self.sent[operation] += 1
            faults, tellings = self._faults[operation], self._tellings[operation]
            return (faults.popleft() if faults else None, tellings.popleft() if tellings else None)

    def _forward(self, operation: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        with self._lock:
            self.reached[operation] += 1
        connection = http.client.HTTPConnection(self._engine, timeout=60)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            kept = {
                name: value for name, value in response.getheaders() if name.lower().startswith(("x-", "content-t"))
            }
            return Answer(response.status, kept, response.read())
        finally:
            connection.close()


def _refusal(status: int, code: str) -> Answer:
    body = json.dumps({"__type": code, "message": f"{code}, said the fault proxy"}).encode()
    return Answer(status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": "of-the-proxy"}, body)


def operation_of(path: str, target: str) -> str:
    """The operation that a call asks for: the control plane names it in a header, the others by their path."""
    return target.rpartition(".")[2] if target else path.strip("/")


def _handler_of(proxy: FaultProxy) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version: ClassVar[str] = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            operation = operation_of(self.path, self.headers.get("X-Amz-Target", ""))
            answer = proxy.answer(operation, self.path, headers, body)
            if isinstance(answer, Fault):
                self._hang_up(answer)
            else:
                self._send(answer)

        def _hang_up(self, fault: Fault) -> None:
            if fault == Fault.ANSWER_LATE:
                # Nothing more can come from a client that waits: readable means that it has hung up.
                select.select([self.connection], [], [], _LONGEST_READ_SECONDS)
            self.close_connection = True

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) + answer.missing))
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = self.close_connection or bool(answer.missing)

        def log_message(self, *_: Any) -> None: ...

    return Handler


_HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "expect", "content-length", "host")
