"""Every operator under every fault: none succeeds falsely, and in the end its work is done, once."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

import botocore.retryhandler
import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.session import Session

from airflow_personalize.exceptions import PersonalizeResourceFailedError, PersonalizeRetryableError
from tests.integration.faults.attempts import MODES, Mode, attempt
from tests.integration.faults.proxy import Fault, Telling
from tests.integration.faults.rows import ROWS, Row, Work
from tests.integration.faults.world import World
from tests.unit.airflow_personalize.create_cases import public_operators

#: A client that repeats nothing stands for a fault that outlasts all repetitions.
PLAIN = {"retries": {"max_attempts": 0}, "read_timeout": 60}
REPEATING = {"retries": {"max_attempts": 4}, "read_timeout": 60}
#: For answers that come later than that; the engine of a busy machine must not be given up on elsewhere.
IMPATIENT = {"read_timeout": 1}
REASON = "the role may not read s3://elsewhere"

WAITING = tuple(row for row in ROWS if row.look)
by_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
by_waiting_row = pytest.mark.parametrize("row", WAITING, ids=lambda row: row.name)
by_mode = pytest.mark.parametrize("mode", MODES)


@pytest.fixture(autouse=True)
def _no_pause_between_repetitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.retryhandler, "delay_exponential", lambda *_, **__: 0)


def run(row: Row, work: Work, client: dict[str, Any], mode: Mode = "in place", **more: Any) -> Any:
    """One attempt of the task."""
    waiting = {"deferrable": mode == "deferred"} if row.look else {}
    operator = row.make(work, botocore_config=client, **waiting, **more)
    operator.hook = _hook(operator.aws_hook_class, json.dumps(client), os.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    return attempt(operator)


@cache
def _hook(hook_class: type[AwsBaseHook], client: str, _connection: str) -> AwsBaseHook:
    """A hook for many attempts: making its client takes longer than all its calls."""
    return hook_class(config=json.loads(client))


def without_waiting(row: Row) -> dict[str, Any]:
    return {"wait_for_completion": False} if row.look else {}


def test_every_operator_is_in_a_row() -> None:
    assert sorted(row.name for row in ROWS) == public_operators()


def promises_something(row: Row) -> bool:
    """Whether the answer to a row's own call holds anything, by the service's model."""
    service, operation = ("personalize-events", "PutEvents") if row.call == "events" else ("personalize", row.call)
    shape = Session().get_service_model(service).operation_model(operation).output_shape
    return shape is not None and bool(shape.members)


def breaks(row: Row, fault: Fault) -> bool:
    return fault != Fault.CUT_ANSWER or promises_something(row)


BROKEN = [(row, fault) for row in ROWS for fault in Fault if breaks(row, fault)]
UNBROKEN = [(row, fault) for row in ROWS for fault in Fault if not breaks(row, fault)]


def names_of(pairs: list[tuple[Row, Fault]]) -> list[str]:
    return [f"{row.name}-{fault.name.lower()}" for row, fault in pairs]


@pytest.mark.parametrize(("row", "fault"), UNBROKEN, ids=names_of(UNBROKEN))
def test_an_answer_that_is_to_hold_nothing_is_whole_whatever_is_left_of_it(
    row: Row, fault: Fault, world: World
) -> None:
    work = row.work(world)
    world.proxy.break_calls(row.call, fault)
    returned = run(row, work, PLAIN, **without_waiting(row))
    assert world.proxy.sent[row.call] == world.proxy.reached[row.call]
    assert work.results() == [returned]


@pytest.mark.parametrize(("row", "fault"), BROKEN, ids=names_of(BROKEN))
def test_a_call_that_breaks_is_no_success_and_the_retry_does_the_work_once(
    row: Row, fault: Fault, world: World
) -> None:
    work = row.work(world)
    world.proxy.break_calls(row.call, fault)
    impatient = IMPATIENT if fault == Fault.ANSWER_LATE else {}
    with pytest.raises(PersonalizeRetryableError, match="retry"):
        run(row, work, PLAIN | impatient, **without_waiting(row))
    returned = run(row, work, REPEATING, **without_waiting(row))
    assert work.results() == [returned]


@by_row
@pytest.mark.parametrize(
    "faults",
    [
        (Fault.THROTTLED, Fault.BROKEN, Fault.REQUEST_LOST, Fault.ANSWER_LOST),
        (Fault.TOO_MANY, Fault.UNAVAILABLE, Fault.ANSWER_LATE),
    ],
    ids=["then_lost", "then_late"],
)
def test_what_the_client_repeats_is_done_once(row: Row, faults: tuple[Fault, ...], world: World) -> None:
    work = row.work(world)
    world.proxy.break_calls(row.call, *faults)
    impatient = IMPATIENT if Fault.ANSWER_LATE in faults else {}
    returned = run(row, work, REPEATING | impatient, **without_waiting(row))
    assert world.proxy.sent[row.call] > len(faults)
    assert work.results() == [returned]


@by_mode
@by_waiting_row
def test_a_wait_outlives_every_fault(row: Row, mode: Mode, world: World) -> None:
    work = row.work(world)
    before = [None] * (row.looks_before + 1)
    world.proxy.tell(row.look, *[None] * row.looks_before, *[row.on_its_way] * (len(Fault) + 1))
    world.proxy.break_calls(row.look, *before, *Fault)
    returned = run(row, work, PLAIN | IMPATIENT, mode, waiter_max_attempts=len(Fault) + 30)
    assert world.proxy.sent[row.look] > len(before) + len(Fault)
    assert work.results() == [returned]


@by_waiting_row
def test_a_first_poll_that_breaks_fails_the_try_and_not_the_work(row: Row, world: World) -> None:
    work = row.work(world)
    world.proxy.break_calls(row.look, *[None] * row.looks_before, Fault.REQUEST_LOST)
    with pytest.raises(PersonalizeRetryableError, match="retry"):
        run(row, work, PLAIN)
    returned = run(row, work, REPEATING)
    assert work.results() == [returned]


@by_mode
@pytest.mark.parametrize("row", [row for row in WAITING if row.failed], ids=lambda row: row.name)
def test_what_failed_fails_the_task_with_the_reason(row: Row, mode: Mode, world: World) -> None:
    work = row.work(world)
    failed = Telling(row.failed, REASON, within=row.on_its_way.within)
    world.proxy.tell(row.look, *[None] * row.looks_before, row.on_its_way, *[failed] * 3)
    with pytest.raises(PersonalizeResourceFailedError, match=row.failed) as raised:
        run(row, work, REPEATING, mode)
    assert "clear this task" in str(raised.value)
    assert (REASON in str(raised.value)) == has_reason(row)


def has_reason(row: Row) -> bool:
    """Whether the service's model gives this kind of resource, or its update, a reason of failure."""
    shape = Session().get_service_model("personalize").operation_model(row.look).output_shape
    (shape,) = shape.members.values()
    if row.on_its_way.within:
        shape = shape.members[row.on_its_way.within]
    return "failureReason" in shape.members


@by_mode
@by_waiting_row
def test_an_unknown_status_is_waited_for_and_never_taken_for_success(row: Row, mode: Mode, world: World) -> None:
    unknown = Telling("CREATE SUSPENDED", within=row.on_its_way.within)
    work = row.work(world)
    before = [None] * row.looks_before
    world.proxy.tell(row.look, *before, *[unknown] * 30)
    with pytest.raises(PersonalizeRetryableError, match="retry"):
        run(row, work, REPEATING, mode)
    world.proxy.heal()
    world.proxy.tell(row.look, *before, *[unknown] * 3)
    returned = run(row, work, REPEATING, mode)
    assert work.results() == [returned]
