"""The warehouse from Python: a psycopg 3 connection and the SQL files of include/sql."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import psycopg

from aisle.settings import PROJECT_ROOT

SQL_ROOT = PROJECT_ROOT / "include" / "sql"
CONNECTION_ID = "warehouse"

#: In order: later files may refer to earlier ones. Each can run again without harm.
MIGRATIONS = (
    "admin/schemas",
    "identity/customers/create",
    "identity/erasure_requests/create",
    "raw/company__orders/create",
    "ops/ingest_windows/create",
    "events/outbox/create",
    "ops/receipts/create",
    "ops/model_versions/create",
    "ops/model_evaluations/create",
    "ops/interventions/create",
    "cache/create",
)


@cache
def sql(name: str) -> str:
    """The text of `include/sql/<name>.sql`."""
    return (SQL_ROOT / f"{name}.sql").read_text()


def warehouse_url() -> str:
    """libpq URL of the Airflow connection `warehouse`."""
    from airflow.sdk import BaseHook

    connection = BaseHook.get_connection(CONNECTION_ID)
    return psycopg.conninfo.make_conninfo(
        host=connection.host,
        port=connection.port or 5432,
        user=connection.login,
        password=connection.password,
        dbname=connection.schema,
    )


@contextmanager
def connect(url: str | None = None) -> Iterator[psycopg.Connection]:
    """One connection and one transaction: committed at the end of the block, rolled back by an exception."""
    with psycopg.connect(url or warehouse_url()) as connection:
        yield connection


def migrate(url: str) -> None:
    """Bring the warehouse's own tables (all but dbt's) to this version."""
    with connect(url) as connection:
        for name in MIGRATIONS:
            connection.execute(sql(name).encode())
        connection.execute(sql("admin/search_path").encode())
