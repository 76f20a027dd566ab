"""Avro schemas of datasets: which columns a CSV must have, of which type, and which may be empty.

Source: Personalize developer guide, "Datasets and schemas".
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from services.engine.errors import InvalidInput

#: Columns without which a dataset of the type is useless, with the Avro type that each must have.
REQUIRED_COLUMNS: dict[str, dict[str, str]] = {
    "INTERACTIONS": {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"},
    "ITEMS": {"ITEM_ID": "string"},
    "USERS": {"USER_ID": "string"},
    "ACTIONS": {"ACTION_ID": "string"},
    "ACTION_INTERACTIONS": {"USER_ID": "string", "ACTION_ID": "string", "EVENT_TYPE": "string", "TIMESTAMP": "long"},
}
#: The record's name in a schema, for each dataset type.
RECORD_NAMES = {
    "Interactions": "INTERACTIONS",
    "Items": "ITEMS",
    "Users": "USERS",
    "Actions": "ACTIONS",
    "ActionInteractions": "ACTION_INTERACTIONS",
}
AVRO_TYPES = frozenset({"float", "double", "int", "long", "string", "boolean"})
MAX_ID_LENGTH = 256


class Column(NamedTuple):
    """One column: its Avro type, and whether a cell may be empty."""

    name: str
    type: str
    nullable: bool


class DatasetSchema(NamedTuple):
    """The dataset type that a schema is for, and its columns in order."""

    dataset_type: str
    columns: tuple[Column, ...]


def parse_schema(text: str) -> DatasetSchema:
    """The schema that `text` holds. Raises InvalidInput that says what is wrong with it."""
    record = _record(text)
    dataset_type = RECORD_NAMES[record["name"]]
    columns = tuple(_column(field) for field in record["fields"])
    _refuse_clashes(columns)
    _refuse_missing(dataset_type, columns)
    return DatasetSchema(dataset_type, columns)


def _record(text: str) -> dict[str, Any]:
    try:
        record = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"The schema is not JSON ({error}); pass an Avro record as a JSON string") from error
    if not isinstance(record, dict) or record.get("type") != "record" or not isinstance(record.get("fields"), list):
        raise InvalidInput("The schema is not an Avro record; pass {'type': 'record', 'name': …, 'fields': […]}")
    if record.get("name") not in RECORD_NAMES:
        raise InvalidInput(
            f"The schema's name is {record.get('name')!r}; the record must be named one of {', '.join(RECORD_NAMES)}"
        )
    return record


def _column(field: Any) -> Column:
    if not isinstance(field, dict) or not isinstance(field.get("name"), str):
        raise InvalidInput(f"The schema has a field {field!r}; every field needs a name and a type")
    declared = field.get("type")
    types = declared if isinstance(declared, list) else [declared]
    plain = [one for one in types if one != "null"]
    if len(plain) != 1 or not isinstance(plain[0], str) or plain[0] not in AVRO_TYPES:
        raise InvalidInput(
            f"The schema's field {field['name']} has type {declared!r}; use one of {', '.join(sorted(AVRO_TYPES))}, "
            "alone or in a union with 'null'"
        )
    return Column(field["name"], plain[0], nullable="null" in types)


def _refuse_clashes(columns: tuple[Column, ...]) -> None:
    """Names must differ even without their underscores."""
    seen: dict[str, str] = {}
    for column in columns:
        other = seen.setdefault(column.name.replace("_", "").upper(), column.name)
        if other is not column.name:
            raise InvalidInput(f"The schema's fields {other} and {column.name} clash; names must differ without '_'")


def _refuse_missing(dataset_type: str, columns: tuple[Column, ...]) -> None:
    given = {column.name: column for column in columns}
    for name, avro in REQUIRED_COLUMNS[dataset_type].items():
        if name not in given or given[name].type != avro or given[name].nullable:
            raise InvalidInput(
                f"The schema of {dataset_type} lacks the required field {name} of type {avro} (not null); add it"
            )
