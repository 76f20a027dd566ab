"""Forget a person in the warehouse, in one transaction. Only the erasure records remain."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from psycopg import ClientCursor, Connection

from aisle.cache.schema import cache_schemas, in_schema
from aisle.identity.contacts import ContactFinder
from aisle.warehouse import sql


def forget(connection: Connection, request_id: str, user_ids: list[str], finder: ContactFinder) -> dict[str, int]:
    """Delete the person's rows, or remove the person from them. Return the number of rows by table."""
    values = {"request_id": request_id, "user_ids": user_ids}
    # A script of several statements takes parameters only if the client binds them.
    cursor = ClientCursor(connection)
    cursor.execute(sql("identity/erasure_requests/add_erasures").encode(), values)
    n_rows: Counter[str] = Counter(
        dict(connection.execute(sql("identity/personal_data/forget").encode(), values).fetchall())
    )
    n_rows += _forget_in_texts(connection, frozenset(user_ids), finder)
    for schema in cache_schemas(connection):
        cursor.execute(in_schema("cache/rejected_records/forget_users", schema), values)
    removed = {"request_id": request_id, "removed_rows": json.dumps(n_rows)}
    connection.execute(sql("identity/erasure_requests/count_rows").encode(), removed)
    return dict(n_rows)


def _forget_in_texts(connection: Connection, user_ids: frozenset[str], finder: ContactFinder) -> Counter[str]:
    """Overwrite the person's contacts in free texts; the rest of a text stays."""
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
