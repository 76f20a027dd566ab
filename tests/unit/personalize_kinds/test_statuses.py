"""Every kind of resource and every status: what it means for a wait and for a plan of changes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from personalize_kinds.kinds import (
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    CAMPAIGN,
    DATA_DELETION_JOB,
    DATASET,
    DATASET_EXPORT_JOB,
    DATASET_IMPORT_JOB,
    KINDS,
    RECIPE,
    RECOMMENDER,
    SCHEMA,
    SOLUTION,
    SOLUTION_VERSION,
    Kind,
)
from personalize_kinds.statuses import MEANINGS, Meaning, Outcome, Progress, Readiness, meaning, progress


@dataclass(frozen=True, slots=True)
class Expected:
    """What a status means and what follows from it."""

    meaning: Meaning
    to_active: Progress
    to_stopped: Progress
    readiness: Readiness


READY = Expected(Meaning.READY, "success", "failure", "ready")
CREATING = Expected(Meaning.CREATING, "retry", "retry", "busy")
CHANGING = Expected(Meaning.CHANGING, "retry", "retry", "busy")
FAILED = Expected(Meaning.FAILED, "failure", "failure", "failed")
DELETING = Expected(Meaning.DELETING, "failure", "failure", "busy")
TABLE = {
    "ACTIVE": READY,
    "COMPLETED": READY,
    "CREATE PENDING": CREATING,
    "CREATE IN_PROGRESS": CREATING,
    "PENDING": CREATING,
    "IN PROGRESS": CREATING,
    "IN_PROGRESS": CREATING,
    "CREATE FAILED": FAILED,
    "FAILED": FAILED,
    "CREATE STOPPING": Expected(Meaning.STOPPING, "failure", "retry", "busy"),
    "CREATE STOPPED": Expected(Meaning.STOPPED, "failure", "success", "failed"),
    "UPDATE PENDING": CHANGING,
    "UPDATE IN_PROGRESS": CHANGING,
    "UPDATE FAILED": Expected(Meaning.UPDATE_FAILED, "failure", "failure", "ready"),
    "START PENDING": CHANGING,
    "START IN_PROGRESS": CHANGING,
    "STOP PENDING": CHANGING,
    "STOP IN_PROGRESS": CHANGING,
    "INACTIVE": Expected(Meaning.INACTIVE, "failure", "failure", "ready"),
    "DELETE PENDING": DELETING,
    "DELETE IN_PROGRESS": DELETING,
    "WARMING UP": Expected(Meaning.UNKNOWN, "retry", "retry", "busy"),
    "": Expected(Meaning.UNKNOWN, "retry", "retry", "busy"),
    "active": Expected(Meaning.UNKNOWN, "retry", "retry", "busy"),
}

CREATED = {"CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE", "CREATE FAILED"}
KEPT = CREATED | {"DELETE PENDING", "DELETE IN_PROGRESS"}
BATCH = CREATED | {"PENDING", "IN PROGRESS", "IN_PROGRESS", "FAILED"}
#: The kinds whose statuses are not those of everything that is created and can be deleted.
SPECIAL = {
    SCHEMA: set[str](),
    DATASET: KEPT | {"UPDATE PENDING", "UPDATE IN_PROGRESS", "UPDATE FAILED"},
    DATASET_IMPORT_JOB: CREATED,
    DATASET_EXPORT_JOB: CREATED,
    BATCH_INFERENCE_JOB: BATCH,
    BATCH_SEGMENT_JOB: BATCH,
    DATA_DELETION_JOB: {"PENDING", "IN_PROGRESS", "COMPLETED", "FAILED"},
    SOLUTION_VERSION: KEPT | {"CREATE STOPPING", "CREATE STOPPED"},
    RECOMMENDER: KEPT | {"STOP PENDING", "STOP IN_PROGRESS", "INACTIVE", "START PENDING", "START IN_PROGRESS"},
}


@pytest.mark.parametrize(("kind", "status"), product(KINDS.values(), TABLE), ids=str)
def test_every_status_means_the_same_for_every_kind(kind: Kind, status: str) -> None:
    expected = TABLE[status]
    description: dict[str, Any] = {"status": status}
    assert meaning(status) is expected.meaning
    assert kind.readiness(description) == expected.readiness
    assert kind.is_ready(description) is (expected.to_active == "success")


@pytest.mark.parametrize(("status", "expected"), TABLE.items())
@pytest.mark.parametrize("outcome", ["active", "updated", "stopped", "deleted"])
def test_every_status_says_whether_waiting_helps(status: str, expected: Expected, outcome: Outcome) -> None:
    answers: dict[Outcome, Progress] = {"stopped": expected.to_stopped, "deleted": "retry"}
    assert progress(status, outcome) == answers.get(outcome, expected.to_active)


@pytest.mark.parametrize("kind", KINDS.values(), ids=str)
def test_every_kind_has_the_statuses_that_the_service_documents(kind: Kind) -> None:
    assert set(kind.statuses) == SPECIAL.get(kind, KEPT)


def test_the_table_has_the_statuses_of_every_kind_and_no_others() -> None:
    assert set(MEANINGS) == set().union(*(kind.statuses for kind in KINDS.values()))
    assert set(MEANINGS) == {status for status, expected in TABLE.items() if expected.meaning is not Meaning.UNKNOWN}


@pytest.mark.parametrize("kind", [DATASET, SOLUTION, CAMPAIGN, RECOMMENDER])
@pytest.mark.parametrize("status", TABLE)
def test_an_update_keeps_a_resource_busy_until_it_ends_and_its_failure_changes_nothing(kind: Kind, status: str) -> None:
    busy = TABLE[status].readiness == "busy"
    update = {kind.update_member: {"status": status}}
    assert kind.readiness({"status": "ACTIVE"} | update) == ("busy" if busy else "ready")
    assert kind.readiness({"status": "CREATE FAILED"} | update) == "failed"
    assert kind.is_ready({"status": "ACTIVE"} | update)


@pytest.mark.parametrize("kind", [SCHEMA, RECIPE])
def test_what_has_no_status_is_ready(kind: Kind) -> None:
    assert kind.readiness({"name": "shop"}) == "ready"
    assert kind.is_ready({"name": "shop"})
