"""Parse lines of batch input: what each asks about, or what is wrong with it.

Most lines hold one id and nothing else: a block of these is parsed by one regular expression, any other line by line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from personalize_kinds.limits import MAX_ITEMS_TO_RANK

NOT_JSON = "User error: The line is not valid JSON"
MISSING = "User error: Required fields for the provided recipe are {}"


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields that lines of a recipe must have: the key of a text and, for rankings, of a list of items."""

    key: str
    list_key: str | None = None

    @property
    def missing(self) -> str:
        return MISSING.format(self.key if self.list_key is None else f"{self.key}, {self.list_key}")


@dataclass(frozen=True, slots=True)
class Block:
    """Lines in order; every field has one entry per line.

    inputs  the line as JSON; the text of a line that is not JSON as a JSON string
    errors  what is wrong with the line, or None
    asked   the text under the recipe's key; empty in error
    given   the whole object; None in error or if it has no other members
    """

    inputs: list[bytes]
    errors: list[str | None]
    asked: list[str]
    given: list[Mapping[str, Any] | None]

    def items(self, line: int) -> list[str]:
        """Return the items to rank, without repetitions."""
        given = self.given[line]
        return [*dict.fromkeys(given["itemList"])] if given else []

    def filter_values(self, line: int) -> Mapping[str, str]:
        given = self.given[line]
        return given.get("filterValues") or {} if given else {}

    def context(self, line: int) -> Mapping[str, str]:
        given = self.given[line]
        return given.get("context") or {} if given else {}


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One line of a batch file; fields as in `Block`."""

    input: bytes
    error: str | None = None
    asked: str = ""
    given: Mapping[str, Any] | None = None


def parse_block(lines: Sequence[bytes], fields: Fields) -> Block:
    """Parse lines into a block; a bad line becomes one in error."""
    plain = None if fields.list_key else _plain_ids(lines, fields.key)
    if plain is None:
        records = [_line(line, fields) for line in lines]
        return Block(
            [record.input for record in records],
            [record.error for record in records],
            [record.asked for record in records],
            [record.given for record in records],
        )
    inputs = [f'{{"{fields.key}":"{asked}"}}'.encode() for asked in plain]
    nothing = [None] * len(lines)
    return Block(inputs, [*nothing], plain, [*nothing])


def _plain_ids(lines: Sequence[bytes], key: str) -> list[str] | None:
    """Return the id of each line if all lines hold an id and nothing else, without escapes; else None."""
    try:
        ids: list[str] = _plain_line(key).findall(b"\n".join(lines).decode())
    except UnicodeDecodeError:
        return None
    return ids if len(ids) == len(lines) else None


@cache
def _plain_line(key: str) -> re.Pattern[str]:
    return re.compile(rf'^\{{"{key}": ?"([^"\\\x00-\x1f]+)"\}}\r?$', re.MULTILINE)


def _line(raw: bytes, fields: Fields) -> BatchRecord:
    try:
        given = orjson.loads(raw)
        echo = orjson.dumps(given)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # encoding fails if it is nested too deeply
        return BatchRecord(orjson.dumps(raw.decode(errors="replace")), NOT_JSON)
    if error := _error(given, fields):
        return BatchRecord(echo, error)
    return BatchRecord(echo, None, given[fields.key], given if len(given) > 1 else None)


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
    return value is None or (isinstance(value, dict) and all(isinstance(text, str) for text in value.values()))
