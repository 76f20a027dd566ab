"""Generations of a group's cache: the staged one goes live, the previous one comes back. Each in one transaction."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

import msgspec
import psycopg
from psycopg import errors
from tenacity import Retrying, before_sleep_log, retry_if_exception_type, stop_after_delay, wait_random_exponential

from aisle.batch.ranking import TABLES, Subject
from aisle.cache.popular import keep_popular
from aisle.cache.schema import cache_sql
from aisle.errors import ConfigurationError, FinalError, RetryableError
from aisle.groups.dataset_group import DatasetGroup
from aisle.warehouse import connect

log = logging.getLogger(__name__)

T = TypeVar("T")

LOCK_PATIENCE_SECONDS = 120.0


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
    return _when_readers_let(lambda: _switch(new, group, url), patience_seconds)


def rollback(group: DatasetGroup, url: str | None = None, *, patience_seconds: float = LOCK_PATIENCE_SECONDS) -> str:
    """Make the previous generation live again, and the live one previous. Returns the name of what is live now."""
    return _when_readers_let(lambda: _rollback(group, url), patience_seconds)


def _switch(new: Generation, group: DatasetGroup, url: str | None) -> bool:
    with connect(url) as connection:
        keep_popular(connection, new.generation, group)  # before the lock: readers do not wait for it
        _run(connection, "lock", group)
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
        _run(connection, "drop_live" if is_republished else "set_live_aside", group)
        _run(connection, "promote_next", group)
        row = {**msgspec.structs.asdict(new), "solution_versions": json.dumps(new.solution_versions)}
        connection.execute(cache_sql("generations/publish", group), row)
        _run(connection, "rejected_lines/forget_retired", group)
        _run(connection, "popular_products/forget_retired", group)
        return True


def _rollback(group: DatasetGroup, url: str | None) -> str:
    with connect(url) as connection:
        _run(connection, "lock", group)
        previous = _in_state(connection, "previous", group)
        if previous is None:
            raise ConfigurationError(
                f"rolling the cache back found no previous generation in {group.cache_schema}.generations: only one "
                "was ever published; publish another, or leave the live one"
            )
        _run(connection, "rollback", group)
        return previous


def _staged(connection: psycopg.Connection, subjects: Iterable[Subject], group: DatasetGroup) -> set[str | None] | None:
    """The generations that the staging tables hold (one, if all is well); None if a table is missing."""
    looks = [cache_sql(f"{TABLES[subject].name}/staged_generation", group) for subject in subjects]
    try:
        with connection.transaction():
            return {row[0] if (row := connection.execute(look, {}).fetchone()) else None for look in looks}
    except errors.UndefinedTable:
        return None


def _leave_empty(connection: psycopg.Connection, subjects: Collection[Subject], group: DatasetGroup) -> None:
    """A group that answers one question only has no lists in the other table."""
    for table in (table for subject, table in TABLES.items() if subject not in subjects):
        _run(connection, f"{table.name}/begin_staging", group)
        _run(connection, f"{table.name}/finish_staging", group)


def _in_state(connection: psycopg.Connection, state: str, group: DatasetGroup) -> str | None:
    row = connection.execute(cache_sql("generations/in_state", group), {"state": state}).fetchone()
    return row[0] if row else None


def _run(connection: psycopg.Connection, name: str, group: DatasetGroup) -> None:
    connection.execute(cache_sql(name, group), {})


def _when_readers_let(action: Callable[[], T], patience_seconds: float) -> T:
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
