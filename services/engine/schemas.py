"""Avro schemas of datasets: the columns of a CSV, their types, and which may be empty.

Source: Personalize developer guide, "Datasets and schemas".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from services.engine.errors import InvalidInput, shown

#: Columns that a dataset of the type must have, and the Avro type of each.
REQUIRED_COLUMNS: dict[str, dict[str, str]] = {
    "INTERACTIONS": {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"},
    "ITEMS": {"ITEM_ID": "string"},
    "USERS": {"USER_ID": "string"},
    "ACTIONS": {"ACTION_ID": "string"},
    "ACTION_INTERACTIONS": {"USER_ID": "string", "ACTION_ID": "string", "EVENT_TYPE": "string", "TIMESTAMP": "long"},
}
#: The id column of the datasets in which only the newest row of each id counts.
ID_COLUMNS = {"ITEMS": "ITEM_ID", "USERS": "USER_ID", "ACTIONS": "ACTION_ID"}
#: The record's name in a schema, in any case, for each dataset type.
RECORD_NAMES = {
    "Interactions": "INTERACTIONS",
    "Items": "ITEMS",
    "Users": "USERS",
    "Actions": "ACTIONS",
    "ActionInteractions": "ACTION_INTERACTIONS",
}
#: Names with a meaning to the service, and the type that each must have.
RESERVED_COLUMNS: dict[str, dict[str, str]] = {
    "INTERACTIONS": {
        "EVENT_TYPE": "string", "EVENT_VALUE": "float", "IMPRESSION": "string", "RECOMMENDATION_ID": "string",
        "EVENT_ATTRIBUTION_SOURCE": "string",
    },
    "ITEMS": {"CREATION_TIMESTAMP": "long"},
    "USERS": {},
    "ACTIONS": {
        "CREATION_TIMESTAMP": "long", "VALUE": "long", "TYPE": "string", "EXPIRATION_TIMESTAMP": "long",
        "ACTION_EXPIRATION_TIMESTAMP": "long", "REPEAT_FREQUENCY": "long",
    },
    "ACTION_INTERACTIONS": {"IMPRESSION": "string", "RECOMMENDATION_ID": "string"},
}  # fmt: skip
#: Minimum and maximum number of columns besides the required ones; see `DatasetSchema.own_columns` for the maximum.
METADATA_LIMITS = {
    "INTERACTIONS": (0, 5), "ITEMS": (1, 100), "USERS": (1, 25), "ACTIONS": (1, 10), "ACTION_INTERACTIONS": (0, 5),
}  # fmt: skip
#: Columns that a domain requires in addition: type, and whether the text is categorical.
DOMAIN_COLUMNS: dict[tuple[str, str], dict[str, tuple[str, bool]]] = {
    ("ECOMMERCE", "INTERACTIONS"): {"EVENT_TYPE": ("string", False)},
    ("VIDEO_ON_DEMAND", "INTERACTIONS"): {"EVENT_TYPE": ("string", False)},
    ("ECOMMERCE", "ITEMS"): {"PRICE": ("float", False), "CATEGORY_L1": ("string", True)},
    ("VIDEO_ON_DEMAND", "ITEMS"): {"CREATION_TIMESTAMP": ("long", False), "GENRES": ("string", True)},
}
_TYPE_OF_RECORD = {name.lower(): dataset_type for name, dataset_type in RECORD_NAMES.items()}
NUMERIC_TYPES = ("float", "double", "int", "long")
AVRO_TYPES = frozenset({*NUMERIC_TYPES, "string", "boolean"})

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Avro type, whether a cell may be empty, and the kind of its texts."""

    name: str
    type: str
    nullable: bool
    categorical: bool = False
    textual: bool = False
    item_name: bool = False


@dataclass(frozen=True, slots=True)
class DatasetSchema:
    """The dataset type of a schema, and its columns in order."""

    dataset_type: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """Return the column of a name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def own_columns(self) -> tuple[Column, ...]:
        """The columns whose names have no meaning to the service."""
        return tuple(column for column in self.metadata if column.name not in RESERVED_COLUMNS[self.dataset_type])

    @property
    def metadata(self) -> tuple[Column, ...]:
        """The columns that are not required."""
        return tuple(column for column in self.columns if column.name not in REQUIRED_COLUMNS[self.dataset_type])


def parse_schema(text: str, domain: str | None = None) -> DatasetSchema:
    """Parse the schema of a dataset group, with or without a domain. Raises InvalidInput that says what is wrong."""
    record = _record(text)
    dataset_type = _TYPE_OF_RECORD[record["name"].lower()]
    schema = DatasetSchema(dataset_type, tuple(_column(field) for field in record["fields"]))
    _refuse_clashes(schema.columns)
    _refuse_missing(schema, domain)
    _refuse_wrong_types(schema)
    _refuse_wrong_texts(schema)
    _refuse_wrong_number(schema)
    return schema


def _record(text: str) -> dict[str, Any]:
    try:
        record = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"The schema is not JSON ({error}); pass an Avro record as a JSON string") from error
    if not isinstance(record, dict) or record.get("type") != "record" or not isinstance(record.get("fields"), list):
        raise InvalidInput('The schema is not an Avro record; pass {"type": "record", "name": …, "fields": […]}')
    if str(record.get("name")).lower() not in _TYPE_OF_RECORD:
        raise InvalidInput(
            f"The schema's name is '{shown(record.get('name'))}'; "
            f"the record must be named one of {', '.join(RECORD_NAMES)}"
        )
    return record


def _column(field: Any) -> Column:
    if not isinstance(field, dict) or not isinstance(field.get("name"), str) or not _NAME.fullmatch(field["name"]):
        raise InvalidInput(
            f"The schema has a field '{shown(field)}'; every field needs a type, and a name of letters, digits and '_'"
        )
    declared = field.get("type")
    types = declared if isinstance(declared, list) else [declared]
    plain = [avro_type for avro_type in types if avro_type != "null"]
    if len(plain) != 1 or len(types) > 2 or not isinstance(plain[0], str) or plain[0] not in AVRO_TYPES:
        raise InvalidInput(
            f"The schema's field {field['name']} has type '{shown(declared)}'; "
            f"use one of {', '.join(sorted(AVRO_TYPES))}, alone or in a union with 'null'"
        )
    flags = (field.get(flag) is True for flag in ("categorical", "textual", "itemName"))
    return Column(field["name"], plain[0], "null" in types, *flags)


def _refuse_clashes(columns: tuple[Column, ...]) -> None:
    """Refuse names that are equal but for case and underscores."""
    seen: dict[str, str] = {}
    for column in columns:
        other = seen.setdefault(column.name.replace("_", "").upper(), column.name)
        if other is not column.name:
            raise InvalidInput(f"The schema's fields {other} and {column.name} clash; names must differ without '_'")


def _refuse_missing(schema: DatasetSchema, domain: str | None) -> None:
    required = {name: (avro, False) for name, avro in REQUIRED_COLUMNS[schema.dataset_type].items()}
    required |= DOMAIN_COLUMNS.get((domain or "", schema.dataset_type), {})
    for name, (avro, categorical) in required.items():
        column = schema.column(name)
        if column is None or column.type != avro or column.nullable or (categorical and not column.categorical):
            of_domain = f" of domain {domain}" if domain else ""
            kind = f"categorical {avro}" if categorical else avro
            raise InvalidInput(
                f"The schema of {schema.dataset_type}{of_domain} lacks the required field {name} of type {kind} "
                "(not null); add it"
            )


def _refuse_wrong_types(schema: DatasetSchema) -> None:
    for name, avro in RESERVED_COLUMNS[schema.dataset_type].items():
        column = schema.column(name)
        if column is not None and column.type != avro:
            raise InvalidInput(f"The schema's field {name} is reserved and has type {avro}, not {column.type}")


def _refuse_wrong_texts(schema: DatasetSchema) -> None:
    """Refuse flags where they do not apply: all three need text, textual and itemName need items."""
    for column in schema.columns:
        if (column.categorical or column.textual or column.item_name) and column.type != "string":
            raise InvalidInput(f"The schema's field {column.name} is {column.type}; only a string can be categorical, "
                               "textual or itemName")  # fmt: skip
        if (column.textual or column.item_name) and schema.dataset_type != "ITEMS":
            raise InvalidInput(f"The schema's field {column.name} is textual or itemName; only a field of Items can be")
        if column.textual and column.categorical:
            raise InvalidInput(f"The schema's field {column.name} is both categorical and textual; choose one")
    textual = [column.name for column in schema.columns if column.textual]
    if len(textual) > 1:
        raise InvalidInput(f"The schema has the textual fields {', '.join(textual)}; keep at most one")


def _refuse_wrong_number(schema: DatasetSchema) -> None:
    minimum, maximum = METADATA_LIMITS[schema.dataset_type]
    if len(schema.metadata) < minimum:
        raise InvalidInput(f"The schema of {schema.dataset_type} has only the required fields; add at least one")
    if len(schema.own_columns) > maximum:
        raise InvalidInput(
            f"The schema of {schema.dataset_type} has {len(schema.own_columns)} fields of your own; keep at most "
            f"{maximum}"
        )
