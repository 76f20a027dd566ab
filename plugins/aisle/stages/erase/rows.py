"""Forget a person in the warehouse: in one transaction, after which no table tells of them but by a tombstone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from psycopg import ClientCursor, Connection

from aisle.cache.schema import cache_schemas, in_schema
from aisle.identity.contacts import ContactFinder
from aisle.warehouse import sql


def forget(connection: Connection, request_id: str, user_ids: list[str], finder: ContactFinder) -> dict[str, int]:
    """Remove every row of the person, or the person from it; how many rows of which table that were."""
    values = {"request_id": request_id, "user_ids": user_ids}
    # Scripts of several statements take parameters only when they are bound on this side.
    cursor = ClientCursor(connection)
    cursor.execute(sql("identity/erasure_requests/add_tombstones").encode(), values)
    n_rows: Counter[str] = Counter(
        dict(connection.execute(sql("identity/personal_data/forget").encode(), values).fetchall())
    )
    n_rows += _forget_in_texts(connection, frozenset(user_ids), finder)
    for schema in cache_schemas(connection):
        cursor.execute(in_schema("cache/rejected_records/forget_users", schema), values)
    return dict(n_rows)


def _forget_in_texts(connection: Connection, user_ids: frozenset[str], finder: ContactFinder) -> Counter[str]:
    """Write over the person's contacts in the texts that people and programs wrote; the rest of a text stays."""
    n_rows = Counter[str]()
    for table_name, column_name in connection.execute(sql("identity/personal_data/free_texts").encode()).fetchall():
        column = {"table_name": table_name, "column_name": column_name}
        suspicious: Iterable[tuple[str, str]] = connection.execute(
            sql("identity/personal_data/suspicious_texts").encode(), column
        ).fetchall()
        for row_id, content in suspicious:
            remaining = finder.without(content, user_ids)
            if remaining != content:
                connection.execute(
                    sql("identity/personal_data/rewrite_text").encode(),
                    {**column, "row_id": row_id, "content": remaining},
                )
                n_rows[table_name] += 1
    return n_rows
