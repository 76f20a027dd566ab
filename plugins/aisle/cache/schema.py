"""The cache of one dataset group: its schema in the warehouse, and the SQL that works on it."""

from __future__ import annotations

from psycopg import ClientCursor, Connection
from psycopg.sql import Composable, Identifier

from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.warehouse import connect, create_cache, sql


def cache_sql(name: str, group: DatasetGroup, **parts: Composable) -> bytes:
    """Return a statement for the cache of a group."""
    return in_schema(name, group.cache_schema, **parts)


def in_schema(name: str, schema: str, **parts: Composable) -> bytes:
    """Return the same for a schema that may belong to no group any more."""
    return sql(name, cache=Identifier(schema), **parts).encode()


def cache_schemas(connection: Connection) -> list[str]:
    """Every schema that holds published lists, also those of groups that the file no longer has."""
    return [schema for (schema,) in connection.execute(sql("cache/schemas/list").encode())]


def prepare(group: DatasetGroup, url: str | None = None) -> None:
    """Make the cache of a group if it is missing, for the same readers as the first group's, and let serving know.

    The first group's own comes with the migration of the warehouse.
    """
    with connect(url) as connection:
        connection.execute(sql("cache/schemas/take_turns").encode())
        if not group.is_first:
            create_cache(connection, group.cache_schema)
            connection.execute(sql("cache/schemas/share_with_readers").encode(), {"schema": group.cache_schema})
        _tell_serving(connection)


def _tell_serving(connection: Connection) -> None:
    groups = dataset_groups()
    values = {"names": [group.name for group in groups], "schemas": [group.cache_schema for group in groups]}
    # Scripts of several statements take parameters only when they are bound on this side.
    ClientCursor(connection).execute(sql("cache/groups/replace").encode(), values)
