from __future__ import annotations

from collections.abc import Collection
from typing import Any
from unittest.mock import Mock

import pytest

from aisle.errors import PersonalizeJobFailed, RetryableError
from aisle.groups.resource import Live
from aisle.resources.live import Service
from personalize_kinds import kinds


class Scripted(Service):
    """A service that returns the given descriptions in turn; the last one for ever."""

    def __init__(self, *looks: Any, patience_seconds: float = 5) -> None:
        super().__init__(client=Mock(), poll_seconds=0.01, patience_seconds=patience_seconds)
        self.looks = list(looks)

    def _next(self) -> Any:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def group(self, name: str, schemas: Collection[str] = ()) -> list[Live]:
        return [Live(kinds.FILTER, "f", {}, state=self._next())]

    def describe_if_exists(self, kind: kinds.Kind, arn: str) -> Any:
        return self._next()


def test_a_group_is_looked_at_until_nothing_of_it_is_on_its_way() -> None:
    service = Scripted("busy", "busy", "ready")
    assert [resource.state for resource in service.settled("shop")] == ["ready"]
    assert service.looks == ["ready"]


def test_waiting_ends_with_an_error_that_can_be_tried_again() -> None:
    with pytest.raises(RetryableError, match=r"0\.05 s.*dataset group shop"):
        Scripted("busy", patience_seconds=0.05).settled("shop")


def test_an_update_is_waited_for_and_its_failure_reported() -> None:
    def campaign(**update: str) -> dict[str, Any]:
        return {"status": "ACTIVE", "latestCampaignUpdate": update}

    service = Scripted(campaign(status="CREATE PENDING"), campaign(status="ACTIVE"))
    service.ready(kinds.CAMPAIGN, "arn")
    assert len(service.looks) == 1
    failing = Scripted(campaign(status="CREATE PENDING"), campaign(status="CREATE FAILED", failureReason="no room"))
    with pytest.raises(PersonalizeJobFailed, match=r"campaign arn.*CREATE FAILED - no room"):
        failing.ready(kinds.CAMPAIGN, "arn")


@pytest.mark.parametrize("reason", ["no room", "no room.", "No room. Delete one."])
def test_the_reason_of_a_failure_ends_with_a_single_full_stop(reason: str) -> None:
    failing = Scripted({"status": "CREATE FAILED", "failureReason": reason})
    with pytest.raises(PersonalizeJobFailed, match=r"[a-z]\. Fix what") as caught:
        failing.ready(kinds.CAMPAIGN, "arn")
    assert ".." not in str(caught.value)


def test_what_vanishes_while_it_is_waited_for_is_a_failure() -> None:
    with pytest.raises(PersonalizeJobFailed, match="gone"):
        Scripted({"status": "CREATE PENDING"}, None).ready(kinds.FILTER, "arn")
