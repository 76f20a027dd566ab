"""The warehouse from Python: a psycopg 3 connection and the SQL files of include/sql."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import psycopg
from psycopg.sql import SQL, Composable, Identifier, Literal

from aisle.settings import PROJECT_ROOT

SQL_ROOT = PROJECT_ROOT / "include" / "sql"
CONNECTION_ID = "warehouse"

#: In order: later files may refer to earlier ones. Each can run again without harm.
MIGRATIONS = (
    "admin/schemas",
    "identity/customers/create",
    "identity/contacts/create",
    "identity/placeholders/create",
    "identity/erasure_requests/create",
    "raw/company__orders/create",
    "ops/ingest_windows/create",
    "ops/vanished_orders/create",
    "ops/ingest_days/create",
    "events/outbox/create",
    "events/functions",
    "ops/receipts/create",
    "ops/model_versions/create",
    "ops/model_evaluations/create",
    "ops/interventions/create",
    "ops/volumes/create",
    "ops/refusals/create",
    "cache/functions",
)

#: Who reads for the recommendations API; dbt/macros/readable_by_serving.sql knows the name too.
READER = "aisle_reader"
#: The schema of the first group's lists, and of what all groups' share.
CACHE_SCHEMA = "cache"


@cache
def _text(name: str) -> str:
    return (SQL_ROOT / f"{name}.sql").read_text()


def sql(name: str, **parts: Composable) -> str:
    """The text of `include/sql/<name>.sql`, its `{part}`s filled in. A text with parts is executed with values."""
    if not parts:
        return _text(name)
    written = {part: SQL(text.as_string().replace("%", "%%")) for part, text in parts.items()}
    return SQL(_text(name)).format(**written).as_string()


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
        create_cache(connection, CACHE_SCHEMA)
        connection.execute(sql("cache/groups/create").encode())
        connection.execute(sql("admin/search_path").encode())


def admit_reader(url: str, password: str) -> None:
    """Make the role that serving reads with, or give it another password. The user of `url` may create roles."""
    with connect(url) as connection:
        parts = {"role_name": Literal(READER), "role": Identifier(READER), "password": Literal(password)}
        connection.execute(sql("admin/reader", **parts).encode())


def create_cache(connection: psycopg.Connection, schema: str) -> None:
    """Make what a group's lists are published to, or bring it to this version."""
    connection.execute(sql("cache/create", cache=Identifier(schema)).encode(), {})
