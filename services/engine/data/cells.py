"""Cells of single records: the members of a call's `properties` as typed values by column name.

`{"numRatings": "12"}` becomes `{"NUM_RATINGS": 12}`. Names are compared without case and underscores; the fields of a
schema differ even so. Source: developer guide, "Importing individual records".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from personalize_kinds.limits import MAX_CATEGORICAL_LENGTH, MAX_ID_LENGTH
from services.engine.data.texts import clean_text
from services.engine.errors import InvalidInput, shown
from services.engine.schemas import (
    REQUIRED_COLUMNS,
    Column,
    DatasetSchema,
)

Cells = dict[str, Any]

#: Members of PutEvents itself; `properties` may not name them.
RESERVED_KEYS = frozenset({"userid", "sessionid", "eventtype", "timestamp", "recommendationid", "impression"})

#: Columns that an event may lack whatever its schema says: the item, without which it counts for nothing, and those of
#: events that come from recommendations.
OPTIONAL_OF_EVENTS = frozenset({"ITEM_ID", "IMPRESSION", "RECOMMENDATION_ID"})

_INTEGERS = {"int": 2**31, "long": 2**63}


def members_of(properties: str | None) -> dict[str, Any]:
    """Read the members of `properties` by plain name. Raises InvalidInput if it is not a JSON object."""
    try:
        members = orjson.loads(properties or "{}")
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"properties is not JSON ({error}); pass a JSON object as a string") from error
    if not isinstance(members, dict):
        raise InvalidInput("properties is not a JSON object; pass the fields of the schema as its members")
    return {plain(name): value for name, value in members.items()}


def cells_of(members: Mapping[str, Any], schema: DatasetSchema, given: Cells) -> Cells:
    """Return the `given` cells and those of members that the schema has. Raises InvalidInput for what does not fit."""
    cells = dict(given)
    for column in schema.columns:
        value = members.get(plain(column.name))
        if value is not None and column.name not in given:
            cells[column.name] = cell(value, column)
    _refuse_missing(cells, schema)
    return cells


def cell(value: Any, column: Column) -> Any:
    """Convert a value to the column's type. Raises InvalidInput."""
    try:
        return _READERS[column.type](value, column)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f"The value '{shown(value)}' of {column.name} does not fit its type {column.type}: {error}"
        ) from error


def plain(name: str) -> str:
    """Return a name in lower case without underscores."""
    return name.replace("_", "").lower()


def _refuse_missing(cells: Cells, schema: DatasetSchema) -> None:
    for column in schema.columns:
        if not column.nullable and column.name not in cells and column.name not in OPTIONAL_OF_EVENTS:
            raise InvalidInput(
                f"The field {column.name} is missing, which the schema does not allow to be null; add it to properties"
            )


def _text(value: Any, column: Column) -> str:
    if isinstance(value, (dict, list)):
        raise ValueError("pass a string, with '|' between several values")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if column.textual:
        return clean_text(text)
    longest = MAX_ID_LENGTH if column.name in _REQUIRED_NAMES else MAX_CATEGORICAL_LENGTH
    if "\0" in text:
        raise ValueError("it contains a NUL character")
    if len(text) > longest:
        raise ValueError(f"it is longer than {longest} characters")
    return text


def _number(value: Any, _column: Column) -> float:
    if isinstance(value, (bool, dict, list)):
        raise ValueError("pass a number")
    try:
        number = float(value)
    except ValueError:
        raise ValueError("pass a number") from None
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("pass a finite number")
    return number


def _integer(value: Any, column: Column) -> int:
    number = _number(value, column)
    whole = int(value) if isinstance(value, (int, str)) and not _is_fraction(value) else int(number)
    if whole != number and abs(number) < 2**53:
        raise ValueError("pass a whole number")
    if not -_INTEGERS[column.type] <= whole < _INTEGERS[column.type]:
        raise ValueError("it is out of range")
    return whole


def _is_fraction(value: int | str) -> bool:
    return isinstance(value, str) and not re.fullmatch(r"\s*[+-]?\d+\s*", value)


def _truth(value: Any, _column: Column) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise ValueError("pass true or false")


_REQUIRED_NAMES = {name for columns in REQUIRED_COLUMNS.values() for name in columns}
_READERS: dict[str, Callable[[Any, Column], Any]] = {
    "string": _text,
    "float": _number,
    "double": _number,
    "int": _integer,
    "long": _integer,
    "boolean": _truth,
}
