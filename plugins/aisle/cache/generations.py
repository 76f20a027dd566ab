"""Generations of a group's cache: the staged one goes live, the previous one comes back. Each in one transaction."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

import msgspec
import psycopg
from psycopg import errors
from psycopg.sql import Composable, Identifier
from tenacity import Retrying, before_sleep_log, retry_if_exception_type, stop_after_delay, wait_random_exponential

from aisle.cache.popular import keep_popular
from aisle.cache.schema import cache_sql
from aisle.cache.staging import begin_staging, finish_staging
from aisle.contracts.recommendations import LIST_TABLES, Subject
from aisle.errors import ConfigurationError, FinalError, RetryableError
from aisle.groups.dataset_group import DatasetGroup
from aisle.warehouse import connect, list_parts

log = logging.getLogger(__name__)

T = TypeVar("T")

LOCK_PATIENCE_SECONDS = 120.0

#: What follows the name of a table of lists, by the generation that it holds.
_NEXT, _LIVE, _PREVIOUS, _ASIDE = "__next", "", "__previous", "__aside"


class CacheIsBusy(RetryableError):
    """Readers held the cache tables for as long as a switch was tried."""


class NothingStaged(FinalError):
    """A switch found no complete staging tables of its generation."""


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a cache's `generations`, as publish writes it. Only the lists of its subjects have been staged."""

    generation: str
    user_lists: int
    item_lists: int
    users_asked: int
    items_asked: int
    solution_versions: Mapping[str, str | None]
    subjects: tuple[Subject, ...] = ("users", "items")


def generation_in_state(state: str, group: DatasetGroup, url: str | None = None) -> str | None:
    """Name of the generation of a group that is 'live' or 'previous', if there is one."""
    with connect(url) as connection:
        return _in_state(connection, state, group)


def switch(
    new: Generation, group: DatasetGroup, url: str | None = None, *, patience_seconds: float = LOCK_PATIENCE_SECONDS
) -> bool:
    """Make the staged tables the live ones, whole and at once. False: this had been done before.

    Raises NothingStaged if the staging tables are not those of `new`, CacheIsBusy if readers never let go.
    """
    return _retry_on_lock_timeout(lambda: _switch(new, group, url), patience_seconds)


def rollback(group: DatasetGroup, url: str | None = None, *, patience_seconds: float = LOCK_PATIENCE_SECONDS) -> str:
    """Make the previous generation live again, and the live one previous. Returns the name of what is live now."""
    return _retry_on_lock_timeout(lambda: _rollback(group, url), patience_seconds)


def _switch(new: Generation, group: DatasetGroup, url: str | None) -> bool:
    with connect(url) as connection:
        keep_popular(connection, new.generation, group)  # before the lock: readers do not wait for it
        _lock(connection, group)
        is_republished = _in_state(connection, "live", group) == new.generation
        staged = _staged(connection, new.subjects, group)
        if staged is None and is_republished:
            log.info("generation %s is live already", new.generation)
            connection.rollback()  # what it shows stays what it was
            return False
        if staged != {new.generation}:
            raise NothingStaged(
                f"switching {group.cache_schema} to generation {new.generation} found staging tables of "
                f"{sorted(map(str, staged)) if staged else 'no generation'}; the live generation was not touched; "
                "clear the stage tasks of this run, so that they stage it again"
            )
        _leave_empty(connection, new.subjects, group)
        if is_republished:  # the run replaces its own generation: the previous one stays what it was
            _drop(connection, group, _LIVE)
        else:
            _set_aside(connection, group)
        _rename(connection, group, _NEXT, _LIVE)
        row = {**msgspec.structs.asdict(new), "solution_versions": json.dumps(new.solution_versions)}
        connection.execute(cache_sql("cache/generations/publish", group), row)
        _run(connection, "cache/rejected_records/forget_retired", group)
        _run(connection, "cache/popular_products/forget_retired", group)
        return True


def _rollback(group: DatasetGroup, url: str | None) -> str:
    with connect(url) as connection:
        _lock(connection, group)
        previous = _in_state(connection, "previous", group)
        if previous is None:
            raise ConfigurationError(
                f"rolling the cache back found no previous generation in {group.cache_schema}.generations: only one "
                "was ever published; publish another, or leave the live one"
            )
        _rename(connection, group, _LIVE, _ASIDE)
        _rename(connection, group, _PREVIOUS, _LIVE)
        _rename(connection, group, _ASIDE, _PREVIOUS)
        _run(connection, "cache/generations/swap", group)
        return previous


def _staged(connection: psycopg.Connection, subjects: Iterable[Subject], group: DatasetGroup) -> set[str | None] | None:
    """The generations that the staging tables hold (one, if all is well); None if a table is missing."""
    looks = [
        cache_sql("cache/lists/staged_generation", group, **list_parts(LIST_TABLES[subject])) for subject in subjects
    ]
    try:
        with connection.transaction():
            return {row[0] if (row := connection.execute(look, {}).fetchone()) else None for look in looks}
    except errors.UndefinedTable:
        return None


def _leave_empty(connection: psycopg.Connection, subjects: Collection[Subject], group: DatasetGroup) -> None:
    """A group that answers one question only has no lists in the other table."""
    for table in (table for subject, table in LIST_TABLES.items() if subject not in subjects):
        begin_staging(connection, group, table)
        finish_staging(connection, group, table)


def _lock(connection: psycopg.Connection, group: DatasetGroup) -> None:
    """Lock the live tables, always in the same order. Raises LockNotAvailable after half a second."""
    for table in LIST_TABLES.values():
        _run(connection, "cache/lists/lock", group, **list_parts(table))


def _set_aside(connection: psycopg.Connection, group: DatasetGroup) -> None:
    """Make the live generation the previous one; the one before goes."""
    _drop(connection, group, _PREVIOUS)
    _rename(connection, group, _LIVE, _PREVIOUS)
    _run(connection, "cache/generations/set_aside", group)


def _drop(connection: psycopg.Connection, group: DatasetGroup, suffix: str) -> None:
    for table in LIST_TABLES.values():
        _run(connection, "cache/lists/drop", group, old=Identifier(table.name + suffix))


def _rename(connection: psycopg.Connection, group: DatasetGroup, old: str, new: str) -> None:
    """Rename both tables of lists, and their primary keys, from one suffix to the other."""
    for table in LIST_TABLES.values():
        names = {"old": table.name + old, "new": table.name + new}
        keys = {f"{part}_key": f"{name}_pkey" for part, name in names.items()}
        _run(
            connection, "cache/lists/rename", group, **{part: Identifier(name) for part, name in (names | keys).items()}
        )


def _in_state(connection: psycopg.Connection, state: str, group: DatasetGroup) -> str | None:
    row = connection.execute(cache_sql("cache/generations/in_state", group), {"state": state}).fetchone()
    return row[0] if row else None


def _run(connection: psycopg.Connection, name: str, group: DatasetGroup, **parts: Composable) -> None:
    connection.execute(cache_sql(name, group, **parts), {})


def _retry_on_lock_timeout(action: Callable[[], T], patience_seconds: float) -> T:
    """Run `action`, again and again while a lock that it needs is held by readers."""
    attempts = Retrying(
        retry=retry_if_exception_type((errors.LockNotAvailable, errors.DeadlockDetected)),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=stop_after_delay(patience_seconds),
        before_sleep=before_sleep_log(log, logging.INFO),
        reraise=True,
    )
    try:
        return attempts(action)
    except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
        raise CacheIsBusy(
            f"taking the cache tables for a switch failed for {patience_seconds:.0f} s: {error}; some reader keeps a "
            "transaction open on them: find it in pg_stat_activity; the task tries again"
        ) from error
