"""One case per status of each resource's own vocabulary."""

from __future__ import annotations

import json

import pytest

from aisle.aws.hooks.personalize import (
    BATCH_INFERENCE_JOB,
    DATASET,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    SOLUTION,
    SOLUTION_VERSION,
    WAITERS,
    PersonalizeHook,
    PersonalizeResource,
    state_of,
)

ON_ITS_WAY = {"CREATE PENDING": "retry", "CREATE IN_PROGRESS": "retry"}
READY = {"ACTIVE": "success"}
FAILED = {"CREATE FAILED": "failure"}
DELETED = {"DELETE PENDING": "failure", "DELETE IN_PROGRESS": "failure"}

#: Personalize's vocabularies differ per resource; batch jobs are documented in one form and answer in another.
VOCABULARIES: dict[PersonalizeResource, dict[str, str]] = {
    DATASET_GROUP: ON_ITS_WAY | READY | FAILED | DELETED,
    DATASET: ON_ITS_WAY
    | READY
    | FAILED
    | DELETED
    | {"UPDATE PENDING": "retry", "UPDATE IN_PROGRESS": "retry", "UPDATE FAILED": "failure"},
    DATASET_IMPORT_JOB: ON_ITS_WAY | READY | FAILED,
    SOLUTION: ON_ITS_WAY | READY | FAILED | DELETED,
    SOLUTION_VERSION: ON_ITS_WAY
    | READY
    | FAILED
    | DELETED
    | {"CREATE STOPPING": "failure", "CREATE STOPPED": "failure"},
    BATCH_INFERENCE_JOB: ON_ITS_WAY
    | READY
    | FAILED
    | {"PENDING": "retry", "IN PROGRESS": "retry", "IN_PROGRESS": "retry", "FAILED": "failure"},
}
CASES = [
    pytest.param(resource, status, state, id=f"{resource.name}-{status}")
    for resource, vocabulary in VOCABULARIES.items()
    for status, state in vocabulary.items()
]


@pytest.mark.parametrize(("resource", "status", "state"), CASES)
def test_every_status_means_something(resource: PersonalizeResource, status: str, state: str) -> None:
    assert state_of(resource, {"status": status}) == state


def test_the_waiter_file_has_these_statuses_and_no_others() -> None:
    waiters = json.loads(WAITERS.read_text())["waiters"]
    written = {
        name: {each["expected"]: each["state"] for each in waiter["acceptors"]} for name, waiter in waiters.items()
    }
    assert written == {resource.waiter: vocabulary for resource, vocabulary in VOCABULARIES.items()}


@pytest.mark.parametrize("resource", VOCABULARIES, ids=lambda resource: resource.name)
def test_every_waiter_asks_an_operation_and_a_member_that_exist(resource: PersonalizeResource) -> None:
    hook = PersonalizeHook()
    assert resource.waiter in hook.list_waiters()
    hook.get_waiter(resource.waiter)
    waiter = json.loads(WAITERS.read_text())["waiters"][resource.waiter]
    answer = hook.conn.meta.service_model.operation_model(waiter["operation"]).output_shape
    for acceptor in waiter["acceptors"]:
        wrapper, member = acceptor["argument"].split(".")
        assert member in answer.members[wrapper].members


def test_an_unknown_status_is_on_its_way() -> None:
    assert state_of(SOLUTION, {"status": "WARMING UP"}) == "retry"
