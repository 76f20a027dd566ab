"""A database that is away for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier


@contextmanager
def database_away(url: str) -> Iterator[None]:
    """Let a database refuse every connection, and end those that there are, as long as the block lasts."""
    name = str(conninfo_to_dict(url)["dbname"])
    allow = SQL("alter database {} with allow_connections {}")
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(allow.format(Identifier(name), SQL("false")))
        try:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %(name)s", {"name": name}
            )
            yield
        finally:
            connection.execute(allow.format(Identifier(name), SQL("true")))
