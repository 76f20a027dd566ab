"""Identity: who is behind an order, as a keyed hash that stands for the person everywhere outside schema identity.

The same person writes a phone number in many ways and has another id in each source. So a person is known by these
contacts, the strongest first: the phone number in E.164, the e-mail address, the source's own id. None of them: a
walk-in. Whoever shares a contact is one customer, see `aisle.identity.components`.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple  # noqa: TID251 - COPY takes tuples

from aisle.contracts.company_orders import Customer
from aisle.contracts.identity import email_address, phone_number, written_phone
from aisle.contracts.text import tidy
from aisle.errors import ConfigurationError
from aisle.settings import Identity


class Person(NamedTuple):
    """A row for identity.records, as COPY takes it. Personal data: goes nowhere else, and into no log.

    `user_id` is empty if the phone's digits are all that is known, and no number by this phone library.
    """

    user_id: str
    name: str | None
    phone: str | None
    email: str | None
    address: str | None
    seen_at: datetime
    phone_hash: str | None
    email_hash: str | None
    source_id_hash: str | None
    name_hash: str | None
    phone_written_hash: str | None


@dataclass(frozen=True, slots=True)
class ContactHashes:
    """The hash of each contact of a customer: the user id of a person with that contact alone."""

    phone: str | None
    email: str | None
    source_id: str | None

    @property
    def known(self) -> list[str]:
        """The hashes that are not None, the strongest first."""
        return [contact for contact in (self.phone, self.email, self.source_id) if contact]


class PersonHasher:
    """Turn a source's data about a customer into a user id: 32 hex digits of HMAC-SHA256."""

    def __init__(self, settings: Identity) -> None:
        self._key = settings.hash_key.get_secret_value().encode()
        self._region = settings.phone_region
        if not self._key:
            raise ConfigurationError(
                "customers cannot be turned into user ids: AISLE_IDENTITY__HASH_KEY is empty; set it to a long random "
                "text, and never change it: a new key makes every customer a new user"
            )

    def person(self, source: str, customer: Customer | None, seen_at: datetime) -> Person | None:
        """Return the person behind an order; None for a walk-in."""
        if customer is None:
            return None
        hashes, written_hash = self.hashes(source, customer), self.written_phone_hash(customer.phone)
        if not hashes.known and not written_hash:
            return None
        phone, email = phone_number(customer.phone, self._region), email_address(customer.email)
        name = tidy(customer.name)
        return Person(
            next(iter(hashes.known), ""), name, phone, email, tidy(customer.address), seen_at,
            hashes.phone, hashes.email, hashes.source_id, self._hash(f"name:{name.casefold()}") if name else None,
            written_hash,
        )  # fmt: skip

    def hashes(self, source: str, customer: Customer) -> ContactHashes:
        """Hash each usable contact of a customer; a source's own id identifies a person within that source only."""
        source_id = tidy(customer.id)
        return ContactHashes(
            self.phone_hash(customer.phone),
            self.email_hash(customer.email),
            self._hash(f"ref:{source}:{source_id}") if source_id else None,
        )

    def phone_hash(self, phone: str | None) -> str | None:
        """Hash a phone number in any notation; None if it is not valid."""
        number = phone_number(phone, self._region)
        return self._hash(f"phone:{number}") if number else None

    def written_phone_hash(self, phone: str | None) -> str | None:
        """Hash the digits of a phone number as they are written, whether the phone library knows the number or not."""
        digits = written_phone(phone)
        return self._hash(f"phone as written:{self._region}:{digits}") if digits else None

    def email_hash(self, email: str | None) -> str | None:
        """Hash an e-mail address whatever its case; None if it is none."""
        address = email_address(email)
        return self._hash(f"email:{address}") if address else None

    def _hash(self, key: str) -> str:
        return hmac.digest(self._key, key.encode(), "sha256").hex()[:32]
