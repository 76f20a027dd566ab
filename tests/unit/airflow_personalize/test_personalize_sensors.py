from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.exceptions import TaskDeferred
from botocore.stub import Stubber

from airflow_personalize.exceptions import (
    PersonalizeFinalError,
    PersonalizeResourceFailedError,
    PersonalizeRetryableError,
)
from airflow_personalize.sensors import personalize as sensors
from airflow_personalize.triggers.personalize import PersonalizeBaseTrigger
from personalize_kinds.kinds import DATA_DELETION_JOB, DATASET, EVENT_TRACKER, SOLUTION

Stub = Callable[[Any], Stubber]
Sensor = type[sensors.PersonalizeBaseSensor]

ARN = "arn:aws:personalize:us-east-1:000000000000:kind/name"
SENSORS = sensors.PersonalizeBaseSensor.__subclasses__()
by_sensor = pytest.mark.parametrize("sensor_class", SENSORS, ids=lambda sensor: sensor.__name__)


def ready(sensor_class: Sensor) -> str:
    return "COMPLETED" if sensor_class.resource == DATA_DELETION_JOB else "ACTIVE"


def expect_status(stubber: Stubber, sensor_class: Sensor, status: str, **more: str) -> None:
    resource = sensor_class.resource
    answer = {resource.member: {"status": status, **more}}
    stubber.add_response(f"describe_{resource.name}", answer, {resource.arn_member: ARN})


def test_there_is_a_sensor_for_each_kind_that_takes_time() -> None:
    active = [class_ for class_ in PersonalizeBaseTrigger.__subclasses__() if class_.outcome == "active"]
    assert {class_.trigger_class for class_ in SENSORS} == set(active)
    assert all(class_.resource == class_.trigger_class.resource for class_ in SENSORS)


@by_sensor
def test_it_pokes_until_active(sensor_class: Sensor, stub: Stub) -> None:
    sensor = sensor_class(task_id="sense", arn=ARN)
    stubber = stub(sensor)
    expect_status(stubber, sensor_class, "CREATE IN_PROGRESS")
    expect_status(stubber, sensor_class, ready(sensor_class))
    assert [sensor.poke({}), sensor.poke({})] == [False, True]


@by_sensor
def test_a_failed_job_fails_the_sensor_with_the_reason(sensor_class: Sensor, stub: Stub) -> None:
    sensor = sensor_class(task_id="sense", arn=ARN)
    failed = "FAILED" if sensor_class.resource == DATA_DELETION_JOB else "CREATE FAILED"
    has_reason = sensor_class.resource not in (DATASET, SOLUTION, EVENT_TRACKER)
    expect_status(stub(sensor), sensor_class, failed, **({"failureReason": "no data"} if has_reason else {}))
    with pytest.raises(PersonalizeResourceFailedError, match=f"{failed} - no data" if has_reason else failed):
        sensor.poke({})


def test_a_refused_look_says_what_was_looked_at(stub: Stub) -> None:
    sensor = sensors.PersonalizeCampaignSensor(task_id="sense", arn=ARN)
    stub(sensor).add_client_error("describe_campaign", "ResourceNotFoundException")
    with pytest.raises(PersonalizeFinalError, match=f"campaign {ARN}"):
        sensor.poke({})


@by_sensor
def test_a_deferrable_sensor_waits_in_its_trigger(sensor_class: Sensor, stub: Stub) -> None:
    sensor = sensor_class(task_id="sense", arn=ARN, deferrable=True, poke_interval=9)
    expect_status(stub(sensor), sensor_class, "CREATE PENDING")
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute({})
    assert type(deferred.value.trigger) is sensor_class.trigger_class
    assert deferred.value.trigger.waiter_delay == 9


@by_sensor
def test_what_is_active_already_is_not_deferred_for(sensor_class: Sensor, stub: Stub) -> None:
    sensor = sensor_class(task_id="sense", arn=ARN, deferrable=True)
    expect_status(stub(sensor), sensor_class, ready(sensor_class))
    sensor.execute({})


@pytest.mark.parametrize(
    ("is_final", "error"), [(True, PersonalizeResourceFailedError), (False, PersonalizeRetryableError)]
)
def test_a_failure_event_never_passes(is_final: bool, error: type[Exception]) -> None:
    sensor = sensors.PersonalizeBatchInferenceJobSensor(task_id="sense", arn=ARN)
    with pytest.raises(error, match="why"):
        sensor.execute_complete({}, {"status": "error", "arn": ARN, "message": "why", "is_final": is_final})
