"""Avro schemas of datasets: that of the contract, the required columns, and which schema may replace another."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from aisle.contracts.personalize import DATASETS

Schema = dict[str, Any]
#: Datasets whose schema the service can replace by one with more columns.
EXTENSIBLE = ("ITEMS", "USERS")
_CONTRACT = {dataset.name: dataset.avro_schema for dataset in DATASETS}
_REQUIRED = {
    "interactions": {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"},
    "items": {"ITEM_ID": "string"},
    "users": {"USER_ID": "string"},
    "actions": {"ACTION_ID": "string"},
    "action_interactions": {"USER_ID": "string", "ACTION_ID": "string", "EVENT_TYPE": "string", "TIMESTAMP": "long"},
}


def contract_schema(dataset: str) -> Schema:
    """Return the schema with which `export` writes a dataset. Raises ValueError for an unknown dataset."""
    if dataset not in _CONTRACT:
        raise ValueError(f"the pipeline has no dataset {dataset}, so its `schema` must be written out")
    schema: Schema = json.loads(_CONTRACT[dataset])
    return schema


def schema_text(schema: Schema) -> str:
    """Return the schema for CreateSchema; the contract's is unchanged, because names contain its hash."""
    return next((text for text in _CONTRACT.values() if json.loads(text) == schema), json.dumps(schema))


def schema_hash(schema: Schema) -> str:
    """Return eight hex digits for the name of a schema, which cannot be changed under its name."""
    return hashlib.sha256(schema_text(schema).encode()).hexdigest()[:8]


def usable_schema(dataset: str, schema: Schema) -> None:
    """Raise ValueError unless the schema is a flat record with the columns that a dataset of this kind must have."""
    if schema.get("type") != "record" or not isinstance(schema.get("fields"), list):
        raise ValueError(f"the schema of {dataset} must be an Avro record with `fields`")
    if str(schema.get("name", "")).lower() != dataset.replace("_", ""):
        raise ValueError(f"the schema of {dataset} must have the `name` {dataset.replace('_', ' ').title()}")
    columns = columns_of(schema)
    for name, kind in _REQUIRED[dataset].items():
        if columns.get(name) != {kind}:
            raise ValueError(f"the schema of {dataset} must have {name} of type {kind}")


def columns_of(schema: Schema) -> dict[str, set[str]]:
    """The types that each column takes, "null" among them if it may be empty."""
    return {field["name"]: _types(field["type"]) for field in schema["fields"]}


def obstacle(dataset_type: str, present: Schema, proposed: Schema) -> str | None:
    """Return why the service cannot replace one schema by another; None if it can."""
    if dataset_type not in EXTENSIBLE:
        return f"the schema of {dataset_type} can never be replaced in place"
    held, offered = columns_of(present), columns_of(proposed)
    for name, types in held.items():
        if not types <= offered.get(name, set()) or types - {"null"} != offered[name] - {"null"}:
            return f"column {name} would be dropped or would not take what is there"
    added = [name for name in offered if name not in held and "null" not in offered[name]]
    return f"the new column {added[0]} must allow null: what is there has no value for it" if added else None


def _types(written: str | list[str]) -> set[str]:
    return {written} if isinstance(written, str) else set(written)
