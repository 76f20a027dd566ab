"""The life of a solution's versions: candidate, waiting for a person, live, previous, retired; or rejected.

A solution has the name that its group gives it in the warehouse (`DatasetGroup.key`): groups share no versions. Exactly
one version of a solution is live, and at most one is previous: what `rollback` returns to.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from aisle.errors import FinalError
from aisle.groups.dataset_group import DatasetGroup
from aisle.warehouse import connect, sql

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Version:
    """The state of a version, and the reason for it."""

    solution: str
    solution_version_arn: str
    state: str
    reason: str | None


def register(group: DatasetGroup, key: str, arn: str, run_key: str) -> Version:
    """Register a version of a group's solution as a candidate, unless it is known. Return its state."""
    statement = sql("ops/model_versions/register", interactions=group.mart("interactions"))
    values = {"solution": group.key(key), "solution_version_arn": arn, "run_key": run_key}
    with connect() as connection:
        connection.execute(statement.encode(), values)
        return _known(connection, arn)


def live_version(solution_name: str) -> str | None:
    """Return the ARN of the live version, or None."""
    version = newest_in_state(solution_name, "live")
    return version.solution_version_arn if version else None


def newest_in_state(solution_name: str, state: str) -> Version | None:
    """Return the newest version of a solution in a state; only one is live, and one previous."""
    with connect() as connection:
        return _in_state(connection, solution_name, state)


def await_approval(arn: str, reason: str) -> None:
    """Mark a version that passed the gate as waiting for a person's approval."""
    with connect() as connection:
        _decide(connection, arn, "waiting", "gate", reason)


def promote(solution_name: str, arn: str, by: str, reason: str) -> None:
    """Make a version live. What was live becomes previous, and what was previous is retired."""
    with _changing(solution_name) as connection:
        if _known(connection, arn).state == "live":
            return
        _move(connection, solution_name, "previous", "retired")
        _move(connection, solution_name, "live", "previous")
        _decide(connection, arn, "live", by, reason)
    log.info("%s: %s is live: %s", solution_name, arn, reason)


def reject(arn: str, by: str, reason: str) -> None:
    """Reject a version; the live version stays."""
    with connect() as connection:
        _decide(connection, arn, "rejected", by, reason)
    log.warning("%s is rejected: %s", arn, reason)


def rollback(solution_name: str, by: str, reason: str = "rolled back") -> str:
    """Make the previous version live again, and the live one previous. Return the ARN of the live version.

    The next `recommend` uses it. Raises FinalError if there is nothing to return to.
    """
    with _changing(solution_name) as connection:
        previous = _in_state(connection, solution_name, "previous")
        live = _in_state(connection, solution_name, "live")
        if previous is None or live is None:
            raise FinalError(
                f"Rolling back {solution_name}: it has no previous version to return to. Train a new one with `train`."
            )
        # Out of both states first: each holds one version at a time.
        _move(connection, solution_name, "previous", "candidate")
        _decide(connection, live.solution_version_arn, "previous", by, reason)
        _decide(connection, previous.solution_version_arn, "live", by, reason)
    log.warning("%s: rolled back by %s to %s: %s", solution_name, by, previous.solution_version_arn, reason)
    return previous.solution_version_arn


@contextmanager
def _changing(solution_name: str) -> Iterator[psycopg.Connection]:
    """Open a transaction with the lock on a solution's live version."""
    with connect() as connection:
        connection.execute(sql("ops/model_versions/lock").encode(), {"solution": solution_name})
        yield connection


def _known(connection: psycopg.Connection, arn: str) -> Version:
    with connection.cursor(row_factory=class_row(Version)) as cursor:
        version = cursor.execute(sql("ops/model_versions/state_of").encode(), {"solution_version_arn": arn}).fetchone()
    if version is None:
        raise FinalError(f"Looking for model version {arn}: ops.model_versions has none of this ARN. Run `train`.")
    return version


def _in_state(connection: psycopg.Connection, solution_name: str, state: str) -> Version | None:
    values = {"solution": solution_name, "state": state}
    with connection.cursor(row_factory=class_row(Version)) as cursor:
        return cursor.execute(sql("ops/model_versions/in_state").encode(), values).fetchone()


def _move(connection: psycopg.Connection, solution_name: str, from_state: str, to_state: str) -> None:
    values = {"solution": solution_name, "from_state": from_state, "to_state": to_state}
    connection.execute(sql("ops/model_versions/move").encode(), values)


def _decide(connection: psycopg.Connection, arn: str, state: str, by: str, reason: str) -> None:
    values = {"solution_version_arn": arn, "state": state, "decided_by": by, "reason": reason}
    connection.execute(sql("ops/model_versions/decide").encode(), values)
