from __future__ import annotations

import pytest

from aisle.contracts.company_orders import Customer
from aisle.identity.contacts import ContactFinder
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity

HASHER = PersonHasher(Identity(hash_key="a key"))  # type: ignore[arg-type]
FINDER = ContactFinder(HASHER)
USER_ID = "0123456789abcdef0123456789abcdef"
PHONE, EMAIL = HASHER.hashes("pos", Customer(phone="0300-1234567", email="zubaida@example.com")).known


@pytest.mark.parametrize(
    "text",
    [
        "0300-1234567",
        "call 0300 123 45 67 after six",
        "+92 (300) 1234567",
        "0092.300.1234567",
        "923001234567",
        "till 7: 0300/1234567",
        '{"phone":"03001234567","qty":2}',
        "0300-1234567 2 boxes",
        "either 0321-7654321 or 0300-1234567",
        "٠٣٠٠-١٢٣٤٥٦٧",
        "0300\u00a01234567",
        "0300\u2009123\u20094567",
        "0300\u20131234567",
        "0300\u20111234567",
        "0300\t1234567",
        "0300\u200b1234567",
    ],
)
def test_a_phone_number_is_found_however_it_is_written(text: str) -> None:
    assert PHONE in FINDER.hashes(text)


@pytest.mark.parametrize(
    "text",
    [
        "103001234567",
        "030012345678",
        "9030012345671",
        "0300-12345678",
        "order 77770300123456799",
        "x03001234567",
        "0300-1234568",
        "EAN 9303001234567",
        "1,3001234567890",
    ],
)
def test_the_digits_of_a_phone_number_inside_another_number_are_a_strangers(text: str) -> None:
    assert PHONE not in FINDER.hashes(text)


@pytest.mark.parametrize(
    "text",
    [
        "zubaida@example.com",
        "mail Zubaida@Example.COM.",
        '"e":"zubaida@example.com"',
        "zubaida\\u0040example.com",
        "?to=zubaida@example.com&x",
    ],
)
def test_an_email_address_is_found_whatever_its_case(text: str) -> None:
    assert FINDER.hashes(text) == {EMAIL}


@pytest.mark.parametrize("text", ["azubaida@example.com", "zubaida@example.com.pk", "@example.com", "zubaida"])
def test_an_email_address_inside_another_is_a_strangers(text: str) -> None:
    assert EMAIL not in FINDER.hashes(text)


@pytest.mark.parametrize("filler", ["@" + "a" * 300_000, "a" * 300_000 + "@", "1" * 300_000 + "a", "a@" * 50_000])
def test_an_endless_word_hides_nothing_and_is_searched_once(
    filler: str,
) -> None:
    assert FINDER.hashes(f"{filler} zubaida@example.com 0300-1234567") == {EMAIL, PHONE}


def test_a_user_id_is_found_whole_only() -> None:
    assert FINDER.hashes(f"user {USER_ID}, again") == {USER_ID}
    assert FINDER.hashes(f"user {USER_ID}0") == FINDER.hashes(f"hash 9{USER_ID}") == set()


def test_contacts_are_written_over_and_the_rest_stays() -> None:
    text = f"0300-1234567 and 0321-7654321, zubaida@example.com, {USER_ID}"
    assert FINDER.without(text, {PHONE, EMAIL}) == f"[erased] and 0321-7654321, [erased], {USER_ID}"
    assert FINDER.without(text, {USER_ID}) == "0300-1234567 and 0321-7654321, zubaida@example.com, [erased]"
    assert FINDER.without(text, set()) == text
