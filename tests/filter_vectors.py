"""The filter vectors of the contract, with the little world that they are about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from services.engine.schemas import parse_schema

Row = Mapping[str, str | float | None]

ITEMS: dict[str, Row] = {
    "A": {"GENRE": "comedy", "PRICE": 10, "CREATION_TIMESTAMP": 100, "COUNTRY": "FR"},
    "B": {"GENRE": "comedy|drama", "PRICE": 20, "CREATION_TIMESTAMP": 200, "COUNTRY": "US"},
    "C": {"GENRE": "drama", "PRICE": 30, "CREATION_TIMESTAMP": 300, "COUNTRY": "US"},
    "D": {"GENRE": "horror", "PRICE": 40, "CREATION_TIMESTAMP": 400, "COUNTRY": "FR"},
    "E": {"GENRE": None, "PRICE": None, "CREATION_TIMESTAMP": 500, "COUNTRY": "US"},
}
USERS: dict[str, Row] = {
    "u1": {"AGE": 17, "TIER": "gold"},
    "u2": {"AGE": 30, "TIER": "basic"},
    "u3": {"AGE": 45, "TIER": "gold|trial"},
}
EVENTS = [("u1", "click", "A"), ("u1", "purchase", "B"), ("u2", "Click", "C"), ("u2", "stream", "A"),
          ("u3", "purchase", "D")]  # fmt: skip


def avro(record: str, **types: str | dict[str, Any]) -> str:
    fields = [
        {"name": column, **(made if isinstance(made, dict) else {"type": made})} for column, made in types.items()
    ]
    return json.dumps({"type": "record", "name": record, "fields": fields, "version": "1.0"})


TEXTUAL = {"type": ["null", "string"], "textual": True}
PRICES = {f"P{n}": "float" for n in range(11)}
AVRO = {
    "ITEMS": avro(
        "Items", ITEM_ID="string", GENRE={"type": ["null", "string"], "categorical": True},
        PRICE={"type": ["null", "float"]}, CREATION_TIMESTAMP="long", COUNTRY="string", DESCRIPTION=TEXTUAL,
        IN_STOCK={"type": ["null", "boolean"]}, **PRICES,
    ),
    "USERS": avro("Users", USER_ID="string", AGE="long", TIER={"type": "string", "categorical": True}),
    "INTERACTIONS": avro("Interactions", USER_ID="string", ITEM_ID="string", TIMESTAMP="long", EVENT_TYPE="string"),
}  # fmt: skip
SCHEMAS = {dataset_type: parse_schema(text) for dataset_type, text in AVRO.items()}

TWO_IFS = 'EXCLUDE ItemID WHERE Items.GENRE IN ("drama") IF CurrentUser.AGE > 18 '
EVERYTHING = "A B C D E"
FAULT = "Could not create filter. Invalid Expression: "

#: Expression; user, item and values; the ids that are kept.
VALID: list[tuple[str, dict[str, str], str]] = [
    ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click", "stream")', {"user": "u1"}, "B C D E"),
    ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("CLICK")', {"user": "u2"}, "C"),
    ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")', {"user": "u1"}, "C D E"),
    ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN ("purchase")', {"user": "u1"}, "A C D E"),
    (
        "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($EVENT_TYPE)",
        {"user": "u1", "EVENT_TYPE": '"purchase"'},
        "A C D E",
    ),
    ('INCLUDE ItemID WHERE Items.GENRE IN ("comedy")', {}, "A B"),
    ('INCLUDE ItemID WHERE Items.GENRE IN ("Comedy")', {}, ""),
    ("INCLUDE ItemID WHERE Items.GENRE IN ($GENRES)", {"GENRES": '"comedy","horror"'}, "A B D"),
    ('EXCLUDE ItemID WHERE Items.GENRE IN ("comedy") AND Items.COUNTRY NOT IN ("US")', {}, "B C D E"),
    ('EXCLUDE ItemID WHERE Items.GENRE NOT IN ("drama", "horror")', {}, "B C D"),
    ("INCLUDE ItemID WHERE Items.PRICE >= 20 AND Items.PRICE < 40", {}, "B C"),
    ('INCLUDE ItemID WHERE Items.PRICE < 15 OR Items.COUNTRY IN ("FR")', {}, "A D"),
    ("INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP > $SINCE", {"SINCE": "250"}, "C D E"),
    ("INCLUDE ItemID WHERE Items.PRICE != 30", {}, "A B D"),
    ('EXCLUDE ItemID WHERE Items.GENRE IN ("horror") IF CurrentUser.AGE < 18', {"user": "u1"}, "A B C E"),
    ('EXCLUDE ItemID WHERE Items.GENRE IN ("horror") IF CurrentUser.AGE < 18', {"user": "u2"}, EVERYTHING),
    (
        'EXCLUDE ItemID WHERE Items.GENRE IN ($G) IF CurrentUser.AGE >= 18 AND CurrentUser.TIER IN ("gold")',
        {"user": "u3", "G": '"drama"'},
        "A D E",
    ),
    (
        'INCLUDE ItemID WHERE Items.GENRE IN ("horror") | INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")',
        {"user": "u1"},
        "A D",
    ),
    (
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase") '
        '| INCLUDE ItemID WHERE Items.GENRE IN ("comedy", "drama")',
        {"user": "u1"},
        "A C",
    ),
    ("INCLUDE ItemID WHERE Items.GENRE IN CurrentItem.GENRE", {"item": "B"}, "A B C"),
    ("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE", {"item": "C"}, "A B"),
    ("INCLUDE UserID WHERE Users.TIER IN ($TIER)", {"TIER": '"gold"'}, "u1 u3"),
    ("exclude UserId where users.AGE < 18", {}, "u2 u3"),
    (
        'INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("purchase") | EXCLUDE UserID WHERE Users.AGE > 40',
        {},
        "u1",
    ),
    ("INCLUDE ItemID WHERE Items.PRICE < ($MAX)", {"MAX": '"25"'}, "A B"),
]

#: Expression, and what the refusal says.
INVALID = [
    ('INCLUDE ItemID Items.GENRE IN ("comedy")', "'Items.GENRE' is at line 1, column 16; .* WHERE"),
    ('ItemID WHERE Items.GENRE IN ("comedy")', "column 1; expected INCLUDE or EXCLUDE"),
    ('INCLUDE ItemName WHERE Items.GENRE IN ("comedy")', "'ItemName' .* ItemID, UserID or ActionID"),
    ('INCLUDE ItemID WHERE Items.GENRE IN "comedy"', r"column 37; expected '\(', CurrentItem"),
    ("INCLUDE ItemID WHERE Items.GENRE IN ()", r"'\)' is at .* text in"),
    ('INCLUDE ItemID WHERE GENRE IN ("comedy")', r"'GENRE' is at .* a dataset \(Interactions"),
    ('INCLUDE ItemID WHERE Items.NOPE IN ("x")', "Items.NOPE is not in the schema of ITEMS, which has .*GENRE"),
    (
        "EXCLUDE ItemID WHERE Items.GENRE NOT IN ($G)",
        r"Could not create filter. Invalid input symbol: \$G. Placeholders are not allowed with NOT_IN operator.$",
    ),
    (
        'INCLUDE ItemID WHERE Items.GENRE IN ("comedy") AND Interactions.EVENT_TYPE IN ("click")',
        r"INTERACTIONS is used in an expression on ITEMS; join .*'\|'",
    ),
    ("INCLUDE ItemID WHERE Items.GENRE IN (*)", r"column 38; expected"),
    ('INCLUDE ItemID WHERE Items.GENRE IN ("*")', "only EVENT_TYPE takes it"),
    ('INCLUDE ItemID WHERE Items.DESCRIPTION IN ("boot")', "textual column"),
    ("INCLUDE ItemID WHERE Items.IN_STOCK = true", FAULT),
    ("INCLUDE ItemID WHERE Items.IN_STOCK = 1", FAULT + ".*boolean column"),
    ("EXCLUDE ItemID WHERE CurrentUser.AGE > 18", "'CurrentUser.AGE' is at"),
    ('EXCLUDE ItemID WHERE Items.GENRE IN ("x") IF Items.PRICE > 3', "expected CurrentUser"),
    (TWO_IFS + "IF CurrentUser.AGE < 30", "'IF' is at line 1, column 71"),
    (TWO_IFS + "OR CurrentUser.AGE < 3", "'OR' is at line 1, column 71"),
    ("INCLUDE ItemID WHERE Interactions.TIMESTAMP > 5", "only EVENT_TYPE can"),
    ("INCLUDE ItemID WHERE Users.AGE > 18", "USERS cannot be tested for ItemID"),
    ("INCLUDE UserID WHERE Items.PRICE > 3", "ITEMS cannot be tested for UserID"),
    ('INCLUDE ItemID WHERE Items.GENRE LIKE ("com%")', "'LIKE' is at"),
    ("INCLUDE ItemID WHERE Items.PRICE BETWEEN 1 AND 5", "'BETWEEN' is at"),
    ('INCLUDE ItemID WHERE Items.GENRE = "comedy"', "a number"),
    ("INCLUDE ItemID WHERE Items.GENRE = 3", "is text; compare it with IN"),
    ("INCLUDE ItemID WHERE Items.GENRE = $G", "is text; compare it with IN"),
    ('INCLUDE ItemID WHERE NOT Items.GENRE IN ("comedy")', "'NOT' is at line 1, column 22"),
    (
        'INCLUDE ItemID WHERE Items.GENRE IN ("a") | EXCLUDE UserID WHERE Users.AGE > 3',
        "ItemID and UserID are mixed",
    ),
    ('INCLUDE ItemID WHERE (Items.PRICE > 3 OR Items.PRICE < 1) AND Items.GENRE IN ("a")', r"column 22; expected"),
    ('INCLUDE ItemID WHERE Items.GENRE IN ("a") |', "INCLUDE or EXCLUDE"),
    ("INCLUDE ItemID WHERE Items.PRICE == 3", "column 35; expected"),
    (
        "INCLUDE ItemID WHERE " + " OR ".join(f"Items.{name} > 1" for name in PRICES),
        "11 distinct fields; use at most 10",
    ),
]
