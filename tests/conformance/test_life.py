"""Every operation, through boto3 and the `aws` command line, answers in the shape of the model."""

from __future__ import annotations

from typing import Any

import pytest

from services.engine.coverage import REFUSED, covered
from services.engine.protocol import CONTROL, SERVICES
from tests.conformance.drivers import SERVICE_OF, modelled_errors, output_shape, violations

#: Long on a busy machine: some hundred processes of `aws` are started.
pytestmark = pytest.mark.timeout(900)

COVERED = [name for service in SERVICES for name in covered(service)]
#: Recommenders do not exist, so that their operations find none.
ALWAYS_REFUSED = {*REFUSED, "DescribeRecommender", "DeleteRecommender"}


@pytest.mark.parametrize("operation", COVERED)
def test_answer_has_the_shape_of_the_model(lived: Any, operation: str) -> None:
    answers = [answer for answer in lived.answered_to_boto if answer.operation == operation and answer.error is None]
    assert answers or operation in ALWAYS_REFUSED, f"{operation} was never answered"
    for answer in answers:
        assert answer.status == 200
        assert [*violations(output_shape(operation), answer.body)] == []


@pytest.mark.parametrize("operation", COVERED)
def test_answer_travels_as_the_protocol_says(lived: Any, operation: str) -> None:
    kind = "application/x-amz-json-1.1" if SERVICE_OF[operation] == CONTROL else "application/json"
    answers = [answer for answer in lived.answered_to_boto if answer.operation == operation]
    assert answers
    for answer in answers:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        assert headers["content-type"] == kind
        assert len(headers["x-amzn-requestid"]) == 36
        if answer.error and SERVICE_OF[operation] != CONTROL:
            assert headers["x-amzn-errortype"] == answer.error


@pytest.mark.parametrize("operation", [*COVERED, *REFUSED])
def test_command_line_is_answered_as_boto3_is(lived: Any, operation: str) -> None:
    by_hand = [answer for answer in lived.answered_to_command_line if answer.operation == operation]
    by_boto = [answer for answer in lived.answered_to_boto if answer.operation == operation]
    assert by_hand
    assert {answer.error for answer in by_hand} == {answer.error for answer in by_boto}
    members = {frozenset(answer.body) for answer in by_boto if answer.error is None}
    assert {frozenset(answer.body) for answer in by_hand if answer.error is None} == members


def test_every_error_is_one_that_the_model_knows(lived: Any) -> None:
    refusals = [answer for answer in lived.answered_to_boto if answer.error]
    assert refusals
    for answer in refusals:
        assert modelled_errors(answer.operation)[answer.error] == answer.status, answer
        assert answer.body["message"]
