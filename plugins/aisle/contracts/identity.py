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
#: What people, and the programs they copy from, put between digits: spaces and dashes of any width, or of none.
BETWEEN_DIGITS = r"[ \t\u00a0\u00ad\u2000-\u2015\u202f\u2060().\-/]"
_WRITTEN_PHONE = re.compile(r"\+?\d+")
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
    """Return the digits of a phone number, with a leading + if it has one; None if they are too few or too many.

    None, too, if there is anything else, such as an extension: without it, the digits may be another person's number.
    """
    written = re.sub(BETWEEN_DIGITS, "", tidy(text) or "")
    is_number = _WRITTEN_PHONE.fullmatch(written) and _FEWEST_DIGITS <= len(written) <= _MOST_DIGITS
    return written if is_number else None


def email_address(text: str | None) -> str | None:
    """Write an e-mail address in lower case; None if it is none, or a placeholder."""
    folded = (tidy(text) or "").lower()
    return folded if _EMAIL.fullmatch(folded) and not _PLACEHOLDER_EMAIL.fullmatch(folded) else None


def user_hash(user_id: str) -> str:
    """Hash a user id for params, logs and other places that outlive an erasure: 64 hex digits.

    Equal to `identity.user_hash` of the warehouse.
    """
    return sha256(user_id.encode()).hexdigest()
