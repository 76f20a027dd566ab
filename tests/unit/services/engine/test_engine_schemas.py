from __future__ import annotations

import json

import pytest

from aisle.contracts.personalize import DATASETS, Dataset
from services.engine.errors import InvalidInput
from services.engine.schemas import parse_schema


def schema(*fields: dict[str, object], name: str = "Items") -> str:
    return json.dumps({"type": "record", "name": name, "namespace": "x", "fields": fields, "version": "1.0"})


ITEM_ID = {"name": "ITEM_ID", "type": "string"}


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_exported_datasets_are_understood(dataset: Dataset) -> None:
    parsed = parse_schema(dataset.avro_schema)
    assert parsed.dataset_type == dataset.type.upper()
    assert [column.name for column in parsed.columns] == [column.name for column in dataset.columns]


def test_union_with_null_in_either_order_is_nullable() -> None:
    parsed = parse_schema(
        schema(ITEM_ID, {"name": "A", "type": ["null", "int"]}, {"name": "B", "type": ["float", "null"]})
    )
    assert [(column.type, column.nullable) for column in parsed.columns] == [
        ("string", False),
        ("int", True),
        ("float", True),
    ]


@pytest.mark.parametrize("name", ["items", "Items", "ITEMS"])
def test_record_is_named_like_its_dataset_type_in_any_case(name: str) -> None:
    """The configurations that AWS publishes for its own Personalize solution name records in lower case."""
    assert parse_schema(schema(ITEM_ID, {"name": "PRICE", "type": "float"}, name=name)).dataset_type == "ITEMS"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "not JSON"),
        ("[]", "not an Avro record"),
        (schema(ITEM_ID, name="Products"), "must be named one of"),
        (schema({"name": "PRICE", "type": "float"}), "lacks the required field ITEM_ID"),
        (schema({"name": "ITEM_ID", "type": "long"}), "lacks the required field ITEM_ID of type string"),
        (schema({"name": "ITEM_ID", "type": ["string", "null"]}), "not null"),
        (schema(ITEM_ID, {"name": "TAGS", "type": {"type": "array", "items": "string"}}), "TAGS has type"),
        (schema(ITEM_ID), "only the required fields"),
        (schema(ITEM_ID, *({"name": f"C{n}", "type": "int"} for n in range(101))), "at most 100"),
        (schema(ITEM_ID, {"name": "A-B", "type": "int"}), "letters, digits"),
        (schema(ITEM_ID, {"name": "A", "type": ["int", "string", "null"]}), "A has type"),
        (schema(ITEM_ID, {"name": "A", "type": "int", "categorical": True}), "only a string can be categorical"),
        (schema(ITEM_ID, {"name": "A", "type": "string", "categorical": True, "textual": True}), "choose one"),
        (schema(ITEM_ID, *({"name": n, "type": "string", "textual": True} for n in "AB")), "keep at most one"),
        (
            schema(
                {"name": "USER_ID", "type": "string"}, {"name": "A", "type": "string", "textual": True}, name="Users"
            ),
            "only a field of Items",
        ),
        (schema(ITEM_ID, {"name": "CREATION_TIMESTAMP", "type": "int"}), "reserved and has type long"),
        (schema(ITEM_ID, {"name": "GENRES_FIELD_1", "type": "int"}, {"name": "GENRESFIELD1", "type": "int"}), "clash"),
    ],
)
def test_unusable_schema_is_refused_with_its_fault(text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        parse_schema(text)


@pytest.mark.parametrize(
    ("domain", "fields"),
    [
        ("ECOMMERCE", [{"name": "PRICE", "type": "float"}, {"name": "CATEGORY_L1", "type": "string"}]),
        ("ECOMMERCE", [{"name": "CATEGORY_L1", "type": "string", "categorical": True}]),
        ("VIDEO_ON_DEMAND", [{"name": "GENRES", "type": "string", "categorical": True}]),
    ],
)
def test_domain_requires_columns_of_its_own(domain: str, fields: list[dict[str, object]]) -> None:
    text = schema(ITEM_ID, *fields)
    assert parse_schema(text)
    with pytest.raises(InvalidInput, match=f"of domain {domain} lacks the required field"):
        parse_schema(text, domain)
