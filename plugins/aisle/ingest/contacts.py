"""Contacts in texts: phone numbers, e-mail addresses and user ids, wherever somebody wrote them, each as its hash.

A number is taken whole or not at all: the digits of somebody's phone inside a longer number are not theirs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from aisle.ingest.identity import PersonHasher

#: What neither begins nor ends within an address. The lengths are those of mail (RFC 5321); without them, and without a
#: fixed beginning, a long text could be looked through once for each of its characters.
_IN_ADDRESS = r"[^\s\"'<>(){}\[\],;:|\\@=/?&`]"
_EMAIL = re.compile(rf"(?<!{_IN_ADDRESS}){_IN_ADDRESS}{{1,64}}@{_IN_ADDRESS}{{1,255}}(?!{_IN_ADDRESS})")
_USER_ID = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{32}(?![0-9A-Za-z])")
#: What people, and the programs they copy from, put between digits: spaces and dashes of any width, or of none.
_BETWEEN_DIGITS = r"[ \t\u00a0\u00ad\u2000-\u2015\u202f\u2060().\-/]"
#: Groups of digits with at most three of these between them.
_NUMBERS = re.compile(rf"(?<![0-9A-Za-z])\+?\d+(?:{_BETWEEN_DIGITS}{{1,3}}\d+)*(?![0-9A-Za-z])")
_DIGITS = re.compile(r"\+?\d+")
#: Of a phone number with and without its country (E.164 has 15, and 00 may stand before them).
_FEWEST_DIGITS, _MOST_DIGITS = 7, 17
#: JSON may write any character so.
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
ERASED = "[erased]"


class Contact(NamedTuple):
    """Where a text has a contact, and its hash."""

    start: int
    end: int
    hash: str


class ContactFinder:
    """Finds contacts in texts."""

    def __init__(self, hasher: PersonHasher) -> None:
        self._hasher = hasher

    def hashes(self, text: str) -> set[str]:
        """Hashes of all contacts in a text; user ids stand for themselves."""
        return {contact.hash for contact in self.contacts(unescaped(text))}

    def without(self, text: str, erased: Collection[str]) -> str:
        """The text with the contacts that have one of these hashes written over."""
        kept, end = [], 0
        theirs = [contact for contact in self.contacts(text) if contact.hash in erased]
        for contact in sorted(theirs, key=lambda contact: (contact.start, -contact.end)):
            if contact.start >= end:
                kept += [text[end : contact.start], ERASED]
            end = max(end, contact.end)
        return "".join([*kept, text[end:]])

    def contacts(self, text: str) -> Iterator[Contact]:
        """Every contact of a text; of digits that may be read as several numbers, each reading."""
        for match in _USER_ID.finditer(text):
            yield Contact(*match.span(), match[0])
        for match in _EMAIL.finditer(text) if "@" in text else ():
            address = match[0].strip(".")
            if address_hash := self._hasher.email_hash(address):
                yield Contact(*match.span(), address_hash)
        for match in _NUMBERS.finditer(text):
            yield from self._phones(text, *match.span())

    def _phones(self, text: str, start: int, end: int) -> Iterator[Contact]:
        """Adjoining groups of digits that together are a phone number."""
        groups = list(_DIGITS.finditer(text, start, end))
        for first, group in enumerate(groups):
            written = ""
            for last in groups[first:]:
                written += last[0]
                if len(written) > _MOST_DIGITS:
                    break
                if len(written) >= _FEWEST_DIGITS and (phone_hash := self._hasher.phone_hash(written)):
                    yield Contact(group.start(), last.end(), phone_hash)


def unescaped(text: str) -> str:
    """The text with JSON's \\uXXXX written as the characters they stand for."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "\\u" in text else text
