from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.exceptions import TaskDeferred
from botocore.stub import Stubber

from aisle.aws.sensors import personalize as sensors
from aisle.errors import PersonalizeJobFailed, RetryableError

Stub = Callable[[Any], Stubber]
Sensor = type[sensors.PersonalizeBaseSensor]

ARN = "arn:aws:personalize:us-east-1:000000000000:kind/name"
SENSORS = sensors.PersonalizeBaseSensor.__subclasses__()
by_sensor = pytest.mark.parametrize("sensor_class", SENSORS, ids=lambda each: each.__name__)


def expect_status(stubber: Stubber, sensor_class: Sensor, status: str, **more: str) -> None:
    resource = sensor_class.resource
    answer = {resource.member: {"status": status, **more}}
    stubber.add_response(f"describe_{resource.name}", answer, {resource.arn_member: ARN})


def test_there_is_a_sensor_for_each_kind_of_job() -> None:
    assert len(SENSORS) == 3


@by_sensor
def test_it_pokes_until_active(sensor_class: Sensor, stub: Stub) -> None:
    sensor = sensor_class(task_id="sense", arn=ARN)
    stubber = stub(sensor)
    expect_status(stubber, sensor_class, "CREATE IN_PROGRESS")
    expect_status(stubber, sensor_class, "ACTIVE")
    assert [sensor.poke({}), sensor.poke({})] == [False, True]


@by_sensor
def test_a_failed_job_fails_the_sensor_with_the_reason(sensor_class: Sensor, stub: Stub) -> None:
    sensor = sensor_class(task_id="sense", arn=ARN)
    expect_status(stub(sensor), sensor_class, "CREATE FAILED", failureReason="no data")
    with pytest.raises(PersonalizeJobFailed, match="no data"):
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
    expect_status(stub(sensor), sensor_class, "ACTIVE")
    sensor.execute({})


@pytest.mark.parametrize(("is_final", "error"), [(True, PersonalizeJobFailed), (False, RetryableError)])
def test_a_failure_event_never_passes(is_final: bool, error: type[Exception]) -> None:
    sensor = sensors.PersonalizeBatchInferenceJobSensor(task_id="sense", arn=ARN)
    with pytest.raises(error, match="why"):
        sensor.execute_complete({}, {"status": "error", "arn": ARN, "message": "why", "is_final": is_final})
