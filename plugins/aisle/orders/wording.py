"""Wording: what the other side says about a failure, short enough for a log and without personal data."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from aisle.orders.spoilt import UNREADABLE

_LONGEST = 200
#: As much of a text is looked at: patterns may take the square of its length.
_MOST_READ = 10 * _LONGEST
_MOST_PARTS = 3
_MOST_LEVELS = 10
_MAIL = re.compile(r"\S+@\S+")
_NUMBER = re.compile(r"\+?\d[\d\s().-]{2,}\d")
_SECRET = re.compile(r"(?i)\b(bearer|basic|token|password|key)\b[\s:=]+\S+")
_MARKUP = re.compile(r"<[^>]*>")
#: Members that hold words for people, most telling first.
_WORDS = ("message", "msg", "detail", "error_description", "error", "errors", "title", "description", "reason", "code")


def wording(said: Any) -> str:
    """The words in a JSON value: its text, or that of the members that usually hold it; blank if there is none."""
    return _presentable("; ".join(_texts(said)))


def wording_of_body(body: bytes) -> str:
    """The words of an error answer, whatever its form."""
    try:
        said = msgspec.json.decode(body)
    except UNREADABLE:
        return _presentable(_MARKUP.sub(" ", _beginning(body[: 4 * _MOST_READ].decode(errors="replace"))))
    return wording(said)


def quoted(words: str) -> str:
    """The words as part of a message; nothing if there are none."""
    return f", saying “{words}”" if words else ""


def _texts(said: Any, levels: int = _MOST_LEVELS) -> list[str]:
    if isinstance(said, dict) and levels:
        return next((texts for name in _WORDS if (texts := _texts(said.get(name), levels - 1))), [])
    if isinstance(said, list) and levels:
        return [text for part in said[:_MOST_PARTS] for text in _texts(part, levels - 1)]
    return [str(said)] if isinstance(said, str | int | float) and not isinstance(said, bool) and said != "" else []


def _beginning(text: str) -> str:
    """The first words of a long text, whole: half of an address would not be recognised."""
    return text if len(text) <= _MOST_READ else " ".join([*text[:_MOST_READ].split()[:-1], "…"])


def _presentable(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in _beginning(text))
    plain = " ".join(_SECRET.sub(r"\1 …", _NUMBER.sub("…", _MAIL.sub("…", printable))).split())
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
