"""Take lists out of the live generation; what is previous stays, so that a rollback can bring it back."""

from __future__ import annotations

from typing import Literal, NamedTuple

from psycopg import Connection

from aisle.errors import ConfigurationError
from aisle.warehouse import sql

What = Literal["user", "item", "all"]

#: Which tables hold the lists of what is asked for.
_TABLES: dict[What, tuple[str, ...]] = {
    "user": ("offline_user_recommendations",),
    "item": ("offline_similar_items",),
    "all": ("offline_user_recommendations", "offline_similar_items"),
}


class Lists(NamedTuple):
    """Which lists are meant: those of one `key`, or all without a key."""

    what: What
    key: str | None

    def __str__(self) -> str:
        return f"{self.what} {self.key}" if self.key else self.what


def lists_of(what: What, key: str | None) -> Lists:
    """The lists that two params mean. Raises ConfigurationError if they contradict each other."""
    if (what == "all") != (not key):
        raise ConfigurationError(
            f"an invalidation was asked for with what={what!r} and {'a' if key else 'no'} key; give the id as `key` "
            "for one user or one item, and none for all"
        )
    return Lists(what, key or None)


def invalidate(connection: Connection, lists: Lists) -> int:
    """Remove the lists; how many there were. Serving falls back with its next request."""
    statements = [sql(f"cache/{table}/invalidate").encode() for table in _TABLES[lists.what]]
    return sum(connection.execute(statement, {"key": lists.key}).rowcount for statement in statements)
