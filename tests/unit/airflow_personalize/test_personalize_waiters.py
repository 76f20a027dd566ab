"""One case per status of each resource's own vocabulary."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_personalize.hooks.personalize import (
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    CAMPAIGN,
    DATA_DELETION_JOB,
    DATASET,
    DATASET_EXPORT_JOB,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    EVENT_TRACKER,
    FILTER,
    METRIC_ATTRIBUTION,
    SOLUTION,
    SOLUTION_VERSION,
    WAITERS,
    Look,
    Outcome,
    PersonalizeHook,
    PersonalizeResource,
    state_of,
    status_path,
)

Vocabulary = dict[str, str]


def words(success: str = "", retry: str = "", failure: str = "") -> Vocabulary:
    """Statuses, by commas, and what each means."""
    meanings = {"success": success, "retry": retry, "failure": failure}
    return {status: state for state, listed in meanings.items() for status in listed.split(", ") if status}


CREATED = words("ACTIVE", "CREATE PENDING, CREATE IN_PROGRESS", "CREATE FAILED")
KEPT = CREATED | words(failure="DELETE PENDING, DELETE IN_PROGRESS")
UPDATING = words(retry="UPDATE PENDING, UPDATE IN_PROGRESS", failure="UPDATE FAILED")
BATCH = CREATED | words(retry="PENDING, IN PROGRESS, IN_PROGRESS", failure="FAILED")
GONE = words("ResourceNotFoundException", "DELETE PENDING, DELETE IN_PROGRESS, ACTIVE, CREATE FAILED")

#: Personalize's vocabularies differ per resource; batch jobs are documented in one form and answer in another.
VOCABULARIES: dict[tuple[PersonalizeResource, Outcome], Vocabulary] = {
    (DATASET_GROUP, "active"): KEPT,
    (DATASET, "active"): KEPT | UPDATING,
    (DATASET_IMPORT_JOB, "active"): CREATED,
    (DATASET_EXPORT_JOB, "active"): CREATED,
    (SOLUTION, "active"): KEPT,
    (SOLUTION_VERSION, "active"): KEPT | words(failure="CREATE STOPPING, CREATE STOPPED"),
    (CAMPAIGN, "active"): KEPT,
    (EVENT_TRACKER, "active"): KEPT,
    (FILTER, "active"): KEPT,
    (METRIC_ATTRIBUTION, "active"): KEPT,
    (BATCH_INFERENCE_JOB, "active"): BATCH,
    (BATCH_SEGMENT_JOB, "active"): BATCH,
    (DATA_DELETION_JOB, "active"): words("COMPLETED", "PENDING, IN_PROGRESS", "FAILED"),
    (CAMPAIGN, "updated"): KEPT,
    (SOLUTION, "updated"): KEPT,
    (DATASET, "updated"): KEPT | UPDATING,
    (SOLUTION_VERSION, "stopped"): words(
        "CREATE STOPPED",
        "CREATE PENDING, CREATE IN_PROGRESS, CREATE STOPPING",
        "ACTIVE, CREATE FAILED, DELETE PENDING, DELETE IN_PROGRESS",
    ),
    (DATASET_GROUP, "deleted"): GONE,
    (DATASET, "deleted"): GONE,
    (SOLUTION, "deleted"): GONE,
    (CAMPAIGN, "deleted"): GONE,
    (EVENT_TRACKER, "deleted"): GONE,
    (FILTER, "deleted"): GONE,
    (METRIC_ATTRIBUTION, "deleted"): GONE,
}
UPDATES = {
    CAMPAIGN: "campaign.latestCampaignUpdate",
    SOLUTION: "solution.latestSolutionUpdate",
    DATASET: "dataset.latestDatasetUpdate",
}
CASES = [
    pytest.param(resource, outcome, status, state, id=f"{resource.waiter(outcome)}-{status}")
    for (resource, outcome), vocabulary in VOCABULARIES.items()
    for status, state in vocabulary.items()
]
WAITERS_OF = [resource.waiter(outcome) for resource, outcome in VOCABULARIES]


def answer_of(resource: PersonalizeResource, outcome: Outcome, status: str, reason: str = "") -> dict[str, Any]:
    """What a look gets: an error, or a description with the status where this waiter looks for it."""
    if status.endswith("Exception"):
        return {"Error": {"Code": status}}
    described: dict[str, Any] = {"status": status, "failureReason": reason}
    if outcome == "updated":
        described = {"status": "ACTIVE", UPDATES[resource].rpartition(".")[2]: described}
    return {resource.member: described}


@pytest.mark.parametrize(("resource", "outcome", "status", "state"), CASES)
def test_every_status_means_something(resource: PersonalizeResource, outcome: Outcome, status: str, state: str) -> None:
    look = Look.of(resource, outcome, answer_of(resource, outcome, status, "why"))
    assert (look.state, look.status) == (state, status)
    assert look.failure_reason == ("" if status.endswith("Exception") else "why")


def test_the_waiter_file_has_these_statuses_and_no_others() -> None:
    waiters = json.loads(WAITERS.read_text())["waiters"]
    written = {
        name: {each["expected"]: each["state"] for each in waiter["acceptors"]} for name, waiter in waiters.items()
    }
    assert written == {resource.waiter(outcome): words for (resource, outcome), words in VOCABULARIES.items()}


@pytest.mark.parametrize(("resource", "path"), UPDATES.items())
def test_an_update_has_a_status_of_its_own(resource: PersonalizeResource, path: str) -> None:
    assert status_path(resource, "updated") == f"{path}.status"
    assert status_path(resource) == f"{resource.member}.status"


@pytest.mark.parametrize("waiter", WAITERS_OF)
def test_every_waiter_asks_an_operation_and_a_member_that_exist(waiter: str) -> None:
    hook = PersonalizeHook()
    assert waiter in hook.list_waiters()
    hook.get_waiter(waiter)
    written = json.loads(WAITERS.read_text())["waiters"][waiter]
    answer = hook.conn.meta.service_model.operation_model(written["operation"]).output_shape
    for acceptor in written["acceptors"]:
        if acceptor["matcher"] == "path":
            shape = answer
            for member in acceptor["argument"].split("."):
                shape = shape.members[member]
            assert shape.type_name == "string"


def test_every_kind_that_can_be_deleted_has_a_waiter_for_it() -> None:
    """A schema is gone at once; recommenders belong to domain dataset groups, which Aisle does not make."""
    operations = PersonalizeHook().conn.meta.service_model.operation_names
    kinds = {name.removeprefix("Delete") for name in operations if name.startswith("Delete")}
    deleted = {resource.title.title().replace(" ", "") for resource, outcome in VOCABULARIES if outcome == "deleted"}
    assert deleted == kinds - {"Schema", "Recommender"}


def test_an_unknown_status_is_on_its_way() -> None:
    assert state_of(SOLUTION, {"status": "WARMING UP"}) == "retry"


def test_an_update_that_is_not_shown_yet_is_on_its_way() -> None:
    look = Look.of(CAMPAIGN, "updated", {"campaign": {"status": "ACTIVE"}})
    assert look == Look("retry", "not known", "")
