from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from personalize_kinds.kinds import CAMPAIGN, DATASET, KINDS, SOLUTION_VERSION, Kind
from personalize_kinds.polls import Poll, is_part_of_waiting
from personalize_kinds.statuses import MEANINGS, Outcome, progress


@pytest.mark.parametrize(("kind", "status"), product(KINDS.values(), MEANINGS), ids=str)
@pytest.mark.parametrize("outcome", ["active", "updated", "stopped", "deleted"])
def test_a_poll_shows_what_the_status_table_says(kind: Kind, status: str, outcome: Outcome) -> None:
    shown = {"status": status, "failureReason": "why"}
    description = {"status": "ACTIVE", kind.update_member: shown} if outcome == "updated" else shown
    assert Poll.of(kind, outcome, {kind.member: description}) == Poll(progress(status, outcome), status, "why")


@pytest.mark.parametrize(
    ("kind", "outcome", "response"),
    [
        (CAMPAIGN, "updated", {"campaign": {"status": "ACTIVE"}}),
        (CAMPAIGN, "active", {"campaign": {}}),
        (DATASET, "updated", {"dataset": {"status": "UPDATE FAILED", "latestDatasetUpdate": {}}}),
        (SOLUTION_VERSION, "active", {}),
    ],
)
def test_what_the_service_does_not_say_yet_is_waited_for(kind: Kind, outcome: Outcome, response: Any) -> None:
    assert Poll.of(kind, outcome, response) == Poll("retry", "not known")


@pytest.mark.parametrize(
    ("code", "http_status", "outcome", "state", "expected"),
    [
        ("ResourceNotFoundException", 400, "deleted", "success", True),
        ("ResourceNotFoundException", 400, "active", "retry", False),
        ("ThrottlingException", 400, "active", "retry", True),
        ("ThrottlingException", 400, "deleted", "retry", True),
        ("503", 503, "stopped", "retry", True),
        ("Odd", 507, "updated", "retry", True),
        ("AccessDeniedException", 400, "deleted", "retry", False),
        ("InvalidInputException", 400, "active", "retry", False),
    ],
)
def test_an_error_says_that_something_is_gone_or_nothing(
    code: str, http_status: int, outcome: Outcome, state: str, expected: bool
) -> None:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": http_status}}
    assert Poll.of(CAMPAIGN, outcome, response) == Poll("success" if state == "success" else "retry", code)
    assert is_part_of_waiting(outcome, response) is expected


def test_a_poll_is_written_with_its_reason_if_it_has_one() -> None:
    assert str(Poll("failure", "CREATE FAILED", "no room")) == "CREATE FAILED - no room"
    assert str(Poll("retry", "CREATE PENDING")) == "CREATE PENDING"
