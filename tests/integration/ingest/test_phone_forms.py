"""A phone library that finds another number in the same digits, or none, neither renames nor splits a customer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from aisle.contracts.company_orders import Customer
from aisle.identity import hashing, phone_forms
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from aisle.warehouse import sql
from tests.integration.ingest.scripted_company import order_of

HASHER = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
#: What a number is by the library of today, and by that of tomorrow.
NUMBER, NEXT_NUMBER = "+923005550111", "+923105550111"
OLD, NEW_WRITTEN = "0300-5550111", "0310 5550111"
USERS = "select user_id from raw.company__orders order by order_id"
Upgrade = Callable[[str | None], None]


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> Upgrade:
    """Lets the phone library be one that makes something else of the number."""
    known = hashing.phone_number

    def upgraded(becomes: str | None) -> None:
        def phone_number(text: str | None, region: str) -> str | None:
            number = known(text, region)
            return becomes if number == NUMBER else number

        monkeypatch.setattr(hashing, "phone_number", phone_number)
        monkeypatch.setattr(phone_forms, "version", lambda _: "of tomorrow")

    return upgraded


def sell(company: Any, *customers: dict[str, Any]) -> None:
    company.pos[:] = [order_of(number, customer=customer) for number, customer in enumerate(customers)]


@pytest.mark.parametrize("becomes", [NEXT_NUMBER, None])
@pytest.mark.parametrize("known", [{}, {"name": "Zubaida"}, {"email": "z@example.com"}, {"id": "7"}])
def test_a_known_spelling_stays_the_number_that_it_was(
    ingest: Any, company: Any, upgrade: Upgrade, becomes: str | None, known: dict[str, str]
) -> None:
    sell(company, {"phone": OLD, **known}, {"phone": OLD})
    ingest.backfill(0, 1)
    before = ingest.rows(USERS)
    upgrade(becomes)
    ingest.run(24, "upgraded")
    assert ingest.rows(USERS) == before * 2
    assert ingest.rows("select count(*), count(phone) from identity.customers") == [(1, 1)]


def test_a_new_spelling_of_the_new_number_is_the_same_customer(ingest: Any, company: Any, upgrade: Upgrade) -> None:
    sell(company, {"phone": OLD}, {"phone": NEW_WRITTEN})
    ingest.backfill(0, 1)
    upgrade(NEXT_NUMBER)
    with psycopg.connect(ingest.url, autocommit=True) as connection:
        assert phone_forms.keep_forms(connection, HASHER) == 1
        assert phone_forms.keep_forms(connection, HASHER) == 0
    ingest.run(24, "upgraded")
    assert len(set(ingest.rows(USERS))) == 1


def test_a_known_spelling_that_comes_again_teaches_the_new_number(ingest: Any, company: Any, upgrade: Upgrade) -> None:
    sell(company, {"phone": OLD}, {"phone": NEW_WRITTEN})
    ingest.backfill(0, 1)
    upgrade(NEXT_NUMBER)
    ingest.run(24, "upgraded")
    assert len(set(ingest.rows(USERS))) == 1


def test_spellings_with_and_without_a_number_today_are_one_customer_in_one_window(
    ingest: Any, company: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(company, {"phone": OLD}, {"phone": "+92 300 5550111"})
    ingest.backfill(0, 2)
    monkeypatch.setattr(hashing, "phone_number", lambda text, _: NEXT_NUMBER if text and text.startswith("+") else None)
    ingest.run(24, "upgraded")
    assert ingest.rows("select count(*), count(distinct user_id) from raw.company__orders") == [(2, 1)]


def test_a_number_that_no_library_knew_is_nobody_s(ingest: Any, company: Any) -> None:
    sell(company, {"phone": "0000000"}, {"phone": "1234567"}, {"phone": "12"})
    ingest.run(24)
    assert ingest.rows(USERS) == [(None,)] * 3
    assert ingest.rows("select count(*) from identity.phone_forms") == [(0,)]


@pytest.mark.parametrize(
    ("extended", "digits"),
    [
        ("081-2415868 ext 3", "081-24158683"),
        ("081 2415868 x3", "08124158683"),
        ("0812415868#3", "0812415868 3"),
        ("081-2415868;ext=3", "+92 81 24158683"),
        ("0300-5550111 ext 5", "030055501115"),
        ("tel:+12025550123", "12025550123"),
    ],
)
def test_the_digits_of_a_number_with_more_than_digits_are_another_number(
    ingest: Any, company: Any, extended: str, digits: str
) -> None:
    sell(company, {"phone": extended, "id": "1"}, {"phone": digits, "id": "2"})
    ingest.backfill(0, 1)
    ingest.backfill(1, 2)
    [first, second] = ingest.rows(USERS)
    assert first != second
    assert first == (HASHER.phone_hash(extended),)


@pytest.mark.parametrize(
    "spelling", ["(+1) 202-555-0123", "+1 202 555 0123", "+1\u2011202\u2011555\u20110123", "+1.202.5550123"]
)
def test_spellings_that_differ_by_what_is_between_digits_are_one_form(spelling: str) -> None:
    assert HASHER.written_phone_hash(spelling) == HASHER.written_phone_hash("+12025550123") is not None


def test_an_erasure_by_the_number_of_today_reaches_the_one_that_was_kept(
    ingest: Any, company: Any, upgrade: Upgrade
) -> None:
    sell(company, {"phone": OLD})
    ingest.run(24)
    [(user_id,)] = ingest.rows(USERS)
    upgrade(NEXT_NUMBER)
    with psycopg.connect(ingest.url) as connection:
        phone_forms.keep_forms(connection, HASHER)
        asked = HASHER.hashes("pos", Customer(phone=OLD)).known
        assert user_id not in asked
        values = {"user_ids": asked, "most_links": 20}
        reached = connection.execute(sql("identity/contacts/follow").encode(), values).fetchall()
        assert user_id in {reached_id for reached_id, *_ in reached}
        connection.execute(sql("identity/personal_data/forget").encode(), {"user_ids": [user_id]})
        assert connection.execute("select count(*) from identity.phone_forms").fetchone() == (0,)
