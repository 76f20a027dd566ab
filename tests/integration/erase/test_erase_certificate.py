"""A certificate counts what was removed in all tries of its request, not only in the last one."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from aisle.identity.contacts import ContactFinder
from aisle.identity.hashing import PersonHasher
from aisle.ops.receipts import receipt
from aisle.settings import get_settings
from aisle.stages.erase.rows import forget
from aisle.warehouse import connect, sql
from tests.integration.erase.test_erase_dag import file_request

PERSON = "0" * 32
LISTS = "insert into cache.offline_user_recommendations values (%s, '[]', now(), 'rank', 'g')"
CUSTOMER = "insert into identity.customers (user_id) values (%s)"


def erase(url: str, request_id: str, run_key: str) -> None:
    """Forget the person in the warehouse as the task does."""
    with receipt(run_key, "erase", "warehouse", url) as slip, connect(url) as connection:
        rows = forget(connection, request_id, [PERSON], ContactFinder(PersonHasher(get_settings().identity)))
        slip.rows_out, slip.details = sum(rows.values()), {"contacts": 1, **rows}


def certified(url: str, request_id: str, run_key: str) -> Any:
    """What the certificate says of the warehouse."""
    with psycopg.connect(url) as connection:
        values = {"request_id": request_id, "run_key": run_key, "asked_by": "somebody"}
        connection.execute(sql("identity/erasure_certificates/insert").encode(), values)
        [(searched,)] = connection.execute(b"select searched from identity.erasure_certificates").fetchall()
    return searched["places"]["warehouse"]


@pytest.mark.parametrize("run_keys", [["one"], ["one", "one"], ["one", "two"], ["one", "two", "three"]])
def test_rows_that_an_earlier_try_removed_are_counted_once(warehouse_url: str, run_keys: list[str]) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(LISTS.encode(), (PERSON,))
        connection.execute(CUSTOMER.encode(), (PERSON,))
    request_id = file_request(warehouse_url, user_id=PERSON)
    for run_key in run_keys:
        erase(warehouse_url, request_id, run_key)
    warehouse = certified(warehouse_url, request_id, run_keys[-1])
    counts = {"contacts": 1, "offline_user_recommendations": 1, "identity.customers": 1}
    assert warehouse["counts"] == counts
    assert warehouse["changed"] == 2


def test_rows_that_came_between_two_tries_are_added(warehouse_url: str) -> None:
    request_id = file_request(warehouse_url, user_id=PERSON)
    for run_key in ("one", "two"):
        with psycopg.connect(warehouse_url) as connection:
            connection.execute(CUSTOMER.encode(), (PERSON,))
        erase(warehouse_url, request_id, run_key)
    warehouse = certified(warehouse_url, request_id, "two")
    assert (warehouse["counts"]["identity.customers"], warehouse["changed"]) == (2, 2)


def test_a_person_of_whom_nothing_was_stored_has_a_certificate_of_nothing(warehouse_url: str) -> None:
    request_id = file_request(warehouse_url, user_id=PERSON)
    erase(warehouse_url, request_id, "one")
    assert certified(warehouse_url, request_id, "one") == {"changed": 0, "counts": {"contacts": 1}}
