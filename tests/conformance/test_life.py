"""Every operation, through boto3 and through the `aws` command line, answers as its shape says."""

from __future__ import annotations

from typing import Any

import pytest

from services.engine.coverage import REFUSED, covered
from services.engine.protocol import CONTROL, SERVICES
from tests.conformance.drivers import SERVICE_OF, modelled_errors, output_shape, violations

#: Lives are long where the machine is busy: some hundred processes of `aws` are started.
pytestmark = pytest.mark.timeout(900)

COVERED = [name for service in SERVICES for name in covered(service)]
#: Recommenders do not exist, so that their operations find none.
ALWAYS_REFUSED = {*REFUSED, "DescribeRecommender", "DeleteRecommender"}


@pytest.mark.parametrize("operation", COVERED)
def test_answer_has_the_shape_of_the_model(lived: Any, operation: str) -> None:
    answers = [one for one in lived.answered_to_boto if one.operation == operation and one.error is None]
    assert answers or operation in ALWAYS_REFUSED, f"{operation} was never answered"
    for one in answers:
        assert one.status == 200
        assert [*violations(output_shape(operation), one.body)] == []


@pytest.mark.parametrize("operation", COVERED)
def test_answer_travels_as_the_protocol_says(lived: Any, operation: str) -> None:
    kind = "application/x-amz-json-1.1" if SERVICE_OF[operation] == CONTROL else "application/json"
    answers = [one for one in lived.answered_to_boto if one.operation == operation]
    assert answers
    for one in answers:
        headers = {name.lower(): value for name, value in one.headers.items()}
        assert headers["content-type"] == kind
        assert len(headers["x-amzn-requestid"]) == 36
        if one.error and SERVICE_OF[operation] != CONTROL:
            assert headers["x-amzn-errortype"] == one.error


@pytest.mark.parametrize("operation", [*COVERED, *REFUSED])
def test_command_line_is_answered_as_boto3_is(lived: Any, operation: str) -> None:
    by_hand = [one for one in lived.answered_to_command_line if one.operation == operation]
    by_boto = [one for one in lived.answered_to_boto if one.operation == operation]
    assert by_hand
    assert {one.error for one in by_hand} == {one.error for one in by_boto}
    members = {frozenset(one.body) for one in by_boto if one.error is None}
    assert {frozenset(one.body) for one in by_hand if one.error is None} == members


def test_every_error_is_one_that_the_model_knows(lived: Any) -> None:
    refusals = [one for one in lived.answered_to_boto if one.error]
    assert refusals
    for one in refusals:
        assert modelled_errors(one.operation)[one.error] == one.status, one
        assert one.body["message"]
