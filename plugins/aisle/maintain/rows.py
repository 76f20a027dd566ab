"""Rows that are past their term, staging tables that their run left behind, and the statistics of what remains."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
from psycopg import errors

from aisle.maintain.terms import Terms
from aisle.warehouse import connect, sql

#: In order: what tells what is in use goes last.
_TABLES = ("outbox", "rejected_lines", "quality_results", "exports", "jobs", "generations", "receipts")
_STAGED = ("offline_user_recommendations", "offline_similar_items")


def remove_rows(terms: Terms, url: str | None = None, *, dry_run: bool) -> dict[str, dict[str, int]]:
    """Delete what is past its term, in one transaction; how many rows of which run, by table.

    A dry run does the same and takes it back, so it cannot differ from the real one.
    """
    values = {"before": terms.rows, "orphaned_before": terms.orphans}
    with connect(url) as connection:
        gone = {name: dict(connection.execute(sql(f"maintain/{name}").encode(), values).fetchall()) for name in _TABLES}
        if dry_run:
            connection.rollback()
    return {name: by_run for name, by_run in gone.items() if by_run}


def drop_orphans(before: datetime, url: str | None = None, *, dry_run: bool) -> list[str]:
    """Drop the staging tables of those cache tables whose staged lists were written before; which ones."""
    return [name for name in _STAGED if _is_orphan(name, before, url) and (dry_run or _drop(name, url))]


def tidy(url: str) -> None:
    """Give back the room of what was deleted, and let the planner know what remains."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql("maintain/vacuum").encode())


def _is_orphan(name: str, before: datetime, url: str | None) -> bool:
    with connect(url) as connection:
        try:
            row = connection.execute(sql(f"cache/{name}/staged_at").encode()).fetchone()
        except errors.UndefinedTable:
            return False
    staged_at: datetime | None = row[0] if row else None
    return (staged_at or datetime.min.replace(tzinfo=UTC)) < before


def _drop(name: str, url: str | None) -> bool:
    """False if somebody is at work on the table, or it is gone."""
    try:
        with connect(url) as connection:
            connection.execute(sql(f"cache/{name}/drop_staging").encode())
    except (errors.LockNotAvailable, errors.UndefinedTable):
        return False
    return True
