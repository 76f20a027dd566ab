"""Metrics out, events in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from airflow_personalize.exceptions import PersonalizeFinalError, PersonalizeRetryableError
from airflow_personalize.operators.personalize import (
    PersonalizeGetSolutionMetricsOperator,
    PersonalizePutEventsOperator,
)

Stub = Callable[[Any], Stubber]

VERSION = "arn:aws:personalize:us-east-1:000000000000:solution/sims/run"
SENT_AT = datetime(2026, 11, 1, tzinfo=UTC)


def event(number: int, user: str | None = "u1", session: str = "s1") -> dict[str, Any]:
    whose = {"userId": user} if user else {}
    return {**whose, "sessionId": session, "eventId": f"e{number}", "eventType": "click", "sentAt": SENT_AT}


def sent(*numbers: int) -> list[dict[str, Any]]:
    return [{"eventId": f"e{number}", "eventType": "click", "sentAt": SENT_AT} for number in numbers]


def test_metrics_are_returned_by_name(stub: Stub) -> None:
    operator = PersonalizeGetSolutionMetricsOperator(task_id="task", arn=VERSION)
    answer = {"solutionVersionArn": VERSION, "metrics": {"coverage": 0.27, "precision_at_5": 0.1}}
    stub(operator).add_response("get_solution_metrics", answer, {"solutionVersionArn": VERSION})
    assert operator.execute({}) == {"coverage": 0.27, "precision_at_5": 0.1}


def test_metrics_of_a_training_that_has_not_ended_may_be_retried(stub: Stub) -> None:
    operator = PersonalizeGetSolutionMetricsOperator(task_id="task", arn=VERSION)
    stub(operator).add_client_error("get_solution_metrics", "ResourceInUseException", "not ACTIVE")
    with pytest.raises(PersonalizeRetryableError, match=f"{VERSION}.*not ACTIVE"):
        operator.execute({})


def test_an_event_goes_over_the_wire_as_it_came_but_for_whose_it_is(stub: Stub) -> None:
    operator = PersonalizePutEventsOperator(task_id="task", tracking_id="t-1", events=[event(1), event(2)])
    stub(operator).add_response(
        "put_events", {}, {"trackingId": "t-1", "userId": "u1", "sessionId": "s1", "eventList": sent(1, 2)}
    )
    assert operator.execute({}) == 2


def test_no_events_are_no_calls(stub: Stub) -> None:
    operator = PersonalizePutEventsOperator(task_id="task", tracking_id="t-1", events=[])
    stub(operator)
    assert operator.execute({}) == 0


def test_an_unknown_tracker_is_final(stub: Stub) -> None:
    operator = PersonalizePutEventsOperator(task_id="task", tracking_id="t-1", events=[event(1)])
    stub(operator).add_client_error("put_events", "InvalidInputException", "no such tracker", http_status_code=400)
    with pytest.raises(PersonalizeFinalError, match=r"t-1.*no such tracker"):
        operator.execute({})
