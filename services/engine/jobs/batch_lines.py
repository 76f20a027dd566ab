"""Lines of batch input, taken apart: what each asks about, or what is wrong with it.

Most lines name one id and nothing else: a block of those is read by one regular expression, any other line by line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson

from personalize_kinds.limits import MAX_ITEMS_TO_RANK

NOT_JSON = "User error: The line is not valid JSON"
MISSING = "User error: Required fields for the provided recipe are {}"


class Fields(NamedTuple):
    """What a recipe's lines must have: the key of a text, and of a list of items where there is one."""

    key: str
    list_key: str | None = None

    @property
    def missing(self) -> str:
        return MISSING.format(self.key if self.list_key is None else f"{self.key}, {self.list_key}")


class Block(NamedTuple):
    """Lines in order; every field has one entry per line.

    inputs  the JSON of what was given; of a line that is not JSON, its text
    errors  what is wrong with the line, None if nothing is
    asked   the text under the recipe's key, empty in error
    given   the whole object, None in error or if there is nothing else in it
    """

    inputs: list[bytes]
    errors: list[str | None]
    asked: list[str]
    given: list[Mapping[str, Any] | None]

    def items(self, line: int) -> list[str]:
        """The items to rank, the first of equal ones."""
        given = self.given[line]
        return [*dict.fromkeys(given["itemList"])] if given else []

    def filter_values(self, line: int) -> Mapping[str, str]:
        given = self.given[line]
        return given.get("filterValues") or {} if given else {}

    def context(self, line: int) -> Mapping[str, str]:
        given = self.given[line]
        return given.get("context") or {} if given else {}


class Line(NamedTuple):
    """One line of a block."""

    input: bytes
    error: str | None = None
    asked: str = ""
    given: Mapping[str, Any] | None = None


def taken_apart(lines: Sequence[bytes], fields: Fields) -> Block:
    """The block of these lines; none is refused, a bad one is in error."""
    plain = None if fields.list_key else _plain_ids(lines, fields.key)
    if plain is None:
        return Block(*map(list, zip(*(_line(line, fields) for line in lines), strict=True)))
    inputs = [f'{{"{fields.key}":"{asked}"}}'.encode() for asked in plain]
    nothing = [None] * len(lines)
    return Block(inputs, [*nothing], plain, [*nothing])


def _plain_ids(lines: Sequence[bytes], key: str) -> list[str] | None:
    """The id of each line if every line is an object of that alone, and its id JSON without escapes; else None."""
    try:
        ids: list[str] = _plain_line(key).findall(b"\n".join(lines).decode())
    except UnicodeDecodeError:
        return None
    return ids if len(ids) == len(lines) else None


@cache
def _plain_line(key: str) -> re.Pattern[str]:
    return re.compile(rf'^\{{"{key}": ?"([^"\\\x00-\x1f]+)"\}}\r?$', re.MULTILINE)


def _line(raw: bytes, fields: Fields) -> Line:
    try:
        given = orjson.loads(raw)
        echo = orjson.dumps(given)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # the latter if it is nested too deeply
        return Line(orjson.dumps(raw.decode(errors="replace")), NOT_JSON)
    if error := _error(given, fields):
        return Line(echo, error)
    return Line(echo, None, given[fields.key], given if len(given) > 1 else None)


def _error(given: Any, fields: Fields) -> str | None:
    if not isinstance(given, dict) or not _is_text(given.get(fields.key)):
        return fields.missing
    if fields.list_key:
        items = given.get(fields.list_key)
        if not isinstance(items, list) or not items or not all(map(_is_text, items)):
            return fields.missing
        if len(items) > MAX_ITEMS_TO_RANK:
            return f"User error: {fields.list_key} has {len(items)} items; at most {MAX_ITEMS_TO_RANK} can be ranked"
    for key in ("filterValues", "context"):
        if not _is_map_of_texts(given.get(key)):
            return f"User error: {key} must be an object whose values are strings"
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_map_of_texts(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and all(isinstance(one, str) for one in value.values()))
