"""The data of a small shop: schemas, and the rows of each dataset as CSV."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

N_USERS, N_ITEMS, N_EVENTS = 60, 40, 1_200
START = 1_750_000_000


def schema(name: str, *fields: dict[str, Any]) -> str:
    described = {"type": "record", "name": name, "namespace": "com.amazonaws.personalize.schema", "fields": fields}
    return json.dumps({**described, "version": "1.0"})


def field(name: str, kind: Any, **attributes: bool) -> dict[str, Any]:
    return {"name": name, "type": kind, **attributes}


NULLABLE_TEXT = ["null", "string"]
INTERACTIONS = schema(
    "Interactions", field("USER_ID", "string"), field("ITEM_ID", "string"), field("TIMESTAMP", "long"),
    field("EVENT_TYPE", "string"), field("EVENT_VALUE", ["null", "float"]),
    field("DEVICE", NULLABLE_TEXT, categorical=True),
)  # fmt: skip
ITEM_FIELDS = (
    field("ITEM_ID", "string"), field("PRICE", "float"), field("GENRE_NAME", NULLABLE_TEXT, categorical=True),
    field("CREATION_TIMESTAMP", "long"),
)  # fmt: skip
ITEMS = schema("Items", *ITEM_FIELDS)
WIDER_ITEMS = schema("Items", *ITEM_FIELDS, field("COLOUR", NULLABLE_TEXT, categorical=True))
USERS = schema("Users", field("USER_ID", "string"), field("AGE", "int"))


def interactions_csv() -> str:
    random = np.random.default_rng(7)
    users, items = random.integers(0, N_USERS, N_EVENTS), random.integers(0, N_ITEMS // 2, N_EVENTS)
    rows = [
        f"u{user},i{item * 2 + user % 2},{'click' if n % 3 else 'purchase'},{n % 5}.5,phone,{START + 60 * n}"
        for n, (user, item) in enumerate(zip(users, items, strict=True))
    ]
    return "\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,DEVICE,TIMESTAMP", *rows, ""])


def items_csv() -> str:
    rows = [f"i{n},{n}.5,{'comedy|drama' if n % 2 else 'horror'},{START - n}" for n in range(N_ITEMS)]
    return "\n".join(["ITEM_ID,PRICE,GENRE_NAME,CREATION_TIMESTAMP", *rows, ""])


def wider_items_csv() -> str:
    header, *rows = items_csv().splitlines()
    return "\n".join([f"{header},COLOUR", *(f"{row},red" for row in rows), ""])


def users_csv() -> str:
    return "\n".join(["USER_ID,AGE", *(f"u{n},{20 + n}" for n in range(N_USERS)), ""])
