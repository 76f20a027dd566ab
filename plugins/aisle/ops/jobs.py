"""Jobs by their inputs: a job with unchanged inputs is not started again.

A stage plans each job from the fingerprint of its inputs. If the newest job of its purpose has the same fingerprint,
the plan has that job's name, and the find-or-create operator reuses it, or recreates it if the service has lost it.
Otherwise the plan has a new name. After the job succeeded, the stage records it; the newest recorded job is in force.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from psycopg.rows import class_row

from aisle.warehouse import connect, sql

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A job that succeeded. `run_key` is of the run that started it."""

    fingerprint: str
    arn: str
    run_key: str
    output_uri: str | None = None

    @property
    def name(self) -> str:
        """The name that it was created with: the last part of its ARN."""
        return self.arn.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Plan:
    """The name for a job. `reused`: a job of this name has done the work already."""

    job_name: str
    fingerprint: str
    reused: bool
    output_uri: str | None


def plan_job(
    purpose: str, name: str, inputs: dict[str, Any], is_usable: Callable[[Job], bool] = lambda job: True
) -> Plan:
    """Plan the newest job of this purpose if it had equal `inputs` and `is_usable`, else a new one.

    A new name is `name` with a short digest of the inputs and of the job that it follows. So a retry has the name of
    its first try, and a run that is repeated on other data, or after another run, never takes its old job for the new.
    """
    fingerprint, newest = _digest(inputs), _newest_job(purpose)
    if newest and newest.fingerprint == fingerprint and is_usable(newest):
        log.info("%s: nothing has changed since run %s; its job %s is used again", purpose, newest.run_key, newest.name)
        return Plan(newest.name, fingerprint, True, newest.output_uri)
    tag = _digest({"inputs": fingerprint, "follows": newest.arn if newest else None})[:6]
    return Plan(f"{name}-{tag}", fingerprint, False, None)


def record_job(purpose: str, job: Job) -> None:
    """Make `job` the newest of its purpose."""
    with connect() as connection:
        connection.execute(sql("ops/jobs/upsert").encode(), {"purpose": purpose, **asdict(job)})


def _newest_job(purpose: str) -> Job | None:
    with connect() as connection, connection.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(sql("ops/jobs/newest").encode(), {"purpose": purpose}).fetchone()


def _digest(inputs: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
