from __future__ import annotations

import pytest
from airflow.providers.amazon.aws.utils.waiter_with_logging import RETRIABLE_ERROR_CODES
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from personalize_kinds.codes import FAULTS, PASSING, QUOTA_REACHED, THROTTLED, is_throttling, passes


def test_every_code_by_which_botocore_knows_throttling_and_that_this_service_can_send_is_there() -> None:
    """The two others belong to EC2 and DynamoDB; LimitExceededException is a quota here."""
    others = {QUOTA_REACHED, "EC2ThrottledException", "TransactionInProgressException"}
    botocores = {*ThrottledRetryableChecker._THROTTLED_ERROR_CODES, *TransientRetryableChecker._TRANSIENT_ERROR_CODES}
    assert botocores - others <= PASSING


def test_every_code_that_the_providers_waiters_try_again_passes_but_for_a_quota() -> None:
    assert RETRIABLE_ERROR_CODES - {QUOTA_REACHED} <= PASSING


@pytest.mark.parametrize(
    ("code", "http_status", "throttled", "passing"),
    [
        ("ThrottlingException", 400, True, True),
        ("TooManyRequestsException", 429, True, True),
        ("RequestLimitExceeded", 0, True, True),
        ("429", 429, True, True),
        ("Odd", 429, True, True),
        ("InternalServerError", 500, False, True),
        ("ServiceUnavailable", 503, False, True),
        ("502", 502, False, True),
        ("Odd", 507, False, True),
        ("RequestTimeout", 400, False, True),
        ("LimitExceededException", 400, False, False),
        ("ResourceInUseException", 409, False, False),
        ("ResourceNotFoundException", 404, False, False),
        ("InvalidInputException", 400, False, False),
        ("AccessDeniedException", 403, False, False),
        ("", 0, False, False),
    ],
)
def test_a_code_says_whether_the_same_call_can_succeed_later(
    code: str, http_status: int, throttled: bool, passing: bool
) -> None:
    assert (is_throttling(code, http_status), passes(code, http_status)) == (throttled, passing)


def test_a_code_is_throttling_or_a_fault_and_not_both() -> None:
    assert THROTTLED.isdisjoint(FAULTS)
