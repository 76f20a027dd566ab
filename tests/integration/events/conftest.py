"""A shop whose orders are landed by ingest's own code, and a service that takes events as it is told to."""

from __future__ import annotations

import csv
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import msgspec
import psycopg
import pytest
from botocore.config import Config
from psycopg.rows import dict_row

from aisle.contracts.company_orders import Customer
from aisle.contracts.personalize import INTERACTIONS
from aisle.identity.hashing import PersonHasher
from aisle.orders.landing import Lander
from aisle.orders.staging import Staging
from aisle.orders.windows import Window
from aisle.outbox.sender import Sender, Sent
from aisle.settings import Identity, get_settings
from tests.waiting import settled

ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"
TEA = {"id": "TEA", "title": "Green tea", "quantity": 2, "price": 10.0}
CUP = {"id": "CUP", "title": "Cup", "quantity": 1, "price": 4.0}


def order_of(number: int, *items: dict[str, Any], age: timedelta = timedelta(minutes=1), **changes: Any) -> Any:
    """Order `number`, placed `age` ago by customer `number`: tea and a cup, if nothing else is said."""
    placed_at = (datetime.now(UTC) - age).isoformat()
    sent = {
        "order_id": f"A{number:04d}",
        "order_date": placed_at,
        "updated_at": placed_at,
        "status": "completed",
        "customer": {"id": f"c{number}", "name": "Zubaida Testperson", "phone": f"0300-{1234567 + number}"},
        "items": list(items or (TEA, CUP)),
    }
    return {**sent, **changes}


class Shop:
    """The warehouse of a shop: orders in, events out."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.hasher = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]

    def land(self, *orders: Any) -> None:
        """Merge orders as a window of ingest does, in one transaction."""
        lander = Lander("pos", self.hasher)
        window = Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
        with psycopg.connect(self.url, autocommit=True) as connection:
            staging = Staging(connection)
            staging.clear()
            staging.add(lander.land(msgspec.Raw(json.dumps(order).encode()), "archive/key") for order in orders)
            with connection.transaction():
                staging.merge("pos", window, "run")

    def edit(self, order: dict[str, Any], **changes: Any) -> None:
        """Land a later version of an order."""
        order |= changes | {"updated_at": datetime.now(UTC).isoformat()}
        self.land(order)

    def user_of(self, number: int) -> str:
        """The user id of the customer of order `number`."""
        person = self.hasher.person("pos", Customer(phone=f"0300-{1234567 + number}"), None)
        assert person
        return person.user_id

    def outbox(self, columns: str = "item_id", where: str = "true") -> list[Any]:
        """Rows of the outbox by item and user; of one column its values."""
        query = f"select {columns} from events.outbox where {where} order by item_id, user_id"
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            rows = connection.execute(query.encode()).fetchall()
        return [row[columns] for row in rows] if rows and list(rows[0]) == [columns] else rows

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    def now(self) -> datetime:
        with psycopg.connect(self.url) as connection:
            return connection.execute("select clock_timestamp()").fetchall()[0][0]


@pytest.fixture
def shop(warehouse_url: str) -> Shop:
    return Shop(warehouse_url)


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


def _handler(service: ScriptedService) -> type[BaseHTTPRequestHandler]:
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


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    scripted = ScriptedService()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(scripted))
    scripted.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield scripted
    server.shutdown()
    server.server_close()


@pytest.fixture
def make_order() -> Callable[..., Any]:
    return order_of


class Model:
    """A dataset group of the line with interactions in bulk, and what is trained on them, driven as a client does."""

    def __init__(self, personalize: Any, s3: Any, bucket: str, engine_url: str, name: str = "aisle") -> None:
        self.client, self.s3, self.bucket = personalize, s3, bucket
        self.runtime = boto3.client("personalize-runtime", endpoint_url=engine_url)
        self.group = personalize.create_dataset_group(name=name)["datasetGroupArn"]
        self._await("dataset_group", self.group)
        schema = personalize.create_schema(name=f"{name}-rows", schema=INTERACTIONS.avro_schema)["schemaArn"]
        self.dataset = personalize.create_dataset(
            name="interactions", schemaArn=schema, datasetGroupArn=self.group, datasetType="Interactions"
        )["datasetArn"]
        self._await("dataset", self.dataset)

    def import_rows(self, *rows: str) -> None:
        """Replace what is there in bulk by lines of CSV."""
        self.s3.put_object(
            Bucket=self.bucket, Key="bulk.csv", Body="\n".join([INTERACTIONS.header, *rows, ""]).encode()
        )
        job = self.client.create_dataset_import_job(
            jobName="bulk", datasetArn=self.dataset, roleArn=ROLE, importMode="FULL",
            dataSource={"dataLocation": f"s3://{self.bucket}/bulk.csv"},
        )["datasetImportJobArn"]  # fmt: skip
        assert self._await("dataset_import_job", job)["status"] == "ACTIVE"

    def train(self, solution: str, recipe: str, **options: Any) -> dict[str, Any]:
        """A new version of a solution, which is created if need be, as it has ended up."""
        try:
            arn = self.client.create_solution(
                name=solution, datasetGroupArn=self.group, recipeArn=f"arn:aws:personalize:::recipe/{recipe}",
                performAutoTraining=False, **options,
            )["solutionArn"]  # fmt: skip
        except self.client.exceptions.ResourceAlreadyExistsException:
            arn = f"{self.group.rsplit(':', 1)[0]}:solution/{solution}"
        self._await("solution", arn)
        return self._await(
            "solution_version", self.client.create_solution_version(solutionArn=arn)["solutionVersionArn"]
        )

    def serve(self, name: str, version: dict[str, Any]) -> str:
        """The ARN of a new campaign of a version."""
        arn = self.client.create_campaign(name=name, solutionVersionArn=version["solutionVersionArn"])["campaignArn"]
        self._await("campaign", arn)
        return str(arn)

    def recommended(self, campaign: str, **subject: str) -> list[str]:
        answer = self.runtime.get_recommendations(campaignArn=campaign, numResults=5, **subject)
        return [item["itemId"] for item in answer["itemList"]]

    def events(self) -> list[dict[str, str]]:
        """All that came by PutEvents, as the service itself exports it."""
        job = self.client.create_dataset_export_job(
            jobName=f"events-{uuid.uuid4().hex}", datasetArn=self.dataset, ingestionMode="PUT", roleArn=ROLE,
            jobOutput={"s3DataDestination": {"path": f"s3://{self.bucket}/exported/{uuid.uuid4().hex}/"}},
        )["datasetExportJobArn"]  # fmt: skip
        path = self._await("dataset_export_job", job)["jobOutput"]["s3DataDestination"]["path"]
        prefix = path.removeprefix(f"s3://{self.bucket}/")
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        bodies = [self.s3.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read().decode() for item in listed]
        return [row for body in bodies for row in csv.DictReader(body.splitlines())]

    def _await(self, kind: str, arn: str) -> dict[str, Any]:
        member = "".join(word.title() for word in kind.split("_"))
        member = member[0].lower() + member[1:]
        describe = getattr(self.client, f"describe_{kind}")
        return settled(lambda: describe(**{f"{member}Arn": arn})[member])


@pytest.fixture
def model(personalize: Any, s3: Any, bucket: str, engine_url: str) -> Model:
    return Model(personalize, s3, bucket, engine_url)


@pytest.fixture
def connect_company(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def connect(url: str) -> None:
        connection = {"conn_type": "http", "host": url, "password": "token-of-the-tests"}
        monkeypatch.setenv("AIRFLOW_CONN_COMPANY_API", json.dumps(connection))
        monkeypatch.setenv("AISLE_INGEST__START_AT", (datetime.now(UTC) - timedelta(hours=2)).isoformat())
        monkeypatch.setenv("AISLE_INGEST__ATTEMPTS", "1")
        get_settings.cache_clear()

    return connect


class _NoOrders(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"data": [], "next_cursor": null}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def quiet_company(connect_company: Callable[[str], None]) -> Iterator[None]:
    """A company without orders."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _NoOrders)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    connect_company(f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    server.server_close()


#: Whose file has these has everybody's events, those of customers in Peshawar, and those of the category of drinks.
THREE_GROUPS = """
groups:
  - name: aisle
    datasets: {interactions: {}}
  - name: Shop-North
    where: {users: {location: [Peshawar]}}
    datasets: {interactions: {}, users: {}}
  - name: drinks
    where: {items: {category: [drink]}}
    datasets: {interactions: {}, items: {}}
"""


@pytest.fixture
def describe_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Write the file of the environment; each time to a file of its own, as a file is read once."""

    def describe(text: str) -> None:
        file = tmp_path / f"{uuid.uuid4().hex}.yaml"
        file.write_text(text)
        monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(file))
        get_settings.cache_clear()

    yield describe
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def three_groups(describe_groups: Callable[[str], None]) -> None:
    describe_groups(THREE_GROUPS)


@pytest.fixture
def marts_of() -> Callable[..., None]:
    return build_marts


def build_marts(shop: Shop, *, items: dict[str, str | None], locations: dict[int, str]) -> None:
    """Marts that know these items by their category, and these customers by where they live."""
    shop.execute(
        "create schema if not exists personalize;"
        "drop table if exists personalize.items, personalize.users;"
        "create table personalize.items (item_id text unique, product_name text, category text, price real);"
        "create table personalize.users (user_id text unique, location text)"
    )
    with psycopg.connect(shop.url) as connection, connection.cursor() as cursor:
        cursor.executemany("insert into personalize.items (item_id, category) values (%s, %s)", list(items.items()))
        people = [(shop.user_of(customer), location) for customer, location in locations.items()]
        cursor.executemany("insert into personalize.users values (%s, %s)", people)
