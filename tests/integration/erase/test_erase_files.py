"""Files on S3 lose the person and keep everybody else, also those whose ids and numbers hold the person's."""

from __future__ import annotations

import gzip
import inspect
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from aisle.contracts import s3_layout
from aisle.contracts.company_orders import Customer
from aisle.identity.hashing import PersonHasher
from aisle.orders.redaction import Redaction
from aisle.pipeline import prefixes
from aisle.settings import Identity
from aisle.sources import api_sources
from aisle.stages.erase.files import Eraser

HASHER = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
THEIRS = Customer(phone="0300-1234567", email="gone@example.com", id="c7")
HASHES = HASHER.hashes("pos", THEIRS).known
USER_ID = HASHES[0]
STRANGER = f"9{USER_ID[1:]}"
PAGE = "ingest/pos/20260101T000000-20260102T000000/k/page-00001.json.gz"


class Files:
    """A bucket whose files an erasure of the person rewrites."""

    def __init__(self, s3: Any, bucket: str, connection: Any) -> None:
        self._s3, self._bucket = s3, bucket
        redactions = {source.name: Redaction(connection, source.name, HASHER) for source in api_sources()}
        self._eraser = Eraser(s3, bucket, HASHES, redactions)

    def erased(self, key: str, body: bytes) -> bytes:
        """What is left of a file."""
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=gzip.compress(body) if key.endswith(".gz") else body)
        self._eraser.erase()
        left: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return gzip.decompress(left) if key.endswith(".gz") else left


@pytest.fixture
def files(warehouse_url: str, s3: Any, bucket: str) -> Iterator[Files]:
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        statement = "insert into identity.erasures select identity.user_hash(h), now() from unnest(%s::text[]) as h"
        connection.execute(statement.encode(), (HASHES,))
        yield Files(s3, bucket, connection)


@pytest.mark.parametrize(
    ("key", "theirs"),
    [
        ("export/users/k/users.csv", f"{USER_ID},,,Lahore\n"),
        ("export/shop-north/interactions/k/interactions.csv", f'"{USER_ID}",P1,purchase,1,1700000000\n'),
        ("evaluate/interactions/k/interactions.csv", f"{USER_ID},P1\r\n"),
    ],
)
def test_rows_of_a_csv_are_erased_by_their_user_and_by_no_other_column(files: Files, key: str, theirs: str) -> None:
    rest = f"USER_ID,ITEM_ID\n{STRANGER},{USER_ID}\n{STRANGER},0300-1234567\n{USER_ID}0,x\n"
    assert files.erased(key, (rest + theirs).encode()).decode() == rest


def test_a_csv_without_users_is_not_written(files: Files) -> None:
    items = f"ITEM_ID,PRICE\n{USER_ID},3001234567\n".encode()
    assert files.erased("export/items/k/items.csv", items) == items


@pytest.mark.parametrize(
    ("key", "theirs"),
    [
        ("recommend/input/users/k/users.json", {"userId": USER_ID}),
        ("recommend/output/users/k/users.json.out", {"input": {"userId": USER_ID}, "output": {}, "error": None}),
        ("evaluate/output/rank/k/users.json.out", {"input": {"userId": USER_ID}, "error": "no such user"}),
    ],
)
def test_records_of_batch_files_are_erased_by_their_user(files: Files, key: str, theirs: Any) -> None:
    rest = (
        f'{{"userId": "{STRANGER}", "output": ["{USER_ID}"]}}\n'
        f'{{"input": {{"userId": "{USER_ID}1"}}, "error": "03001234567"}}\n'
        '{"input": {"itemId": "gone@example.com"}}\n'
    )
    assert files.erased(key, f"{json.dumps(theirs)}\n{rest}".encode()).decode() == rest


def test_a_broken_record_with_an_id_of_the_person_is_erased(files: Files) -> None:
    lines = f'{{"input": {{"userId": "{USER_ID}"\n{{"userId": "other"\n'
    assert files.erased("recommend/output/users/k/users.json.out", lines.encode()) == b'{"userId": "other"\n'


@pytest.mark.parametrize(
    "customer",
    [
        {"phone": "+92 300 1234567"},
        {"phone": "0321-1111111", "email": "GONE@example.com"},
        {"id": "c7", "name": "Somebody"},
        {"id": 5, "address": "opposite 0300 1234567"},
    ],
)
def test_an_archived_order_keeps_what_was_sold_and_loses_who_bought_it(files: Files, customer: dict[str, Any]) -> None:
    order = {"order_id": "A1", "order_date": "2026-01-01T00:00:00Z", "customer": customer, "items": [{"id": "p"}]}
    stranger = {**order, "order_id": "A2", "customer": {"phone": "0300-12345678", "id": "c77"}}
    left = json.loads(files.erased(PAGE, json.dumps({"data": [stranger, order], "next_cursor": None}).encode()))
    assert left == {"data": [stranger, {**order, "customer": dict.fromkeys(customer)}], "next_cursor": None}


def test_in_a_page_with_a_spoilt_order_the_other_orders_keep_their_contacts(files: Files) -> None:
    spoilt = b'{"order_id": "A1", "customer": {"phone": "0300-1234567", "name": "\xff"}, "total": NaN}'
    whole = b'{"order_id": "A2", "order_date": "2026-01-01T00:00:00Z", "customer": {"phone": "0300-7654321"}}'
    left = files.erased(PAGE, b'{"data": [' + spoilt + b", " + whole + b'], "next_cursor": null}')
    assert left == b'{"data": [null, ' + whole + b'], "next_cursor": null}'


def test_a_page_whose_orders_cannot_be_told_apart_loses_the_contacts(files: Files) -> None:
    left = files.erased(
        PAGE, b'{"data": [{"phone": "0300-1234567", "x": \xff, "to": "gone@example.com"}, 0300-12345678'
    )
    assert left == b'{"data": [{"phone": "[erased]", "x": \xff, "to": "[erased]"}, 0300-12345678'


def test_every_prefix_of_the_layout_is_one_that_an_erasure_looks_into_or_that_it_removes() -> None:
    given = {"window_start": datetime.now(UTC), "window_end": datetime.now(UTC), "page": 1}
    makers = [
        maker
        for name, maker in inspect.getmembers(s3_layout, inspect.isfunction)
        if maker.__module__ == s3_layout.__name__
    ]
    assert len(makers) >= 9
    for maker in makers:
        parameters = inspect.signature(maker).parameters
        key = maker(**{name: given.get(name, "shop-north/" if name == "folder" else "x") for name in parameters})
        assert key.startswith(prefixes()), maker.__name__
