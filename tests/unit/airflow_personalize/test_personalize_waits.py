"""How a wait continues, ends, times out or is killed, in place and deferred."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from airflow.exceptions import TaskDeferred
from airflow.providers.amazon.aws.exceptions import WaiterMaxAttemptsError

from airflow_personalize.exceptions import PersonalizeResourceFailedError, PersonalizeRetryableError
from tests.unit.airflow_personalize.create_cases import VERSION, VERSION_CASE, Stub, expect


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that operators make in place, by a clock which only they move."""
    made: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: sum(made), sleep=made.append)
    monkeypatch.setattr("airflow_personalize.operators.personalize.time", clock)
    return made


def test_what_ends_within_its_patience_is_not_deferred_for(stub: Stub, pauses: list[float]) -> None:
    operator = VERSION_CASE.make(deferrable=True, inline_poll_seconds=30)
    expect(
        stub(operator), VERSION_CASE.created, VERSION_CASE.described("CREATE PENDING"), VERSION_CASE.described("ACTIVE")
    )
    assert operator.execute({}) == VERSION_CASE.arn
    assert pauses == [0.1]


def test_what_takes_longer_than_its_patience_is_deferred_for_and_is_soon_looked_at_once_a_second(
    stub: Stub, pauses: list[float]
) -> None:
    operator = VERSION_CASE.make(deferrable=True, inline_poll_seconds=3)
    expect(stub(operator), VERSION_CASE.created, *[VERSION_CASE.described("CREATE IN_PROGRESS")] * 7)
    with pytest.raises(TaskDeferred):
        operator.execute({})
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1, 1]


def test_an_event_of_a_wait_that_ran_out_may_be_retried() -> None:
    event = {"status": "error", "arn": VERSION, "message": "max attempts reached", "is_final": False}
    with pytest.raises(PersonalizeRetryableError, match="max attempts"):
        VERSION_CASE.make().execute_complete({}, event)


def test_failure_seen_at_the_first_look_raises_with_the_reason(stub: Stub) -> None:
    operator = VERSION_CASE.make(deferrable=True)
    failed = VERSION_CASE.described("CREATE FAILED", failureReason="fewer than 25 users")
    expect(stub(operator), VERSION_CASE.created, failed)
    with pytest.raises(PersonalizeResourceFailedError, match="fewer than 25 users"):
        operator.execute({})


def test_failure_seen_while_waiting_raises_with_the_reason(stub: Stub) -> None:
    operator = VERSION_CASE.make()
    failed = VERSION_CASE.described("CREATE FAILED", failureReason="fewer than 25 users")
    expect(stub(operator), VERSION_CASE.created, VERSION_CASE.described("CREATE PENDING"), failed)
    with pytest.raises(PersonalizeResourceFailedError, match="fewer than 25 users"):
        operator.execute({})


def test_a_wait_in_place_that_runs_out_may_be_retried(stub: Stub) -> None:
    operator = VERSION_CASE.make(waiter_max_attempts=1)
    pending = VERSION_CASE.described("CREATE PENDING")
    expect(stub(operator), VERSION_CASE.created, pending, pending)
    with pytest.raises(PersonalizeRetryableError) as raised:
        operator.execute({})
    assert isinstance(raised.value.__cause__, WaiterMaxAttemptsError)


def test_steady_throttling_ends_a_wait_in_place(stub: Stub) -> None:
    operator = VERSION_CASE.make(waiter_max_attempts=3)
    stubber = stub(operator)
    expect(stubber, VERSION_CASE.created, VERSION_CASE.described("CREATE PENDING"))
    for _ in range(3):
        stubber.add_client_error("describe_solution_version", "ThrottlingException")
    with pytest.raises(PersonalizeRetryableError, match="max attempts"):
        operator.execute({})


def test_throttling_at_the_first_look_is_waited_out(stub: Stub) -> None:
    operator = VERSION_CASE.make()
    stubber = stub(operator)
    expect(stubber, VERSION_CASE.created)
    stubber.add_client_error("describe_solution_version", "ThrottlingException")
    expect(stubber, VERSION_CASE.described("ACTIVE"))
    assert operator.execute({}) == VERSION_CASE.arn


def version(status: str) -> tuple[int, dict[str, Any]]:
    return 200, {"solutionVersion": {"solutionVersionArn": VERSION, "status": status}}


#: The service takes the creation; the operator's first poll finds it pending.
BEGUN = [(200, {"solutionVersionArn": VERSION}), version("CREATE PENDING")]
#: The server hangs up instead of answering.
NO_RESPONSE: tuple[int, dict[str, Any]] = (0, {})
THROTTLED = (400, {"__type": "ThrottlingException", "message": "slow down"})
#: botocore itself does not repeat a call.
ONE_TRY: dict[str, Any] = {"retries": {"total_max_attempts": 1}}


def test_a_poll_without_a_response_does_not_end_the_wait(answers: list[tuple[int, dict[str, Any]]]) -> None:
    operator = VERSION_CASE.make(botocore_config=ONE_TRY)
    answers += [*BEGUN, NO_RESPONSE, version("CREATE IN_PROGRESS"), NO_RESPONSE, version("ACTIVE")]
    assert operator.execute({}) == VERSION_CASE.arn
    assert answers == []


@pytest.mark.parametrize(
    "polls",
    [
        [NO_RESPONSE] * 3,
        [version("CREATE PENDING"), NO_RESPONSE, version("CREATE PENDING")],
        [NO_RESPONSE, version("CREATE PENDING"), NO_RESPONSE],
        [THROTTLED, NO_RESPONSE, version("CREATE PENDING")],
    ],
    ids=["none answered", "second not answered", "second answered", "throttled, not answered, pending"],
)
def test_every_poll_is_an_attempt_whatever_came_of_it(
    polls: list[tuple[int, dict[str, Any]]], answers: list[tuple[int, dict[str, Any]]]
) -> None:
    operator = VERSION_CASE.make(waiter_max_attempts=3, botocore_config=ONE_TRY)
    answers += [*BEGUN, *polls, version("ACTIVE")]
    with pytest.raises(PersonalizeRetryableError):
        operator.execute({})
    assert answers == [version("ACTIVE")]


def test_a_killed_task_stops_its_training(stub: Stub) -> None:
    operator = VERSION_CASE.make(wait_for_completion=False)
    stopped: tuple[str, dict[str, Any], dict[str, Any]] = (
        "stop_solution_version_creation",
        {},
        {"solutionVersionArn": VERSION},
    )
    expect(stub(operator), VERSION_CASE.created, stopped)
    operator.execute({})
    operator.on_kill()


def test_a_training_that_has_ended_when_the_task_is_killed_is_no_error(
    stub: Stub,
) -> None:
    operator = VERSION_CASE.make(wait_for_completion=False)
    stubber = stub(operator)
    expect(stubber, VERSION_CASE.created)
    stubber.add_client_error("stop_solution_version_creation", "ResourceInUseException", "it is ACTIVE")
    operator.execute({})
    operator.on_kill()
    stubber.assert_no_pending_responses()


def test_a_killed_task_leaves_the_training_if_stop_on_kill_is_off(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = VERSION_CASE.make(wait_for_completion=False, stop_on_kill=False)
    expect(stub(operator), VERSION_CASE.created)
    operator.execute({})
    assert not _is_stopped_by(operator, monkeypatch)


def test_a_task_killed_before_it_created_anything_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _is_stopped_by(VERSION_CASE.make(), monkeypatch)


def _is_stopped_by(operator: Any, monkeypatch: pytest.MonkeyPatch) -> bool:
    stop = Mock()
    monkeypatch.setattr(operator.hook.conn, "stop_solution_version_creation", stop)
    operator.on_kill()
    return stop.called


@pytest.mark.parametrize("stop_on_kill", [True, False])
def test_a_deferred_training_tells_its_trigger_whether_to_stop(stop_on_kill: bool, stub: Stub) -> None:
    operator = VERSION_CASE.make(deferrable=True, stop_on_kill=stop_on_kill)
    expect(stub(operator), VERSION_CASE.created, VERSION_CASE.described("CREATE PENDING"))
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    assert deferred.value.trigger.serialize()[1]["stop_on_kill"] is stop_on_kill
