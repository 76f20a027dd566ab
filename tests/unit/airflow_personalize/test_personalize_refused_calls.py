"""Calls that the service refuses or does not answer: what is final, and what a retry may solve."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from airflow_personalize.exceptions import PersonalizeFinalError, PersonalizeRetryableError
from tests.unit.airflow_personalize.create_cases import GROUP_CASE, Stub, expect, listed


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InvalidInputException", PersonalizeFinalError),
        ("ResourceNotFoundException", PersonalizeFinalError),
        ("AccessDeniedException", PersonalizeFinalError),
        ("ResourceInUseException", PersonalizeRetryableError),
        ("LimitExceededException", PersonalizeRetryableError),
        ("ThrottlingException", PersonalizeRetryableError),
        ("InternalFailure", PersonalizeRetryableError),
        ("500", PersonalizeRetryableError),
    ],
)
def test_a_refused_call_says_what_was_tried_and_its_request_id(code: str, error: type[Exception], stub: Stub) -> None:
    operator = GROUP_CASE.make()
    stubber = stub(operator)
    stubber.add_client_error("create_dataset_group", code, "the text", response_meta={"RequestId": "r-1"})
    if code in ("ResourceInUseException", "LimitExceededException"):
        expect(stubber, listed(GROUP_CASE))
    with pytest.raises(error, match=f"dataset group run.*{code}.*the text.*r-1"):
        operator.execute({})


def test_an_unknown_fault_of_the_service_may_be_retried(stub: Stub) -> None:
    operator = GROUP_CASE.make()
    stub(operator).add_client_error("create_dataset_group", "OddFault", http_status_code=507)
    with pytest.raises(PersonalizeRetryableError, match="OddFault"):
        operator.execute({})


def test_arguments_that_the_service_cannot_take_are_final() -> None:
    operator = GROUP_CASE.make(domain=7)
    with pytest.raises(PersonalizeFinalError, match=r"dataset group run.*Parameter validation failed"):
        operator.execute({})


def test_a_call_without_an_answer_may_be_retried(stub: Stub) -> None:
    operator = GROUP_CASE.make()
    operator.hook.conn.meta.events.register("before-call.personalize", _no_answer)
    with pytest.raises(PersonalizeRetryableError, match="dataset group run"):
        operator.execute({})


def _no_answer(**_: Any) -> None:
    raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
