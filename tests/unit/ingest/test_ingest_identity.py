from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aisle.contracts.company_orders import Customer
from aisle.errors import ConfigurationError
from aisle.identity.hashing import Person, PersonHasher
from aisle.settings import Identity

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HASHER = PersonHasher(Identity(hash_key="a key"))  # type: ignore[arg-type]


def person(source: str = "pos", **fields: str) -> Person | None:
    return HASHER.person(source, Customer(**fields), NOW)  # type: ignore[arg-type]


def user_id(source: str = "pos", **fields: str) -> str:
    identified = person(source, **fields)
    assert identified is not None
    return identified.user_id


@pytest.mark.parametrize(
    "phone", ["0300-1234567", "+92 300 1234567", "923001234567", "0092 300 1234567", "03001234567"]
)
def test_every_spelling_of_a_phone_number_is_one_person(phone: str) -> None:
    assert user_id(phone=phone, id="any", email="any@example.com") == user_id("oe", phone="(0300) 123 4567")


def test_an_email_stands_in_where_the_phone_is_no_number() -> None:
    assert user_id(phone="000", email=" Me@Example.com") == user_id("oe", email="me@example.com")


@pytest.mark.parametrize("email", ["", "none", "n/a", "a@b", "two words@example.com"])
def test_what_is_no_address_is_nobody_s_email(email: str) -> None:
    assert person(email=email) is None


def test_an_id_means_somebody_else_in_each_source() -> None:
    assert user_id("pos", id="17") == user_id("pos", id=" 17 ")
    assert user_id("pos", id="17") != user_id("oe", id="17")


def test_a_customer_without_any_key_is_a_walk_in() -> None:
    assert person(name="Only A Name", phone=" ", id=" ") is None
    assert HASHER.person("pos", None, NOW) is None


def test_the_user_id_is_the_keyed_hash_of_the_phone_number() -> None:
    # printf 'phone:+923001234567' | openssl dgst -sha256 -hmac 'a key'
    assert user_id(phone="0300-1234567") == "28d3b7f2640f767cd5f50c165ff10ffa"


def test_the_region_of_numbers_without_country_code_is_a_setting() -> None:
    british = PersonHasher(Identity(hash_key="a key", phone_region="GB"))  # type: ignore[arg-type]
    identified = british.person("pos", Customer(phone="020 7946 0018"), NOW)
    assert identified is not None
    assert identified.phone == "+442079460018"


def test_no_hash_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="AISLE_IDENTITY__HASH_KEY"):
        PersonHasher(Identity())
