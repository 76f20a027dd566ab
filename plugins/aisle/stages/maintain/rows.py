"""Delete rows past their retention and orphaned staging tables, and refresh the statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import psycopg
from psycopg import Connection, errors
from psycopg.sql import Identifier

from aisle.cache.schema import cache_schemas, in_schema
from aisle.contracts.recommendations import LIST_TABLES, ListTable
from aisle.stages.maintain.terms import Terms
from aisle.warehouse import CACHE_SCHEMA, connect, list_parts, sql


@dataclass(frozen=True, slots=True)
class Aged:
    """A table whose rows go by their time alone: its name, the column of that time, and the cut-off in `Terms`."""

    schema: str
    name: str
    column: str
    term: Literal["rows", "archive", "orphans"] = "rows"


#: Rows of people in schema serving go with the archived orders that they are weighed against, or with other rows.
AGED_IN_SERVING = (
    Aged("serving", "sessions", "received_at"),
    Aged("serving", "received_events", "received_at"),
    Aged("serving", "interactions", "received_at", "archive"),
    Aged("serving", "impressions", "received_at"),
    Aged("serving", "exposures", "exposed_at", "archive"),
    Aged("serving", "shop_requests", "accepted_at"),
    Aged("serving", "recommendation_lists", "computed_at"),
    Aged("serving", "rate_limits", "expires_at", "orphans"),
    Aged("serving", "recommended_items", "recommended_at"),
)
_REFUSALS = Aged("ops", "refusals", "counted_at")
#: Tables of which some rows stay, however old: a statement each. In order: what says what is in use comes last.
_OF_THE_PIPELINE = ("quality_results", "volumes", "ingest_days", "exports", "jobs")


def remove_rows(terms: Terms, url: str | None = None, *, dry_run: bool) -> dict[str, dict[str, int]]:
    """Delete rows past their retention, in one transaction. Return the number of rows by table and run.

    A dry run does the same and rolls back, so it cannot differ from a real run.
    """
    with connect(url) as connection:
        ((has_serving,),) = connection.execute(sql("maintain/has_serving").encode()).fetchall()
        deletions = _deletions(terms, cache_schemas(connection), has_serving=has_serving)
        gone = {name: _delete(connection, statement, before) for name, statement, before in deletions}
        if dry_run:
            connection.rollback()
    return {name: by_run for name, by_run in gone.items() if by_run}


def drop_orphans(before: datetime, url: str | None = None, *, dry_run: bool) -> list[str]:
    """Drop staging tables whose lists were written before; return their names."""
    with connect(url) as connection:
        places = [(schema, table) for schema in cache_schemas(connection) for table in LIST_TABLES.values()]
    orphans = [place for place in places if _is_orphan(*place, before, url) and (dry_run or _drop(*place, url))]
    return [_named(schema, table.name) for schema, table in orphans]


def tidy(url: str) -> None:
    """Vacuum and analyze the tables that rows were deleted from."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql("maintain/vacuum").encode())
        for schema in cache_schemas(connection):
            connection.execute(in_schema("maintain/vacuum_cache", schema), {})


def _deletions(terms: Terms, schemas: list[str], *, has_serving: bool) -> Iterator[tuple[str, str, datetime]]:
    """Yield the name, the deleting statement and the cut-off of each table."""
    yield "outbox", sql("maintain/outbox"), terms.rows
    for table in (*(AGED_IN_SERVING if has_serving else ()), _REFUSALS):
        parts = {"table": Identifier(table.schema, table.name), "aged_at": Identifier(table.column)}
        yield table.name, sql("maintain/aged", **parts), getattr(terms, table.term)
    if has_serving:
        yield "churn_predictions", sql("maintain/churn_predictions"), terms.rows
    for schema in schemas:
        statement = sql("maintain/rejected_records", cache=Identifier(schema))
        yield _named(schema, "rejected_records"), statement, terms.orphans
    for name in _OF_THE_PIPELINE:
        yield name, sql(f"maintain/{name}"), terms.rows
    yield "churn_models", sql("maintain/churn_models"), terms.archive
    for schema in schemas:
        yield _named(schema, "generations"), sql("maintain/generations", cache=Identifier(schema)), terms.rows
    yield "receipts", sql("maintain/receipts"), terms.rows


def _delete(connection: Connection, statement: str, before: datetime) -> dict[str, int]:
    """Return the number of deleted rows by run, or by day."""
    counting = sql("maintain/count", deletion=statement).encode()
    return dict(connection.execute(counting, {"before": before}).fetchall())


def _named(schema: str, table: str) -> str:
    return table if schema == CACHE_SCHEMA else f"{schema}.{table}"


def _is_orphan(schema: str, table: ListTable, before: datetime, url: str | None) -> bool:
    with connect(url) as connection:
        try:
            row = connection.execute(in_schema("cache/lists/staged_at", schema, **list_parts(table)), {}).fetchone()
        except errors.UndefinedTable:
            return False
    staged_at: datetime | None = row[0] if row else None
    return (staged_at or datetime.min.replace(tzinfo=UTC)) < before


def _drop(schema: str, table: ListTable, url: str | None) -> bool:
    """Drop a staging table; return False if it is locked or gone."""
    try:
        with connect(url) as connection:
            connection.execute(in_schema("cache/lists/drop_staging", schema, **list_parts(table)), {})
    except (errors.LockNotAvailable, errors.UndefinedTable):
        return False
    return True
