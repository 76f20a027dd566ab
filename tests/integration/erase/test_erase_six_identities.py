"""A person of six identities is erased by one of them, and does not come back: not by a backfill, nor by an overlap.

Every table, every file on S3, every file of the engine with its log, and all that Airflow keeps and prints is searched
for every value of the person.
"""

from __future__ import annotations

import gzip
import os
import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from aisle.contracts.company_orders import Customer
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from tests.integration.company_served import connect_company
from tests.integration.erase.test_erase_dag import MARTS, file_request
from tests.integration.ingest.scripted_company import START, ScriptedCompany, order_of, scripted_company

HASHER = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
NAME, ADDRESS = "Mahnoor Vanishing", "7 Nowhere Crescent"
PHONES = ("0300-7654321", "0333-1112223")
EMAILS = ("first@vanishing.pk", "second@vanishing.pk", "third@vanishing.pk")
AT_THE_TILL, ONLINE = "till-ref-4711", "shop-ref-0815"

#: Each order holds one or two contacts, and together they make one chain. The first e-mail is overwritten at once.
POS_ORDERS = (
    {"phone": PHONES[0], "email": EMAILS[0], "name": NAME},
    {"phone": "+92 300 7654321", "email": EMAILS[1], "address": ADDRESS},
    {"phone": PHONES[1], "id": AT_THE_TILL},
    {"id": AT_THE_TILL, "name": NAME},
    {"email": EMAILS[2], "id": AT_THE_TILL},
)
ONLINE_ORDERS = (
    {"email": EMAILS[0].upper(), "id": ONLINE},
    {"id": ONLINE, "address": ADDRESS},
    {"phone": "0092 333 1112223", "id": ONLINE, "name": NAME},
)
IDENTITIES = sorted(
    {
        *(str(HASHER.phone_hash(phone)) for phone in PHONES),
        *(str(HASHER.email_hash(email)) for email in (EMAILS[0], EMAILS[2])),
        str(HASHER.hashes("pos", Customer(id=AT_THE_TILL)).source_id),
        str(HASHER.hashes("oe", Customer(id=ONLINE)).source_id),
    }
)
#: Whole numbers and ids: those of the neighbour, which hold the person's, are to stay.
WRITTEN = [
    *(r"[ ().-]*".join(digits) + r"(?!\d)" for digits in ("3007654321", "3331112223")),
    *(rf"\b{source_id}\b" for source_id in (AT_THE_TILL, ONLINE)),
]
ANY_VALUE = re.compile("|".join([*IDENTITIES, *WRITTEN, "vanishing", "Nowhere Cresc"]), re.IGNORECASE)
N_NEIGHBOURS = 600
HISTORY = {"window_start": "2026-01-01T00:00:00Z", "window_end": "2026-03-01T00:00:00Z"}


def sell(company: ScriptedCompany) -> None:
    """The person's orders between those of others, whose numbers hold the person's."""
    company.sell(N_NEIGHBOURS)
    company.pos[0] = order_of(0, customer={"phone": "0300-76543219", "id": "9till-ref-47110", "name": "Neighbour"})
    company.pos.extend([order_of(1000 + number, customer=customer) for number, customer in enumerate(POS_ORDERS)])
    # Unreadable data are found, too: a reject, and texts in unknown fields.
    company.pos.append(order_of(1010, status="lost", customer={"phone": PHONES[0], "name": NAME}))
    company.pos.append(order_of(1011, customer={"name": "by phone 0300 7654321"}, note=f"ask {EMAILS[2]}"))
    online = company.orders["/get_oe_orders"]
    online += [order_of(1200 + number, customer=customer) for number, customer in enumerate(ONLINE_ORDERS)]


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedCompany]:
    """A company that has sold to the person in all of their identities, and is what the DAGs ask."""
    with scripted_company() as scripted:
        sell(scripted)
        connect_company(scripted.url, monkeypatch)
        monkeypatch.setenv("AISLE_INGEST__START_AT", START.isoformat())
        yield scripted


class Places:
    """Everywhere that a person may be."""

    def __init__(self, url: str, s3: Any, bucket: str, scratch: Path, prints: Any) -> None:
        self._url, self._s3, self._bucket, self._scratch, self._prints = url, s3, bucket, scratch, prints

    def with_the_person(self) -> dict[str, list[str]]:
        """Where any value of the person stands, by kind of place."""
        places = {kind: getattr(self, f"_{kind}")() for kind in ("tables", "objects", "engine", "airflow")}
        assert all(places.values()), places.keys()
        return {kind: sorted(name for name, text in places[kind] if ANY_VALUE.search(text)) for kind in places}

    def _tables(self) -> list[tuple[str, str]]:
        query = "select oid::regclass::text from pg_class where relkind in ('r', 'm') and oid >= 16384"
        with psycopg.connect(self._url) as connection:
            tables = [name for (name,) in connection.execute(query.encode())]
            rows = {name: connection.execute(f"select t::text from {name} as t".encode()) for name in tables}
            return [(name, "\n".join(text for (text,) in texts)) for name, texts in rows.items()]

    def _objects(self) -> list[tuple[str, str]]:
        keys = [entry["Key"] for entry in self._s3.list_objects_v2(Bucket=self._bucket)["Contents"]]
        bodies = {key: self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read() for key in keys}
        return [
            (key, f"{key}\n{(gzip.decompress(body) if key.endswith('.gz') else body).decode(errors='replace')}")
            for key, body in bodies.items()
        ]

    def _engine(self) -> list[tuple[str, str]]:
        import pyarrow.parquet as pq

        files = [file for file in self._scratch.rglob("*") if file.is_file()]
        return [
            (file.name, str(pq.read_table(file).to_pylist()) if file.suffix == ".parquet" else _text(file))
            for file in files
        ]

    def _airflow(self) -> list[tuple[str, str]]:
        home = Path(os.environ["AIRFLOW_HOME"])
        with sqlite3.connect(home / "airflow.db") as database:
            metadata = ("metadata", "\n".join(database.iterdump()))
        printed = self._prints.readouterr()
        logs = [(str(file), _text(file)) for file in home.rglob("*.log")]
        return [metadata, ("printed", printed.out + printed.err), *logs]


def _text(file: Path) -> str:
    return file.read_bytes().decode(errors="replace")


@pytest.fixture
def places(warehouse_url: str, s3: Any, bucket: str, tmp_path: Path, capfd: Any) -> Places:
    return Places(warehouse_url, s3, bucket, tmp_path, capfd)


@pytest.mark.parametrize("known", [{"phone": "(0300) 765-4321"}])
def test_no_trace_of_any_identity_is_left_after_two_backfills_and_an_overlap(
    run_dag: Any,
    warehouse_url: str,
    personalize: Any,
    engine_url: str,
    company: ScriptedCompany,
    places: Places,
    tmp_path: Path,
    known: dict[str, str],
) -> None:
    run_dag("ingest", "ingested")
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(MARTS.encode())
        (n_orders,) = connection.execute(b"select count(*) from raw.company__orders").fetchone() or ()
        users = connection.execute(b"select user_id from core.customers").fetchall()
    assert n_orders == N_NEIGHBOURS + len(POS_ORDERS) + len(ONLINE_ORDERS) + 1
    assert len(set(IDENTITIES) & {user_id for (user_id,) in users}) == 1
    assert set(run_dag("export", "exported").values()) == {"success"}
    _put_event(personalize, engine_url, IDENTITIES[0])
    _write_reports(tmp_path)
    before = places.with_the_person()
    assert all(before.values()), before

    states = run_dag("erase", "erased", request_id=file_request(warehouse_url, **known))
    assert set(states.values()) == {"success"}, states
    edited = {"updated_at": (START + timedelta(days=60)).isoformat(), "city": "Karachi", "customer": POS_ORDERS[0]}
    company.pos[N_NEIGHBOURS] = order_of(1000, **edited)
    for run_key, params in (("again", HISTORY), ("once-more", HISTORY)):
        assert run_dag("backfill", run_key, **params)["pull_window"] == "success"
    assert "failed" not in run_dag("ingest", "overlapping").values()
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(f"drop schema core, personalize cascade; {MARTS}".encode())
    assert set(run_dag("export", "exported-again").values()) == {"success"}

    assert places.with_the_person() == {"tables": [], "objects": [], "engine": [], "airflow": []}
    with psycopg.connect(warehouse_url) as connection:
        left = connection.execute(b"select count(*), count(user_id) from raw.company__orders").fetchone()
        receipt = b"select details from ops.receipts where stage = 'erase' and subject = 'warehouse'"
        [(counts,)] = connection.execute(receipt).fetchall()
    assert left == (n_orders, N_NEIGHBOURS)
    assert counts["identities"] == 6
    assert counts["contacts"] == 7
    assert counts["shared_contacts_left"] == 0
    _is_certified(warehouse_url)
    assert counts["raw.company__orders"] == len(POS_ORDERS) + len(ONLINE_ORDERS)


def _is_certified(url: str) -> None:
    """What was searched and removed is on record, under hashes that no longer lead to the person."""
    query = "select run_key, asked_by, user_hashes, searched from identity.erasure_certificates"
    with psycopg.connect(url) as connection:
        [(run_key, asked_by, user_hashes, searched)] = connection.execute(query.encode()).fetchall()
    assert (run_key, bool(asked_by)) == ("erased", True)
    assert {sha256(identity.encode()).hexdigest() for identity in IDENTITIES} <= set(user_hashes)
    assert {"identity.records", "raw.company__orders", "core.customers"} <= set(searched["tables"])
    assert "raw.company__rejects.payload" in searched["texts"]
    places = searched["places"]
    assert places["warehouse"]["changed"] > len(POS_ORDERS)
    assert places["files"]["looked_at"] >= places["files"]["changed"] >= 1
    assert places["folders"]["changed"] >= 1
    assert places["service"]["counts"]["dataset_groups"]


def _put_event(personalize: Any, engine_url: str, user_id: str) -> None:
    """Tell the engine of one event of the person, as the DAG events does."""
    [group] = personalize.list_dataset_groups()["datasetGroups"]
    tracker = personalize.create_event_tracker(name="tracker", datasetGroupArn=group["datasetGroupArn"])
    event = {"eventType": "purchase", "itemId": "P1", "sentAt": START + timedelta(hours=1300)}
    boto3.client("personalize-events", endpoint_url=engine_url).put_events(
        trackingId=tracker["trackingId"], userId=user_id, sessionId="a-session", eventList=[event]
    )


def _write_reports(scratch: Path) -> None:
    """A page of Data Docs, an artifact of dbt and a task's log in which a value of the person stands."""
    logs = Path(os.environ["AIRFLOW_HOME"]) / "logs"
    for folder, text in ((scratch / "site", IDENTITIES[1]), (scratch / "dbt", EMAILS[1]), (logs, f"call {PHONES[1]}")):
        folder.mkdir(exist_ok=True)
        (folder / "written.log").write_text(text)
