"""Each create operator by the table no_wait, wait, defer; then what is sent for it."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import Mock

import pytest
from airflow.exceptions import TaskDeferred

from airflow_personalize.exceptions import PersonalizeResourceFailedError
from airflow_personalize.hooks.personalize import PersonalizeHook
from tests.unit.airflow_personalize.create_cases import (
    ALL,
    IMPORT_CASE,
    SCHEMA_CASE,
    SOLUTION_CASE,
    TAG,
    TRACKER_CASE,
    Case,
    Stub,
    by_operator,
    by_waiting_operator,
    expect,
)


@by_operator
def test_every_argument_of_its_own_is_a_template(case: Case) -> None:
    own = {"name", *case.arguments} - {"num_results"}
    assert own <= set(case.operator.template_fields)
    assert {"aws_conn_id", "region_name"} <= set(case.operator.template_fields)
    operator = case.make()
    assert all(hasattr(operator, field) for field in case.operator.template_fields)


def test_a_schema_is_usable_at_once(stub: Stub) -> None:
    operator = SCHEMA_CASE.make()
    expect(stub(operator), SCHEMA_CASE.created)
    assert operator.execute({}) == SCHEMA_CASE.arn


@by_waiting_operator
def test_no_wait_returns_as_soon_as_it_is_created(case: Case, stub: Stub) -> None:
    operator = case.make(wait_for_completion=False)
    expect(stub(operator), case.created)
    assert operator.execute({}) == case.arn


@by_waiting_operator
def test_wait_returns_when_it_is_active(case: Case, stub: Stub) -> None:
    operator = case.make()
    expect(stub(operator), case.created, *map(case.described, (*case.on_its_way, case.ready)))
    assert operator.execute({}) == case.arn


@by_waiting_operator
def test_defer_hands_the_wait_to_its_trigger(case: Case, stub: Stub) -> None:
    operator = case.make(deferrable=True, waiter_delay=30, waiter_max_attempts=10)
    expect(stub(operator), case.created, case.described(case.on_its_way[0]))
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    assert type(deferred.value.trigger) is case.operator.trigger_class
    assert deferred.value.trigger.serialize()[1]["arn"] == case.arn
    assert deferred.value.trigger.waiter_delay == 30
    assert deferred.value.method_name == "execute_complete"
    assert deferred.value.timeout.total_seconds() == 360


@by_waiting_operator
def test_what_is_active_already_is_not_deferred_for(case: Case, stub: Stub) -> None:
    operator = case.make(deferrable=True)
    expect(stub(operator), case.created, case.described(case.ready))
    assert operator.execute({}) == case.arn


@by_waiting_operator
def test_a_deferred_task_returns_the_arn_of_a_success(case: Case) -> None:
    assert case.make().execute_complete({}, {"status": "success", "arn": case.arn}) == case.arn


@by_waiting_operator
def test_a_failure_event_never_passes(case: Case) -> None:
    event = {"status": "error", "arn": case.arn, "message": "CREATE FAILED - too few users", "is_final": True}
    with pytest.raises(PersonalizeResourceFailedError, match="too few users"):
        case.make().execute_complete({}, event)


def test_every_create_operation_of_the_service_has_an_operator() -> None:
    """Recommenders belong to domain dataset groups, which Aisle does not make."""
    operations = PersonalizeHook().conn.meta.service_model.operation_names
    kinds = {name.removeprefix("Create") for name in operations if name.startswith("Create")} - {"Recommender"}
    assert {f"PersonalizeCreate{kind}Operator" for kind in kinds} == {case.operator.__name__ for case in ALL}


def test_what_is_not_given_is_not_sent(stub: Stub) -> None:
    operator = IMPORT_CASE.make(wait_for_completion=False, publish_attribution_metrics_to_s3=True)
    request = {**IMPORT_CASE.request, "publishAttributionMetricsToS3": True}
    expect(stub(operator), replace(IMPORT_CASE, request=request).created)
    assert operator.execute({}) == IMPORT_CASE.arn


def test_a_solution_takes_all_that_a_solution_can(stub: Stub) -> None:
    config = {"eventsConfig": {"eventParametersList": [{"eventType": "click", "weight": 0.5}]}}
    operator = SOLUTION_CASE.make(
        wait_for_completion=False, perform_hpo=True, event_type="click", solution_config=config, tags=[TAG]
    )
    more = {"performHPO": True, "eventType": "click", "solutionConfig": config, "tags": [TAG]}
    expect(stub(operator), replace(SOLUTION_CASE, request={**SOLUTION_CASE.request, **more}).created)
    assert operator.execute({}) == SOLUTION_CASE.arn


def test_a_tracker_pushes_its_tracking_id(stub: Stub) -> None:
    operator = TRACKER_CASE.make(wait_for_completion=False)
    expect(stub(operator), TRACKER_CASE.created, TRACKER_CASE.described("CREATE PENDING", trackingId="1f2e"))
    task_instance = Mock()
    operator.execute({"ti": task_instance})
    task_instance.xcom_push.assert_any_call(key="tracking_id", value="1f2e")
