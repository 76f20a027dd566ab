"""A scripted company API over real HTTP, whose orders and misbehaviour each test decides."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest

from aisle.contracts.company_orders import SOURCES, Source
from aisle.identity.hashing import PersonHasher
from aisle.orders.archive import Archive
from aisle.orders.client import CompanyApi
from aisle.orders.ledger import Ledger
from aisle.orders.pull import Pulled, Puller
from aisle.orders.recheck import Recheck, Rechecked
from aisle.orders.windows import Window, cut, scheduled_windows
from aisle.settings import Identity
from tests.integration.company_served import served_company

START = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = "token-of-the-tests"


def order_of(number: int, **changes: Any) -> dict[str, Any]:
    """Order `number`, one hour after the one before, with two lines."""
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
        self.orders: dict[str, list[Any]] = {source.path: [] for source in SOURCES}
        self.shape = "cursor"
        self.largest_page = 100
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.misbehaviours: list[Misbehaviour | None] = []
        self.url = ""
        #: Whether the company gives its word on each day, and the status of its answer if not.
        self.tells_days = False
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
        days_told = [{"day": day, "n_orders": len(orders), "hash": str(orders)} for day, orders in days.items()]
        return json.dumps({"data": days_told}).encode()

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


def _handler(company: ScriptedCompany) -> type[BaseHTTPRequestHandler]:
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


@pytest.fixture
def company() -> Iterator[ScriptedCompany]:
    scripted = ScriptedCompany()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(scripted))
    scripted.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield scripted
    server.shutdown()
    server.server_close()


def client_of(company: Any, **changes: Any) -> CompanyApi:
    defaults: dict[str, Any] = {"page_orders": 1000, "timeout_seconds": 2, "attempts": 3, "backoff_seconds": 0.01}
    return CompanyApi(company.url, TOKEN, **{**defaults, **changes})


class Line:
    """Ingest with its neighbours: runs on the clock, backfills, and looks into the warehouse."""

    start = START

    def __init__(self, company: Any, url: str, s3: Any, bucket: str) -> None:
        self.company, self.url, self.s3, self.bucket = company, url, s3, bucket
        self.settings = Identity(hash_key="key-of-the-tests")  # type: ignore[arg-type]
        self.client_settings: dict[str, Any] = {}

    def run(self, hours: int, run_key: str = "", *, overlap_hours: int = 48, longest_days: int = 31) -> Pulled:
        """A scheduled run of source pos whose own time is `hours` after START."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            watermark = Ledger(connection, "pos", "any").watermark(START)
        windows = scheduled_windows(
            watermark,
            START,
            START + timedelta(hours=hours),
            overlap=timedelta(hours=overlap_hours),
            longest=timedelta(days=longest_days),
        )
        return self.pull(windows, "scheduled", run_key or f"run-{hours}")

    def backfill(self, first_hour: int, last_hour: int) -> Pulled:
        window = Window(START + timedelta(hours=first_hour), START + timedelta(hours=last_hour))
        return self.pull([window], "backfill", f"backfill-{first_hour}")

    def pull_all(self, run_key: str) -> Pulled:
        """All that both sources of a simulated company have, in two windows each."""
        health = self.company.health()
        first, last = (datetime.fromisoformat(health[f"{end}_order_at"]) for end in ("first", "last"))
        windows = cut(first, last + timedelta(seconds=1), (last - first) * 0.6)
        for source in SOURCES:
            pulled = self.pull(windows, "scheduled", run_key, source)
        return pulled

    def pull(self, windows: list[Window], kind: Any, run_key: str, source: Source = SOURCES[0]) -> Pulled:
        with (
            client_of(self.company, **self.client_settings) as api,
            psycopg.connect(self.url, autocommit=True) as connection,
        ):
            archive = Archive(self.s3, self.bucket, run_key)
            return Puller(source, api, archive, PersonHasher(self.settings), connection).pull(windows, kind)

    def look(self, first_hour: int, last_hour: int, run_key: str = "look") -> Rechecked:
        """The wider look at the whole days of a span."""
        window = Window(START + timedelta(hours=first_hour), START + timedelta(hours=last_hour))
        with client_of(self.company) as api, psycopg.connect(self.url, autocommit=True) as connection:
            archive = Archive(self.s3, self.bucket, run_key)
            puller = Puller(SOURCES[0], api, archive, PersonHasher(self.settings), connection)
            recheck = Recheck(SOURCES[0], api, connection, run_key)
            return recheck.look(window, partial(puller.pull, kind="recheck"), longest=timedelta(days=31))

    def watermark_hours(self) -> float:
        with psycopg.connect(self.url) as connection:
            return (Ledger(connection, "pos", "any").watermark(START) - START) / timedelta(hours=1)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    def gaps_in_hours(self) -> list[tuple[float, float]]:
        hour = timedelta(hours=1)
        with psycopg.connect(self.url) as connection:
            gaps = Ledger(connection, "pos", "any").gaps(START)
        return [((gap.start - START) / hour, (gap.end - START) / hour) for gap in gaps]

    def order_ids(self) -> list[str]:
        return [row[0] for row in self.rows("select order_id from raw.company__orders order by order_id")]

    def lines_accounted_for(self) -> int:
        return int(
            self.rows(
                "select (select coalesce(sum(1 + merged_lines), 0) from raw.company__order_items)"
                " + (select coalesce(sum(n_lines), 0) from raw.company__rejects)"
            )[0][0]
        )

    def everything(self) -> list[list[tuple[Any, ...]]]:
        """Every row of raw and identity with the transaction that wrote it: equal means nothing was written."""
        tables = ("raw.company__orders", "raw.company__order_items", "raw.company__rejects", "identity.customers")
        return [self.rows(f"select t.xmin::text, t::text from {table} as t order by 2") for table in tables]


class SimulatedCompany:
    """The company of the simulator, served over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})

    def health(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.get("/health").json()
        return answer

    def arm(self, *faults: dict[str, Any]) -> None:
        self.http.delete("/faults").raise_for_status()
        self.http.post("/faults", json=faults).raise_for_status()


@contextmanager
def simulation(**settings: Any) -> Iterator[SimulatedCompany]:
    """A simulated company with these settings."""
    with served_company(**settings) as url:
        yield SimulatedCompany(url)


@pytest.fixture
def simulated() -> Iterator[SimulatedCompany]:
    """The tiny generated company."""
    with simulation(scale="tiny") as company:
        yield company


@pytest.fixture
def simulate() -> Any:
    """Makes simulated companies: a context manager that takes the simulator's settings."""
    return simulation


@pytest.fixture
def client(company: ScriptedCompany) -> Callable[..., CompanyApi]:
    """Makes a client of the scripted company, with fast retries."""
    return lambda **changes: client_of(company, **changes)


@pytest.fixture
def line(company: ScriptedCompany, warehouse_url: str, s3: Any, bucket: str) -> Line:
    return Line(company, warehouse_url, s3, bucket)


@pytest.fixture
def line_of(warehouse_url: str, s3: Any, bucket: str) -> Callable[[Any], Line]:
    """Ingest with a company of the test's own."""
    return lambda company: Line(company, warehouse_url, s3, bucket)
