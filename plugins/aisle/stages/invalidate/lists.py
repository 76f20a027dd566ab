"""Take lists out of the live generations; what is previous stays, so that a rollback can bring it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from psycopg import Connection

from aisle.cache.schema import cache_schemas, cache_sql
from aisle.contracts.recommendations import LIST_TABLES, Subject
from aisle.errors import ConfigurationError
from aisle.groups.dataset_group import DatasetGroup
from aisle.warehouse import list_parts

What = Literal["user", "item", "all"]

#: Whom or what the lists to invalidate are about.
_SUBJECTS: dict[What, tuple[Subject, ...]] = {"user": ("users",), "item": ("items",), "all": ("users", "items")}


@dataclass(frozen=True, slots=True)
class Lists:
    """Which lists are meant: those of one `key`, or all without a key.

    The key of a user is their `aisle.contracts.identity.user_hash`.
    """

    what: What
    key: str | None

    def __str__(self) -> str:
        return f"{self.what} {self.key}" if self.key else self.what


def lists_of(what: What, key: str | None, hashed_user: str | None) -> Lists:
    """Return the lists that the params name. Raises ConfigurationError if the params contradict each other."""
    given = {"user": hashed_user, "item": key}
    if {name for name, value in given.items() if value} != {what} - {"all"}:
        raise ConfigurationError(
            f"an invalidation was asked for with what={what!r}, {'a' if key else 'no'} key and "
            f"{'a' if hashed_user else 'no'} user_hash; give the item's id as `key` for one item, what "
            "`aisle user-hash` prints as `user_hash` for one user, and neither for all"
        )
    return Lists(what, given.get(what))


def invalidate(connection: Connection, lists: Lists, groups: Iterable[DatasetGroup]) -> int:
    """Remove the lists from what these groups have published; how many there were.

    Serving falls back with its next request. A group that was never published to has none.
    """
    published = set(cache_schemas(connection))
    return sum(_remove(connection, lists, group) for group in groups if group.cache_schema in published)


def _remove(connection: Connection, lists: Lists, group: DatasetGroup) -> int:
    statements = [
        cache_sql(f"cache/lists/invalidate_{subject}", group, **list_parts(LIST_TABLES[subject]))
        for subject in _SUBJECTS[lists.what]
    ]
    return sum(connection.execute(statement, {"key": lists.key}).rowcount for statement in statements)
