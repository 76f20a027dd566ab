"""Somebody is erased while an order lands that joins them with somebody else: of the two, one always sees the other."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from aisle.contracts.company_orders import Customer
from aisle.identity.contacts import ContactFinder
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from aisle.stages.erase.person import Request, traces_of
from aisle.stages.erase.rows import forget
from tests.integration.ingest.scripted_company import order_of
from tests.waiting import wait_for

HASHER = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
PHONE, EMAIL = "0300-5550111", "zubaida@example.com"
BY_PHONE = Request("waiting", PHONE, None, None, None, None, None)
PEOPLE = "select count(*) from identity.{table} where {table}::text ~* '{contacts}'"


def _is_waiting(url: str) -> bool:
    waiting = "select exists(select from pg_locks where locktype = 'advisory' and not granted)"
    with psycopg.connect(url) as connection:
        return connection.execute(waiting.encode()).fetchone() == (True,)


@pytest.mark.parametrize(
    "joining",
    [
        {"phone": PHONE, "email": EMAIL},
        {"phone": PHONE, "email": EMAIL, "name": "Zubaida"},
        {"phone": "+92 300 5550111", "email": EMAIL.upper(), "id": "7"},
    ],
)
def test_an_order_that_gives_the_person_another_id_does_not_keep_them_from_being_erased(
    ingest: Any, company: Any, joining: dict[str, str]
) -> None:
    customers = [{"email": EMAIL, "name": "Older"}, {"phone": PHONE, "name": "Younger"}, joining]
    company.pos[:] = [order_of(number, customer=customer) for number, customer in enumerate(customers)]
    ingest.run(2)
    erased = HASHER.hashes("pos", Customer(phone=PHONE)).known
    with ThreadPoolExecutor(1) as threads:
        with psycopg.connect(ingest.url) as connection:
            traces = traces_of(connection, BY_PHONE, HASHER, 20)
            landing: Future[Any] = threads.submit(ingest.backfill, 2, 3)
            wait_for(lambda: landing.done() or _is_waiting(ingest.url), "the order has landed, or waits")
            forget(connection, "request", traces.user_ids, ContactFinder(HASHER))
        landing.result()
    contacts = "|".join([*erased, "5550111", "younger"])
    for table in ("customers", "records", "contacts", "record_contacts", "phone_forms"):
        assert ingest.rows(PEOPLE.format(table=table, contacts=contacts)) == [(0,)], table
    assert ingest.rows("select order_id from raw.company__orders where user_id is not null") == [("A0000",)]
