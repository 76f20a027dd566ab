"""A psycopg 3 connection to the warehouse, as the Airflow connection `warehouse` names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

CONNECTION_ID = "warehouse"


def warehouse_url() -> str:
    """libpq URL of the Airflow connection `warehouse`."""
    from airflow.sdk import BaseHook  # noqa: PLC0415 - programs beside Airflow connect with a URL of their own

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
