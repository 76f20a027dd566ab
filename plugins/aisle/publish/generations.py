"""Generations of the cache: the staged one goes live, the previous one comes back. Each in one transaction."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
import psycopg
from psycopg import errors
from tenacity import Retrying, before_sleep_log, retry_if_exception_type, stop_after_delay, wait_random_exponential

from aisle.errors import ConfigurationError, FinalError, RetryableError
from aisle.warehouse import connect, sql

log = logging.getLogger(__name__)

T = TypeVar("T")

LOCK_PATIENCE_SECONDS = 120.0


class CacheIsBusy(RetryableError):
    """Readers held the cache tables for as long as a switch was tried."""


class NothingStaged(FinalError):
    """A switch found no complete staging tables of its generation."""


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `cache.generations`, as publish writes it."""

    generation: str
    user_lists: int
    item_lists: int
    users_asked: int
    items_asked: int
    solution_versions: Mapping[str, str | None]


def generation_in_state(state: str, url: str | None = None) -> str | None:
    """Name of the generation that is 'live' or 'previous', if there is one."""
    with connect(url) as connection:
        return _in_state(connection, state)


def switch(new: Generation, url: str | None = None, *, patience_seconds: float = LOCK_PATIENCE_SECONDS) -> bool:
    """Make the staged tables the live ones, whole and at once. False: this had been done before.

    Raises NothingStaged if the staging tables are not those of `new`, CacheIsBusy if readers never let go.
    """
    return _when_readers_let(lambda: _switch(new, url), patience_seconds)


def rollback(url: str | None = None, *, patience_seconds: float = LOCK_PATIENCE_SECONDS) -> str:
    """Make the previous generation live again, and the live one previous. Returns the name of what is live now."""
    return _when_readers_let(lambda: _rollback(url), patience_seconds)


def _switch(new: Generation, url: str | None) -> bool:
    with connect(url) as connection:
        _run(connection, "lock")
        is_republished = _in_state(connection, "live") == new.generation
        staged = _staged(connection)
        if staged is None and is_republished:
            log.info("generation %s is live already", new.generation)
            return False
        if staged != {new.generation}:
            raise NothingStaged(
                f"switching the cache to generation {new.generation} found staging tables of "
                f"{sorted(map(str, staged)) if staged else 'no generation'}; the live generation was not touched; "
                "clear the two stage tasks of this run, so that they stage it again"
            )
        _run(connection, "drop_live" if is_republished else "set_live_aside")
        _run(connection, "promote_next")
        row = {**msgspec.structs.asdict(new), "solution_versions": json.dumps(new.solution_versions)}
        connection.execute(sql("cache/generations/publish").encode(), row)
        _run(connection, "rejected_lines/forget_retired")
        return True


def _rollback(url: str | None) -> str:
    with connect(url) as connection:
        _run(connection, "lock")
        previous = _in_state(connection, "previous")
        if previous is None:
            raise ConfigurationError(
                "rolling the cache back found no previous generation in cache.generations: only one was ever "
                "published; publish another, or leave the live one"
            )
        _run(connection, "rollback")
        return previous


def _staged(connection: psycopg.Connection) -> set[str | None] | None:
    """The generations that the two staging tables hold (one, if all is well); None if a table is missing."""
    try:
        with connection.transaction():
            return set(connection.execute(sql("cache/staged").encode()).fetchone() or ())
    except errors.UndefinedTable:
        return None


def _in_state(connection: psycopg.Connection, state: str) -> str | None:
    row = connection.execute(sql("cache/generations/in_state").encode(), {"state": state}).fetchone()
    return row[0] if row else None


def _run(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql(f"cache/{name}").encode())


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
