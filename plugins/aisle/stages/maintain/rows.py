"""Delete rows past their retention and orphaned staging tables, and refresh the statistics."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
from psycopg import errors

from aisle.cache.schema import cache_schemas, in_schema
from aisle.contracts.recommendations import LIST_TABLES, ListTable
from aisle.stages.maintain.terms import Terms
from aisle.warehouse import CACHE_SCHEMA, connect, list_parts, sql

#: In order: the tables that say what is in use come last. Those of _OF_A_CACHE are in every group's cache.
_TABLES = (
    "outbox",
    "received_events",
    "interactions",
    "impressions",
    "exposures",
    "shop_requests",
    "recommended_items",
    "churn_predictions",
    "rejected_records",
    "quality_results",
    "volumes",
    "refusals",
    "ingest_days",
    "exports",
    "jobs",
    "churn_models",
    "generations",
    "receipts",
)
_OF_A_CACHE = ("rejected_records", "generations")
#: These are in schema serving, which a warehouse without the serving API has not.
_OF_SERVING = (
    "received_events", "interactions", "impressions", "exposures", "shop_requests", "recommended_items",
    "churn_predictions",
)  # fmt: skip


def remove_rows(terms: Terms, url: str | None = None, *, dry_run: bool) -> dict[str, dict[str, int]]:
    """Delete rows past their retention, in one transaction. Return the number of rows by table and run.

    A dry run does the same and rolls back, so it cannot differ from a real run.
    """
    values = {"before": terms.rows, "archived_before": terms.archive, "orphaned_before": terms.orphans}
    with connect(url) as connection:
        ((has_serving,),) = connection.execute(sql("maintain/has_serving").encode()).fetchall()
        statements = _statements(cache_schemas(connection), has_serving=has_serving)
        gone = {name: dict(connection.execute(text, values).fetchall()) for name, text in statements.items()}
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


def _statements(schemas: list[str], *, has_serving: bool) -> dict[str, bytes]:
    """Return the deleting statements by table."""
    by_table: dict[str, bytes] = {}
    for name in _TABLES:
        if name in _OF_A_CACHE:
            by_table |= {_named(schema, name): in_schema(f"maintain/{name}", schema) for schema in schemas}
        elif has_serving or name not in _OF_SERVING:
            by_table[name] = sql(f"maintain/{name}").encode()
    return by_table


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
