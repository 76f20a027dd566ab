"""How people are identified: phone number, e-mail address, user id, and the hash that replaces it in logs."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256

from aisle.contracts.text import tidy

#: A user id of Aisle: 32 hex digits of a keyed hash.
USER_ID = re.compile(r"[0-9a-f]{32}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
#: What is typed where a contact is asked for and there is none. Others are found by how many people they stand for.
_PLACEHOLDER_PHONE = re.compile(r".*(\d)\1{6}")
_NO_DIGIT = re.compile(r"(?!^\+)\D")
#: Of a phone number with and without its country (E.164 has 15, and 00 may stand before them).
_FEWEST_DIGITS, _MOST_DIGITS = 7, 17
_PLACEHOLDER_EMAIL = re.compile(
    r"(no-?reply|do-?not-?reply|no-?e?mail|none|null|n\.?a|unknown|guest|walk-?in|customer|test)@.*"
)


@lru_cache(maxsize=65536)
def phone_number(text: str | None, region: str) -> str | None:
    """Write a phone number as +<country><number>; None if it is not valid. Cached, because it is slow."""
    if not text:
        return None
    import phonenumbers  # noqa: PLC0415 - the image of services has no phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None if _PLACEHOLDER_PHONE.fullmatch(written) else written


def written_phone(text: str | None) -> str | None:
    """Return the digits of a phone number, with a leading + if it has one; None if they are too few or too many."""
    written = _NO_DIGIT.sub("", tidy(text) or "")
    return written if _FEWEST_DIGITS <= len(written) <= _MOST_DIGITS else None


def email_address(text: str | None) -> str | None:
    """Write an e-mail address in lower case; None if it is none, or a placeholder."""
    folded = (tidy(text) or "").lower()
    return folded if _EMAIL.fullmatch(folded) and not _PLACEHOLDER_EMAIL.fullmatch(folded) else None


def user_hash(user_id: str) -> str:
    """Hash a user id for params, logs and other places that outlive an erasure: 64 hex digits.

    Equal to `identity.user_hash` of the warehouse.
    """
    return sha256(user_id.encode()).hexdigest()
