"""Deletions: they wait until the resource is gone, and say what still uses it."""

from __future__ import annotations

import pytest
from airflow.exceptions import TaskDeferred
from botocore.stub import Stubber

from airflow_personalize.exceptions import (
    PersonalizeFinalError,
    PersonalizeRetryableError,
)
from airflow_personalize.operators import personalize as operators
from airflow_personalize.operators.personalize import PersonalizeBaseOperator
from tests.unit.airflow_personalize.create_cases import Stub

ACCOUNT = "arn:aws:personalize:us-east-1:000000000000"

DELETIONS = [
    operators.PersonalizeDeleteCampaignOperator,
    operators.PersonalizeDeleteFilterOperator,
    operators.PersonalizeDeleteEventTrackerOperator,
    operators.PersonalizeDeleteMetricAttributionOperator,
    operators.PersonalizeDeleteSolutionOperator,
    operators.PersonalizeDeleteDatasetOperator,
    operators.PersonalizeDeleteDatasetGroupOperator,
]
Deletion = type[PersonalizeBaseOperator]
ARN = f"{ACCOUNT}:kind/shop"
by_deletion = pytest.mark.parametrize("deletion", DELETIONS, ids=lambda operator: operator.resource.name)
by_deletion_or_schema = pytest.mark.parametrize(
    "deletion", [*DELETIONS, operators.PersonalizeDeleteSchemaOperator], ids=lambda operator: operator.resource.name
)


def accept_deletion(stubber: Stubber, deletion: Deletion) -> None:
    stubber.add_response(f"delete_{deletion.resource.name}", {}, {deletion.resource.arn_member: ARN})


def show(stubber: Stubber, deletion: Deletion, status: str) -> None:
    resource = deletion.resource
    stubber.add_response(f"describe_{resource.name}", {resource.member: {"status": status}}, {resource.arn_member: ARN})


@by_deletion
def test_a_deletion_without_waiting_returns_as_soon_as_it_is_accepted(deletion: Deletion, stub: Stub) -> None:
    operator = deletion(task_id="task", arn=ARN, wait_for_completion=False)
    accept_deletion(stub(operator), deletion)
    assert operator.execute({}) == ARN


@by_deletion
def test_a_deletion_waits_until_the_resource_is_gone(deletion: Deletion, stub: Stub) -> None:
    operator = deletion(task_id="task", arn=ARN, waiter_delay=0)
    stubber = stub(operator)
    accept_deletion(stubber, deletion)
    for status in ("ACTIVE", "DELETE PENDING", "DELETE IN_PROGRESS"):
        show(stubber, deletion, status)
    stubber.add_client_error(f"describe_{deletion.resource.name}", "ResourceNotFoundException")
    assert operator.execute({}) == ARN


@by_deletion
def test_a_deferred_deletion_hands_the_wait_to_its_trigger(deletion: Deletion, stub: Stub) -> None:
    operator = deletion(task_id="task", arn=ARN, deferrable=True)
    stubber = stub(operator)
    accept_deletion(stubber, deletion)
    show(stubber, deletion, "DELETE PENDING")
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    assert deferred.value.trigger.outcome == "deleted"
    assert deferred.value.trigger.resource == deletion.resource


@by_deletion_or_schema
def test_a_resource_that_is_gone_already_is_a_success(deletion: Deletion, stub: Stub) -> None:
    operator = deletion(task_id="task", arn=ARN)
    stub(operator).add_client_error(f"delete_{deletion.resource.name}", "ResourceNotFoundException")
    assert operator.execute({}) == ARN


@by_deletion
def test_a_rerun_waits_for_the_deletion_that_is_on_its_way(deletion: Deletion, stub: Stub) -> None:
    operator = deletion(task_id="task", arn=ARN, wait_for_completion=False)
    stubber = stub(operator)
    stubber.add_client_error(f"delete_{deletion.resource.name}", "ResourceInUseException")
    show(stubber, deletion, "DELETE IN_PROGRESS")
    assert operator.execute({}) == ARN


@by_deletion
def test_what_is_in_use_is_a_clear_error(deletion: Deletion, stub: Stub) -> None:
    operator = deletion(task_id="task", arn=ARN)
    stubber = stub(operator)
    stubber.add_client_error(f"delete_{deletion.resource.name}", "ResourceInUseException", "used by x")
    show(stubber, deletion, "ACTIVE")
    is_final = deletion is operators.PersonalizeDeleteDatasetGroupOperator
    error = PersonalizeFinalError if is_final else PersonalizeRetryableError
    with pytest.raises(error, match=f"{ARN}.*used by x"):
        operator.execute({})


def test_a_schema_is_deleted_at_once(stub: Stub) -> None:
    operator = operators.PersonalizeDeleteSchemaOperator(task_id="task", arn=ARN)
    accept_deletion(stub(operator), type(operator))
    assert operator.execute({}) == ARN


def test_a_schema_in_use_is_final(stub: Stub) -> None:
    operator = operators.PersonalizeDeleteSchemaOperator(task_id="task", arn=ARN)
    stubber = stub(operator)
    stubber.add_client_error("delete_schema", "ResourceInUseException", "used by x")
    stubber.add_response("describe_schema", {"schema": {"name": "items"}}, {"schemaArn": ARN})
    with pytest.raises(PersonalizeFinalError, match="Delete what uses it first"):
        operator.execute({})
