"""The datasets as Amazon Personalize takes them: their columns and types, and the records of batch files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec

PURCHASE = "purchase"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a dataset. `avro` is a type or a union with "null"."""

    name: str
    avro: str | tuple[str, ...]
    categorical: bool = False
    textual: bool = False

    def as_avro_field(self) -> dict[str, Any]:
        field: dict[str, Any] = {"name": self.name, "type": self.avro if isinstance(self.avro, str) else [*self.avro]}
        if self.categorical:
            field["categorical"] = True
        if self.textual:
            field["textual"] = True
        return field


@dataclass(frozen=True, slots=True)
class Dataset:
    """One of the three datasets of a dataset group."""

    name: str  # ours: names the mart, the CSV, the S3 prefix
    type: str  # Personalize's: datasetType, and the Avro record's name
    columns: tuple[Column, ...]

    @property
    def takes_new_columns(self) -> bool:
        """Whether a dataset takes a schema with more columns; interactions need a new group."""
        return self.type != "Interactions"

    @property
    def header(self) -> str:
        return ",".join(column.name for column in self.columns)

    @property
    def avro_schema(self) -> str:
        """The schema as CreateSchema takes it."""
        return json.dumps(
            {
                "type": "record",
                "name": self.type,
                "namespace": "com.amazonaws.personalize.schema",
                "fields": [column.as_avro_field() for column in self.columns],
                "version": "1.0",
            }
        )


INTERACTIONS = Dataset(
    "interactions",
    "Interactions",
    (
        Column("USER_ID", "string"),
        Column("ITEM_ID", "string"),
        Column("EVENT_TYPE", "string"),
        Column("EVENT_VALUE", ("float", "null")),
        Column("TIMESTAMP", "long"),
    ),
)
ITEMS = Dataset(
    "items",
    "Items",
    (
        Column("ITEM_ID", "string"),
        Column("PRODUCT_NAME", ("string", "null"), textual=True),
        Column("CATEGORY", ("string", "null"), categorical=True),
        Column("PRICE", ("float", "null")),
        Column("CREATION_TIMESTAMP", "long"),
    ),
)
USERS = Dataset(
    "users",
    "Users",
    (
        Column("USER_ID", "string"),
        Column("AGE", ("int", "null")),
        Column("GENDER", ("string", "null"), categorical=True),
        Column("LOCATION", ("string", "null"), categorical=True),
    ),
)
DATASETS: tuple[Dataset, ...] = (INTERACTIONS, ITEMS, USERS)


class BatchInput(msgspec.Struct, omit_defaults=True):
    """One record of a batch job's input."""

    userId: str | None = None  # noqa: N815 - the wire's spelling
    itemId: str | None = None  # noqa: N815


class BatchAnswer(msgspec.Struct):
    """The `output` of one record. Related-items recipes send no scores."""

    recommendedItems: list[str] = msgspec.field(default_factory=list)  # noqa: N815
    scores: list[float] | None = None


class BatchOutput(msgspec.Struct):
    """One record of a batch job's output; unknown keys are ignored, `error` and `scores` may be absent."""

    input: BatchInput
    output: BatchAnswer | None = None
    error: str | None = None
