"""The tables of lists as parts of a statement: both have the same statements, which differ in names alone."""

from __future__ import annotations

from psycopg.sql import Composable, Identifier

from aisle.contracts.recommendations import ListTable


def list_parts(table: ListTable) -> dict[str, Composable]:
    """Return the names that a statement of `cache/lists` has a part for; the schema is the part `cache`."""
    names = {
        "table": table.name,
        "staging": table.staging,
        "staging_key": f"{table.staging}_pkey",
        "key": table.key,
        "products": table.products,
    }
    return {part: Identifier(name) for part, name in names.items()}
