"""A company API over real HTTP, whose orders and misbehaviour each test decides."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aisle.sources import api_sources
from tests.integration.company_served import TOKEN

START = datetime(2026, 1, 1, tzinfo=UTC)
#: What the company makes of a query.
Answers = Callable[[dict[str, str]], Any]


def order_of(number: int, **changes: Any) -> dict[str, Any]:
    """Order `number`, one hour after the one before, with two items."""
    sent = {
        "order_id": f"A{number:04d}",
        "order_date": (START + timedelta(hours=number)).isoformat(),
        "updated_at": (START + timedelta(hours=number)).isoformat(),
        "status": "completed",
        "customer": {
            "id": f"c{number % 7}",
            "name": f"Zubaida Testperson {number % 7}",
            "phone": f"0300-123456{number % 7}",
            "email": f"zubaida{number % 7}@example.com",
            "address": f"{number % 7} Garden Lane",
        },
        "city": "Lahore",
        "province": "Punjab",
        "payment_mode": "cash",
        "total": 30.0,
        "items": [
            {"id": "p1", "title": "Green tea", "quantity": 2, "price": 10.0, "category": "tea"},
            {"id": f"P{number % 5 + 2}", "title": "Cup", "quantity": 1, "price": 10.0, "base_price": 12.0},
        ],
    }
    return {**sent, **changes}


Misbehaviour = Callable[[BaseHTTPRequestHandler, bytes], None]


class ScriptedCompany:
    """Orders per path, how they are paged, and a queue of misbehaviours: one per request, None is a good answer."""

    def __init__(self) -> None:
        self.orders: dict[str, list[Any]] = {source.path: [] for source in api_sources()}
        self.shape = "cursor"
        self.largest_page = 100
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.misbehaviours: list[Misbehaviour | None] = []
        self.url = ""
        #: Whether the company gives its word on each day, and the status of its answer if not.
        self.tells_days = False
        self.tells_newest_edit = False
        self.days_status = 404

    @property
    def pos(self) -> list[Any]:
        return self.orders["/get_pos_orders"]

    def sell(self, n_orders: int) -> None:
        """Orders 0 to n of the point of sale, one an hour."""
        self.pos[:] = [order_of(number) for number in range(n_orders)]

    def edit(self, number: int, **changes: Any) -> None:
        """Change an order of the point of sale, as the company does: its updated_at moves."""
        self.pos[number] = order_of(number, **{"updated_at": (START + timedelta(days=30)).isoformat(), **changes})

    def behave(self) -> None:
        """Answer well once, before the misbehaviours that follow."""
        self.misbehaviours.append(None)

    def answer_status(self, code: int, times: int = 1, **headers: str) -> None:
        self.misbehaviours += [lambda handler, _: send(handler, code, b'{"detail": "no"}', **headers)] * times

    def answer_with(self, body: bytes, times: int = 1) -> None:
        self.misbehaviours += [lambda handler, _: send(handler, 200, body)] * times

    def cut_off(self, times: int = 1) -> None:
        """Half of the body under the length of the whole."""
        self.misbehaviours += [_cut_off] * times

    def halve_json(self, times: int = 1) -> None:
        """Half of the body, as if it were the whole."""
        self.misbehaviours += [lambda handler, body: send(handler, 200, body[: len(body) // 2])] * times

    def do(self, deed: Callable[[], None]) -> None:
        """Let something happen between a request and its good answer."""

        def after_the_deed(handler: BaseHTTPRequestHandler, body: bytes) -> None:
            deed()
            send(handler, 200, body)

        self.misbehaviours.append(after_the_deed)

    def days(self, path: str, query: dict[str, str]) -> bytes:
        """The company's word on each day: how many orders, and a hash of all that is in them."""
        days: dict[str, list[Any]] = {}
        for order in self.orders[path.removesuffix("/days")]:
            if _is_within(order, query["start_date"], query["end_date"]):
                days.setdefault(order["order_date"][:10], []).append(order)
        days_told = [{"day": day, **self._word_on(orders)} for day, orders in days.items()]
        return json.dumps({"data": days_told}).encode()

    def _word_on(self, orders: list[Any]) -> dict[str, Any]:
        word = {"n_orders": len(orders), "hash": str(orders)}
        if self.tells_newest_edit:
            word["newest_updated_at"] = max(order.get("updated_at") or order["order_date"] for order in orders)
        return word

    def answer(self, path: str, query: dict[str, str]) -> bytes:
        start, end = query["start_date"], query["end_date"]
        matching = [order for order in self.orders[path] if _is_within(order, start, end)]
        size = min(int(query["limit"]), self.largest_page)
        first = int(query.get("cursor", (int(query.get("page", 1)) - 1) * size))
        page, following = matching[first : first + size], first + size
        if self.shape == "list":
            return json.dumps(page).encode()
        return json.dumps({"data": page, "next_cursor": str(following) if following < len(matching) else None}).encode()


def _is_within(order: Any, start: str, end: str) -> bool:
    try:
        moment = datetime.fromisoformat(order["order_date"])
        return datetime.fromisoformat(start) <= moment < datetime.fromisoformat(end)
    except (TypeError, KeyError, ValueError):
        return True


def handler_of(company: ScriptedCompany) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            company.requests.append((address.path, query))
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                return send(self, 401, b"{}")
            if address.path.endswith("/days"):
                days = company.days(address.path, query) if company.tells_days else b"{}"
                return send(self, 200 if company.tells_days else company.days_status, days)
            body = company.answer(address.path, query)
            misbehave = company.misbehaviours.pop(0) if company.misbehaviours else None
            return misbehave(self, body) if misbehave else send(self, 200, body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def _cut_off(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    send(handler, 200, body[: len(body) // 2], Content_Length=str(len(body)))
    handler.close_connection = True


@contextmanager
def scripted_company() -> Iterator[ScriptedCompany]:
    """Serve a scripted company without orders; its `url` says where."""
    company = ScriptedCompany()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(company))
    company.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield company
    server.shutdown()
    server.server_close()


def scripted(company: Any, answer: Answers) -> None:
    """Let the company answer every request with what `answer` makes of its query."""
    company.answer = lambda path, query: json.dumps(answer(query)).encode()


def states(ingest: Any) -> list[tuple[str, int]]:
    windows: list[tuple[str, int]] = ingest.rows("select state, orders from ops.ingest_windows order by window_start")
    return windows
