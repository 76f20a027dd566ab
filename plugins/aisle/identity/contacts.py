"""Contacts in texts: phone numbers, e-mail addresses and user ids, wherever somebody wrote them, each as its hash.

A number is taken whole or not at all: the digits of somebody's phone inside a longer number are not theirs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from aisle.contracts.identity import BETWEEN_DIGITS
from aisle.identity.hashing import PersonHasher

#: What neither begins nor ends within an address. The lengths are those of mail (RFC 5321); without them, and without a
#: fixed beginning, a long text could be looked through once for each of its characters.
_IN_ADDRESS = r"[^\s\"'<>(){}\[\],;:|\\@=/?&`]"
_EMAIL = re.compile(rf"(?<!{_IN_ADDRESS}){_IN_ADDRESS}{{1,64}}@{_IN_ADDRESS}{{1,255}}(?!{_IN_ADDRESS})")
_USER_ID = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{32}(?![0-9A-Za-z])")
#: Groups of digits with at most three of these between them.
_NUMBERS = re.compile(rf"(?<![0-9A-Za-z])\+?\d+(?:{BETWEEN_DIGITS}{{1,3}}\d+)*(?![0-9A-Za-z])")
_DIGITS = re.compile(r"\+?\d+")
#: Of a phone number with and without its country (E.164 has 15, and 00 may stand before them).
_FEWEST_DIGITS, _MOST_DIGITS = 7, 17
#: JSON may write any character so; in JSON within JSON, the backslash is doubled.
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
ERASED = "[erased]"


@dataclass(frozen=True, slots=True)
class Contact:
    """The span of a contact in a text, and its hash."""

    start: int
    end: int
    hash: str


class ContactFinder:
    """Find contacts in texts."""

    def __init__(self, hasher: PersonHasher) -> None:
        self._hasher = hasher

    def hashes(self, text: str) -> set[str]:
        """Return the hashes of all contacts in a text; a user id is its own hash."""
        return {contact.hash for contact in self.contacts(unescaped(text))}

    def without(self, text: str, erased: Collection[str]) -> str:
        """Return the text with the contacts of these hashes redacted."""
        kept, end = [], 0
        theirs = [contact for contact in self._as_written(text) if contact.hash in erased]
        for contact in sorted(theirs, key=lambda contact: (contact.start, -contact.end)):
            if contact.start >= end:
                kept += [text[end : contact.start], ERASED]
            end = max(end, contact.end)
        return "".join([*kept, text[end:]])

    def _as_written(self, text: str) -> Iterator[Contact]:
        """Yield every contact of a text, with its characters escaped or not."""
        yield from self.contacts(text)
        plain = _Plain.of(text)
        if plain.text != text:
            for contact in self.contacts(plain.text):
                yield Contact(plain.place(contact.start), plain.place(contact.end), contact.hash)

    def contacts(self, text: str) -> Iterator[Contact]:
        """Yield every contact of a text; digits that may be several phone numbers yield each of them."""
        for match in _USER_ID.finditer(text):
            yield Contact(*match.span(), match[0])
        for match in _EMAIL.finditer(text) if "@" in text else ():
            address = match[0].strip(".")
            if address_hash := self._hasher.email_hash(address):
                yield Contact(*match.span(), address_hash)
        for match in _NUMBERS.finditer(text):
            yield from self._phones(text, *match.span())

    def _phones(self, text: str, start: int, end: int) -> Iterator[Contact]:
        """Yield adjacent groups of digits that form a phone number."""
        groups = list(_DIGITS.finditer(text, start, end))
        for first, group in enumerate(groups):
            written = ""
            for last in groups[first:]:
                written += last[0]
                if len(written) > _MOST_DIGITS:
                    break
                if len(written) >= _FEWEST_DIGITS and (phone_hash := self._hasher.phone_hash(written)):
                    yield Contact(group.start(), last.end(), phone_hash)


@dataclass(frozen=True, slots=True)
class _Plain:
    """A text with JSON's \\uXXXX written as the characters they stand for, and where these stand in it as written.

    `starts` are the places in the plain text from which on it runs in step with the written one, from `written_starts`.
    """

    text: str
    starts: list[int]
    written_starts: list[int]

    @classmethod
    def of(cls, written: str) -> _Plain:
        parts, starts, written_starts, length = [], [0], [0], 0
        for escape in _ESCAPED.finditer(written) if "\\u" in written else ():
            before = written[written_starts[-1] : escape.start()]
            parts += [before, chr(int(escape[1], 16))]
            starts += [length + len(before), length + len(before) + 1]
            written_starts += [escape.start(), escape.end()]
            length = starts[-1]
        parts.append(written[written_starts[-1] :])
        return cls("".join(parts), starts, written_starts)

    def place(self, index: int) -> int:
        """Return the position in the original text of a character of the unescaped one."""
        nearest = bisect_right(self.starts, index) - 1
        return self.written_starts[nearest] + index - self.starts[nearest]


def unescaped(text: str) -> str:
    """The text with JSON's \\uXXXX written as the characters they stand for."""
    return _Plain.of(text).text
