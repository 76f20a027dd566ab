"""Which refusals of the service a person can wait out, and which need something to be changed first."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from aisle.errors import AisleError, FinalError, RetryableError
from services.resources.clients import told_plainly


@pytest.mark.parametrize(
    ("code", "http_status", "error"),
    [
        ("ThrottlingException", 400, RetryableError),
        ("TooManyRequestsException", 429, RetryableError),
        ("SlowDown", 400, RetryableError),
        ("InternalFailure", 500, RetryableError),
        ("InternalServerError", 500, RetryableError),
        ("502", 502, RetryableError),
        ("Odd", 507, RetryableError),
        ("AccessDeniedException", 400, FinalError),
        ("InvalidInputException", 400, FinalError),
        ("LimitExceededException", 400, FinalError),
    ],
)
def test_a_refusal_that_passes_can_be_tried_again(code: str, http_status: int, error: type[AisleError]) -> None:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": http_status}}
    with pytest.raises(AisleError) as refused, told_plainly():
        raise ClientError(response, "ListDatasetGroups")
    assert type(refused.value) is error
