"""Belonging: how a dataset group tells its own events from those of others.

A group has the rows of the marts that its `where` says; the same holds for events. But an order is known before the
marts are built of it: whether a new customer or product is one of a group's is not known yet.
"""

from __future__ import annotations

from psycopg import sql

from aisle.contracts.personalize import INTERACTIONS
from aisle.groups.where import KEYS, Where


def first_state(where: Where) -> str:
    """In which state of the outbox a group's events begin."""
    return "unsorted" if where.restricts(INTERACTIONS.name) else "waiting"


def belongs(where: Where) -> sql.Composed:
    """Whether a row `interactions` is one of a group's. Null: the marts do not know its user or item yet, and may say.

    Where everything is known it is what `where.condition("interactions")` is.
    """
    of_itself = where.of_interactions_alone.condition(INTERACTIONS.name)
    of_marts = [_has_what_is_wanted(where, mart) for mart in where.restricted]
    return sql.SQL(" and ").join([sql.SQL("coalesce({}, false)").format(of_itself), *of_marts])


def _has_what_is_wanted(where: Where, mart: str) -> sql.Composed:
    return sql.SQL("(select coalesce({condition}, false) from {mart} where {key} = interactions.{key})").format(
        condition=where.condition(mart),
        mart=sql.Identifier("personalize", mart),
        key=sql.Identifier(KEYS[mart]),
    )
