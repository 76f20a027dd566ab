"""Identity: who is behind an order, as a keyed hash that stands for the person everywhere outside schema identity.

The same person writes a phone number in many ways and has another id in each source. So a person is known by the first
of these that is usable: the phone number in E.164, the e-mail address, the source's own id. None of them: a walk-in.
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from aisle.contracts.company_orders import Customer, SourceName
from aisle.errors import ConfigurationError
from aisle.ingest.text import tidy
from aisle.settings import Identity

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Person(NamedTuple):
    """A row for identity.customers. Personal data: goes nowhere else, and into no log."""

    user_id: str
    name: str | None
    phone: str | None
    email: str | None
    address: str | None
    seen_at: datetime


class PersonHasher:
    """Turns what a source knows of a customer into a user id: 32 hex digits of HMAC-SHA256."""

    def __init__(self, settings: Identity) -> None:
        self._key = settings.hash_key.get_secret_value().encode()
        self._region = settings.phone_region
        if not self._key:
            raise ConfigurationError(
                "customers cannot be turned into user ids: AISLE_IDENTITY__HASH_KEY is empty; set it to a long random "
                "text, and never change it: a new key makes every customer a new user"
            )

    def person(self, source: SourceName, customer: Customer | None, seen_at: datetime) -> Person | None:
        """The person behind an order, or None for a walk-in."""
        if customer is None:
            return None
        phone, email = _e164(customer.phone, self._region), _email(customer.email)
        key = _identity_key(source, phone, email, tidy(customer.id))
        if key is None:
            return None
        user_id = hmac.digest(self._key, key.encode(), "sha256").hex()[:32]
        return Person(user_id, tidy(customer.name), phone, email, tidy(customer.address), seen_at)


def _identity_key(source: SourceName, phone: str | None, email: str | None, ref: str | None) -> str | None:
    if phone:
        return f"phone:{phone}"
    if email:
        return f"email:{email}"
    return f"ref:{source}:{ref}" if ref else None


@lru_cache(maxsize=65536)
def _e164(phone: str | None, region: str) -> str | None:
    """A phone number as +<country><number>; None if it could not be anybody's. Slow, hence the cache."""
    import phonenumbers

    if not phone:
        return None
    try:
        number = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(email: str | None) -> str | None:
    folded = (tidy(email) or "").lower()
    return folded if _EMAIL.fullmatch(folded) else None
