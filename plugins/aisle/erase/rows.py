"""Forget a person in the warehouse: in one transaction, after which no table tells of them but by a tombstone."""

from __future__ import annotations

from psycopg import ClientCursor, Connection

from aisle.erase.person import Traces
from aisle.publish.cache import cache_schemas, in_schema
from aisle.warehouse import sql


def forget(connection: Connection, request_id: str, traces: Traces) -> dict[str, int]:
    """Remove every row of the person, or the person from it; how many rows of which table that were."""
    values = {"request_id": request_id, **traces._asdict()}
    # Scripts of several statements take parameters only when they are bound on this side.
    cursor = ClientCursor(connection)
    cursor.execute(_sql("bury"), values)
    found: dict[str, int] = dict(connection.execute(_sql("forget"), values).fetchall())
    cursor.execute(_sql("forget_texts"), values)
    for schema in cache_schemas(connection):
        cursor.execute(in_schema("rejected_lines/forget_users", schema), values)
    return found


def _sql(name: str) -> bytes:
    return sql(f"identity/erasure_requests/{name}").encode()
