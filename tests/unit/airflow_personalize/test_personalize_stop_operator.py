"""Stopping a training; and that every operation that changes something has an operator."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.exceptions import TaskDeferred
from botocore.stub import Stubber

from airflow_personalize.exceptions import PersonalizeResourceFailedError
from airflow_personalize.hooks.personalize import PersonalizeHook
from airflow_personalize.operators import personalize as operators
from tests.unit.airflow_personalize.create_cases import Stub, expect, public_operators

ACCOUNT = "arn:aws:personalize:us-east-1:000000000000"
VERSION = f"{ACCOUNT}:solution/sims/old"


def stop(stub: Stub, *statuses: str, **more: Any) -> tuple[Any, Stubber]:
    """The stop operator, and a training that is looked at once for each status, and stopped after the first."""
    operator = operators.PersonalizeStopSolutionVersionCreationOperator(
        task_id="task", arn=VERSION, waiter_delay=0, **more
    )
    stubber = stub(operator)
    arn = {"solutionVersionArn": VERSION}
    for number, status in enumerate(statuses):
        expect(stubber, ("describe_solution_version", {"solutionVersion": {"status": status}}, arn))
        if not number and status in ("CREATE PENDING", "CREATE IN_PROGRESS"):
            expect(stubber, ("stop_solution_version_creation", {}, arn))
    return operator, stubber


def test_a_stop_without_waiting_returns_as_soon_as_it_is_accepted(stub: Stub) -> None:
    operator, _ = stop(stub, "CREATE IN_PROGRESS", wait_for_completion=False)
    assert operator.execute({}) == VERSION


def test_a_stop_waits_until_the_training_has_stopped(stub: Stub) -> None:
    operator, _ = stop(stub, "CREATE IN_PROGRESS", "CREATE STOPPING", "CREATE STOPPED")
    assert operator.execute({}) == VERSION


def test_a_deferred_stop_hands_the_wait_to_its_trigger(stub: Stub) -> None:
    operator, _ = stop(stub, "CREATE PENDING", "CREATE STOPPING", deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    assert deferred.value.trigger.outcome == "stopped"


@pytest.mark.parametrize("status", ["ACTIVE", "CREATE FAILED", "CREATE STOPPED"])
def test_a_training_that_has_ended_needs_no_stop(status: str, stub: Stub) -> None:
    operator, _ = stop(stub, status)
    assert operator.execute({}) == VERSION


def test_a_training_that_is_stopping_is_waited_for(stub: Stub) -> None:
    operator, _ = stop(stub, "CREATE STOPPING", "CREATE STOPPING", "CREATE STOPPED")
    assert operator.execute({}) == VERSION


def test_a_training_that_became_active_while_it_was_to_be_stopped_is_said(stub: Stub) -> None:
    operator, _ = stop(stub, "CREATE IN_PROGRESS", "ACTIVE")
    with pytest.raises(PersonalizeResourceFailedError, match="ACTIVE"):
        operator.execute({})


def test_every_change_operation_of_the_service_has_an_operator() -> None:
    """Recommenders belong to domain dataset groups, which Aisle does not make."""
    operations = PersonalizeHook().conn.meta.service_model.operation_names
    verbs = ("Update", "Delete", "Stop")
    expected = {f"Personalize{name}Operator" for name in operations if name.startswith(verbs)}
    offered = {name for name in public_operators() if name.removeprefix("Personalize").startswith(verbs)}
    assert offered == {name for name in expected if "Recommender" not in name}
