"""A person is followed from contact to contact to every identity, and no other person is reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from aisle.contracts.company_orders import Customer
from aisle.errors import ConfigurationError
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from aisle.stages.erase.person import Request, Traces, traces_of

HASHER = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
MOST_LINKS = 6


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[Connection]:
    with psycopg.connect(warehouse_url) as opened:
        yield opened


def tell(connection: Connection, source: Any, **customer: str) -> str:
    """Keep the contacts of an order's customer as ingest does; their user id."""
    hashes = HASHER.hashes(source, Customer(**customer))
    user_id = hashes.known[0]
    for kind, contact_hash in asdict(hashes).items():
        if contact_hash:
            statement = "insert into identity.contacts values (%s, %s, %s, now(), now()) on conflict do nothing"
            connection.execute(statement.encode(), (user_id, kind, contact_hash))
    return user_id


def follow(connection: Connection, **known: Any) -> Traces:
    blank: dict[str, Any] = dict.fromkeys(field.name for field in fields(Request))
    return traces_of(connection, Request(**{**blank, "state": "waiting", **known}), HASHER, MOST_LINKS)


def phone(number: int) -> str:
    return f"0300-{1000000 + number}"


def tell_of_six_identities(connection: Connection) -> set[str]:
    """One person: two phones, two e-mail addresses, and an id in each source, each linked to one other only."""
    return {
        tell(connection, "pos", phone=phone(1), email="a@example.com"),
        tell(connection, "oe", email="a@example.com", id="o1"),
        tell(connection, "oe", id="o1"),
        tell(connection, "oe", phone=phone(2), id="o1"),
        tell(connection, "pos", phone=phone(2), id="p1"),
        tell(connection, "pos", id="p1"),
        tell(connection, "pos", email="b@example.com", id="p1"),
    }


@pytest.mark.parametrize(
    "known",
    [
        {"phone": phone(1)},
        {"email": "B@Example.com"},
        {"source": "oe", "source_id": "o1"},
        {"user_id": HASHER.email_hash("b@example.com")},
    ],
)
def test_every_identity_is_found_from_any_of_them(connection: Connection, known: dict[str, Any]) -> None:
    identities = tell_of_six_identities(connection)
    stranger = tell(connection, "pos", phone=phone(3), email="c@example.com", id="o1")
    traces = follow(connection, **known)
    assert identities <= set(traces.user_ids)
    assert stranger not in traces.user_ids
    assert traces.counts == {"identities": 6, "contacts": 6, "shared_contacts_left": 0}


def test_a_source_id_means_somebody_else_in_another_source(connection: Connection) -> None:
    theirs, stranger = tell(connection, "pos", phone=phone(1), id="7"), tell(connection, "oe", phone=phone(2), id="7")
    user_ids = follow(connection, source="pos", source_id="7").user_ids
    assert theirs in user_ids
    assert stranger not in user_ids


def test_a_contact_of_many_people_leads_to_none_of_them(connection: Connection) -> None:
    strangers = {tell(connection, "pos", phone=phone(10 + n), email="till@example.com") for n in range(MOST_LINKS)}
    theirs = tell(connection, "pos", phone=phone(1), email="till@example.com")
    traces = follow(connection, phone=phone(1))
    assert theirs in traces.user_ids
    assert strangers.isdisjoint(traces.user_ids)
    assert traces.n_shared == 1


@pytest.mark.parametrize("contact", ["email", "id"])
def test_a_cashiers_phone_that_became_one_user_of_many_strangers_is_not_erased(
    connection: Connection, contact: Any
) -> None:
    words = [f"w{n}@example.com" for n in range(MOST_LINKS)]
    strangers = {tell(connection, "pos", **{contact: word}) for word in words}
    cashier = {tell(connection, "pos", phone=phone(0), **{contact: word}) for word in [*words, "me@example.com"]}
    theirs = {
        tell(connection, "pos", **{contact: "me@example.com"}),
        tell(connection, "pos", phone=phone(1), **{contact: "me@example.com"}),
    }
    traces = follow(connection, phone=phone(1))
    assert theirs <= set(traces.user_ids)
    assert (strangers | cashier).isdisjoint(traces.user_ids)
    assert traces.n_shared == 1


def test_a_request_that_names_only_what_many_share_erases_nobody_and_says_so(connection: Connection) -> None:
    for n in range(MOST_LINKS + 1):
        tell(connection, "pos", phone=phone(0), email=f"w{n}@example.com")
    with pytest.raises(ConfigurationError, match="shared by more than 6 people") as raised:
        follow(connection, phone=phone(0))
    assert "0300" not in str(raised.value)


def test_a_chain_longer_than_one_person_could_be_erases_nobody(connection: Connection) -> None:
    for n in range(MOST_LINKS + 1):
        tell(connection, "pos", phone=phone(n), email=f"w{n}@example.com")
        tell(connection, "pos", phone=phone(n), email=f"w{n + 1}@example.com")
    with pytest.raises(ConfigurationError, match="leads to 7 identities, more than 6"):
        follow(connection, phone=phone(3))


def test_customers_from_before_contacts_were_kept_are_followed_by_what_is_known_of_them(
    connection: Connection,
) -> None:
    first, second = (str(HASHER.phone_hash(phone(n))) for n in (1, 2))
    statement = "insert into identity.customers (user_id, phone, email) values (%s, %s, 'a@example.com')"
    for user_id, number in ((first, phone(1)), (second, phone(2))):
        connection.execute(statement.encode(), (user_id, number))
    assert {first, second} <= set(follow(connection, phone=phone(2)).user_ids)
