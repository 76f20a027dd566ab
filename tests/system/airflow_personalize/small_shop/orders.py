"""What happened in the small shop: enough interactions for Personalize to train, and not one more than is needed."""

from __future__ import annotations

import json

USERS, ITEMS, PER_USER = 40, 25, 30
FIELDS = (("USER_ID", "string"), ("ITEM_ID", "string"), ("EVENT_TYPE", "string"), ("TIMESTAMP", "long"))


def interactions_schema() -> str:
    """The Avro schema of the interactions, as JSON."""
    return _schema("Interactions", [{"name": name, "type": kind} for name, kind in FIELDS])


def items_schema(*columns: str) -> str:
    """The Avro schema of items with these categorical columns, any of which may be empty, as JSON."""
    optional = [{"name": name, "type": ["null", "string"], "categorical": True} for name in columns]
    return _schema("Items", [{"name": "ITEM_ID", "type": "string"}, *optional])


def interactions_csv() -> str:
    """1,200 purchases: everybody keeps to one fifth of the items."""
    rows = [_purchase(user, nth) for user in range(USERS) for nth in range(PER_USER)]
    return "\n".join([",".join(name for name, _ in FIELDS), *rows]) + "\n"


def items_csv() -> str:
    """Every item, in one of five categories."""
    return "ITEM_ID,CATEGORY\n" + "".join(f"item-{item},category-{item % 5}\n" for item in range(ITEMS))


def users_csv(ids: list[str]) -> str:
    """The users to forget, one per line."""
    return "\n".join(["USER_ID", *ids]) + "\n"


def json_lines(member: str, ids: list[str]) -> str:
    """Input of a batch job: one object per line."""
    return "".join(json.dumps({member: item_id}) + "\n" for item_id in ids)


def _purchase(user: int, nth: int) -> str:
    item = (user % 5 + 5 * (user * 7 + nth * nth)) % ITEMS
    return f"user-{user},item-{item},purchase,{1_700_000_000 + user * 86_400 + nth * 3_600}"


def _schema(name: str, fields: list[dict[str, object]]) -> str:
    namespace = "com.amazonaws.personalize.schema"
    return json.dumps({"type": "record", "name": name, "namespace": namespace, "fields": fields, "version": "1.0"})
