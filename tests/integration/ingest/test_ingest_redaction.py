"""Somebody who was erased does not come back with a time that is fetched again: not to the archive, nor to a table."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from aisle.contracts.company_orders import Customer
from aisle.identity.hashing import PersonHasher
from aisle.orders.answer import Page
from aisle.orders.redaction import Redaction
from aisle.settings import Identity
from aisle.warehouse import sql
from tests.integration.ingest.ingest import Ingest
from tests.integration.ingest.scripted_company import START, ScriptedCompany, order_of

HASHER = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
ERASED = Customer(id="c77", phone="0300-7654321", email="Erased@Example.com")
ERASED_AT = START + timedelta(hours=5)

BY_MARK = {
    "phone": {"phone": "+92 300 765 4321", "name": "Erased Testperson"},
    "email": {"email": "ERASED@example.com"},
    "source id": {"id": "c77"},
    "source id as a number": {"id": 77},
    "source id as a number with a fraction": {"id": 77.0},
    "source id as a number of many digits": {"id": 12345678901234567890123},
    "phone as a number": {"phone": 923007654321},
    "phone as a number with a fraction": {"phone": 923007654321.0},
    "phone as a number elsewhere": {"id": "c78", "whatsapp": 923007654321.0},
    "phone of another person's order": {"phone": "0321-1111111", "name": "ask 0300-7654321"},
    "a field that the contract does not know": {"id": "c78", "whatsapp": "00923007654321"},
}


@pytest.fixture
def erase(warehouse_url: str) -> Any:
    """Return a function that records a person's contacts as erased at ERASED_AT."""

    def put_up(customer: Customer, erased_at: datetime = ERASED_AT) -> None:
        hashes = HASHER.hashes("pos", customer).known
        with psycopg.connect(warehouse_url) as connection:
            statement = "insert into identity.erasures select identity.user_hash(h), %s from unnest(%s::text[]) as h"
            connection.execute(statement.encode(), (erased_at, hashes))

    return put_up


def archived(ingest: Ingest) -> str:
    """All archived pages."""
    keys = [entry["Key"] for entry in ingest.s3.list_objects_v2(Bucket=ingest.bucket)["Contents"]]
    bodies = (ingest.s3.get_object(Bucket=ingest.bucket, Key=key)["Body"].read() for key in keys)
    return "\n".join(gzip.decompress(body).decode() for body in bodies)


@pytest.mark.parametrize("customer", BY_MARK.values(), ids=BY_MARK)
def test_an_order_of_somebody_erased_is_stored_without_them_by_whatever_mark_it_names_them(
    ingest: Ingest, company: ScriptedCompany, erase: Any, customer: dict[str, Any]
) -> None:
    company.sell(4)
    company.pos[2] = order_of(2, customer=customer)
    erase(ERASED)
    erase(Customer(id="77"))
    erase(Customer(id="12345678901234567890123"))
    ingest.run(4)
    stored = json.loads(archived(ingest))["data"]
    assert stored[2]["customer"] == dict.fromkeys(customer)
    assert stored[2]["items"] == company.pos[2]["items"]
    assert [order for order in stored if order["order_id"] != "A0002"] == [*company.pos[:2], company.pos[3]]
    assert ingest.rows("select order_id from raw.company__orders where user_id is null") == [("A0002",)]
    assert ingest.rows("select count(*) from identity.customers") == [(3,)]
    assert ingest.rows("select count(*) from identity.contacts") == [(9,)]


def test_an_order_placed_after_the_erasure_begins_a_new_history(
    ingest: Ingest, company: ScriptedCompany, erase: Any
) -> None:
    company.sell(8)
    company.pos[2] = order_of(2, customer={"phone": ERASED.phone})
    company.pos[7] = order_of(7, customer={"phone": ERASED.phone})
    erase(ERASED)
    ingest.run(8)
    assert ingest.rows("select order_id from raw.company__orders where user_id is null") == [("A0002",)]
    assert archived(ingest).count("7654321") == 1


@pytest.mark.parametrize(
    "customer",
    [
        {"phone": "0300-76543210"},
        {"id": "c770"},
        {"email": "not.erased@example.com"},
        {"id": "c7", "note": "1230300765432199"},
    ],
)
def test_neighbours_whose_marks_hold_those_of_somebody_erased_are_left_alone(
    ingest: Ingest, company: ScriptedCompany, erase: Any, customer: dict[str, Any]
) -> None:
    company.sell(2)
    company.pos[1] = order_of(1, customer=customer)
    erase(ERASED)
    ingest.run(2)
    assert json.loads(archived(ingest))["data"] == company.pos


@pytest.mark.parametrize(
    "broken",
    [
        b'{"order_id": "A1", "customer": {"phone": "0300-7654321"}, "total": NaN}',
        b'{"order_id": "A1", "customer": {"email": "erased\\u0040example.com"}, "note": "\xff"}',
        b'{"order_id": "A1", "customer": {"id": "c77"}, "total": 1e}',
        b'{"order_id": "A1", "customer": {"id": "c77", "name": "half \\ud83d"}}',
        b'{"order_id": "A1", "customer": {"id": "c77", "age": NaN}}',
        b'{"order_id": "A1", "customer": {"id": "c77", "name": "two\nlines", "tags": {"vip": 1}}}',
        b'{"order_id": "A1", "customer": {"id": 77.0, "name": "\xff"}}',
        b'["c77", "0300 7654321"]',
        b'"erased@example.com"',
    ],
)
def test_an_order_that_cannot_be_read_is_found_by_any_mark_in_it(warehouse_url: str, erase: Any, broken: bytes) -> None:
    erase(ERASED)
    erase(Customer(id="77"))
    whole = b'{"order_id": "A2"}'
    body = b'{"data":[' + whole + b"," + broken + b'], "fetched_at": "now"}'
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        redaction = Redaction(connection, "pos", HASHER)
        redacted, orders = redaction.redact(body, [raw(whole), raw(broken)])
    assert redacted == b'{"data":[' + whole + b',null], "fetched_at": "now"}'
    assert [bytes(order) for order in orders] == [whole, b"null"]


@pytest.mark.parametrize(
    "envelope",
    [
        (b'{"message":"for erased@example.com","data":[', b"]}", b'{"message":"for [erased]","data":[', b"]}"),
        (b'{"data":[', b'],"warning":"0300 7654321"}', b'{"data":[', b'],"warning":"[erased]"}'),
        (
            rb'{"meta":{"query":"mail=erased\u0040example.com&page=1"},"data":[',
            b'],"by":["x@example.com"]}',
            b'{"meta":{"query":"mail=[erased]&page=1"},"data":[',
            b'],"by":["x@example.com"]}',
        ),
        (b'{"erased@example.com":1,"data":[', b"]}", b'{"[erased]":1,"data":[', b"]}"),
    ],
    ids=["before the orders", "behind the orders", "nested and escaped", "as a name"],
)
def test_the_envelope_of_a_page_loses_an_erased_person_too(
    warehouse_url: str, erase: Any, envelope: tuple[bytes, bytes, bytes, bytes]
) -> None:
    erase(ERASED)
    order = b'{"order_id": "A2", "customer": {"phone": "0300-1111111"}}'
    theirs = b'{"order_id": "A1", "customer": {"phone": "0300-7654321"}}'
    before, behind, shown_before, shown_behind = envelope
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        redaction = Redaction(connection, "pos", HASHER)
        body, orders = redaction.redact(before + order + b", " + theirs + behind, [raw(order), raw(theirs)])
        empty, _ = redaction.redact(before + behind, [])
    assert body == shown_before + order + b", " + bytes(orders[1]) + shown_behind
    assert empty == shown_before + shown_behind
    assert b"7654321" not in body


@pytest.mark.parametrize(
    "written",
    [
        b'"customer":{"phone":"0300-7654321","phone":"0300-1111111"}',
        b'"customer":{"id":"c77","id":"c78"}',
        b'"customer":{"id":"c78","email":"erased@example.com","email":null}',
        b'"customer":{"id":77.0,"id":"c78","id":"c79"}',
        b'"customer":{"phone":"0300-7654321"},"customer":{"phone":"0300-1111111"}',
        b'"customer":{"id":"c77"},"customer":null',
        b'"customer":{"id":"c78"},"note":"call 0300 7654321","note":""',
        b'"customer":{"whatsapp":{"a":"0300 7654321","a":"none"}}',
        b'"items":[{"id":"p1","gift_for":"erased@example.com","gift_for":null}]',
        b'"items":[{"id":"p1","gift_for":"erased@example.com"}],"items":[]',
    ],
)
def test_what_an_equal_name_behind_it_overwrites_is_looked_at_too(
    warehouse_url: str, erase: Any, written: bytes
) -> None:
    erase(ERASED)
    erase(Customer(id="77"))
    order = b'{"order_id":"A1","order_date":"2026-01-01T00:00:00Z",' + written + b"}"
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        body, (redacted,) = Redaction(connection, "pos", HASHER).redact(order, [raw(order)])
    assert bytes(redacted) == body
    assert not any(mark in body for mark in (b"7654321", b"77", b"erased@example.com"))
    assert json.loads(body)["order_id"] == "A1"


@pytest.mark.parametrize(
    "written",
    [
        b'"customer":{"phone":"0300-2222222","phone":"0300-1111111"}',
        b'"items":[{"id":"c77","id":"p1"}]',
        b'"order_date":"2026-02-01T00:00:00Z","customer":{"id":"c77","id":"c78"}',
    ],
    ids=["of others", "the id of a product", "placed after the erasure"],
)
def test_equal_names_alone_remove_nobody(warehouse_url: str, erase: Any, written: bytes) -> None:
    erase(ERASED)
    order = b'{"order_id":"A1","order_date":"2026-01-01T00:00:00Z",' + written + b"}"
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        assert Redaction(connection, "pos", HASHER).redact(order, [raw(order)]) == (order, [raw(order)])


def test_equal_orders_of_a_page_are_redacted_alike(warehouse_url: str, erase: Any) -> None:
    erase(ERASED)
    theirs = b'{"order_id": "A1", "customer": {"phone": "0300-7654321"}}'
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        body, orders = Redaction(connection, "pos", HASHER).redact(
            b"[" + theirs + b"," + theirs + b"]", [raw(theirs), raw(theirs)]
        )
    assert body == b"[" + bytes(orders[0]) + b"," + bytes(orders[1]) + b"]"
    assert b"7654321" not in body


def raw(order: bytes) -> msgspec.Raw:
    return msgspec.Raw(order)


@pytest.mark.parametrize("number", [b"12345678901234567890123", b"17850.0", b"0.10", b"123456789012345678.0"])
def test_an_order_loses_its_customer_and_no_digit(warehouse_url: str, erase: Any, number: bytes) -> None:
    erase(ERASED)
    order = b'{"order_id":%b,"customer":{"id":"c77"},"items":[{"id":%b,"price":%b}]}' % (number, number, number)
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        _, (redacted,) = Redaction(connection, "pos", HASHER).redact(order, [raw(order)])
    assert bytes(redacted) == order.replace(b'"c77"', b"null")


def test_a_page_of_people_who_were_not_erased_stays_byte_for_byte_as_it_came(warehouse_url: str, erase: Any) -> None:
    erase(ERASED)
    order = b'{ "total":10.00,\n "customer":{"phone":"0300-1111111"}, "big": 123456789012345678901 }'
    body = b'{"data" : [' + order + b"]}\n"
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        assert Redaction(connection, "pos", HASHER).redact(body, [raw(order)]) == (body, [raw(order)])


def test_an_erasure_waits_until_the_pages_are_stored_that_may_not_have_seen_it(warehouse_url: str) -> None:
    page = Page(1, b"[]", [], None)
    wait = f"set lock_timeout = '50ms'; {sql('identity/erasures/await_archive')}".encode()
    with (
        psycopg.connect(warehouse_url, autocommit=True) as ingesting,
        psycopg.connect(warehouse_url, autocommit=True) as erasure,
    ):
        with Redaction(ingesting, "pos", HASHER).applied(page), pytest.raises(psycopg.errors.LockNotAvailable):
            erasure.execute(wait)
        erasure.execute(wait)


def test_contacts_that_were_overwritten_stay_known_by_their_hashes(ingest: Ingest, company: ScriptedCompany) -> None:
    customer = {"phone": "0300-5550111", "email": "old@example.com", "id": "c1"}
    company.pos[:] = [
        order_of(0, customer=customer),
        order_of(1, customer={**customer, "email": "new@example.com", "id": "c2"}),
        order_of(2, customer={"phone": "0300 5550111"}),
    ]
    ingest.run(3)
    assert ingest.rows("select email from identity.customers") == [("new@example.com",)]
    known = ingest.rows("select contact_hash from identity.contacts where kind <> 'phone'")
    customers = (Customer(email="old@example.com", id="c1"), Customer(email="new@example.com", id="c2"))
    expected = [HASHER.hashes("pos", customer) for customer in customers]
    assert {digest for (digest,) in known} == {mark for hashes in expected for mark in hashes.known}
