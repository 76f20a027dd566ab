"""What one look at a resource shows somebody who waits for an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from personalize_kinds.codes import NOT_FOUND, passes
from personalize_kinds.kinds import Kind
from personalize_kinds.statuses import Outcome, Progress, progress

_NO_STATUS = "not known"


class Poll(NamedTuple):
    """Whether an outcome has come about, and the status and reason that say so."""

    state: Progress
    status: str
    failure_reason: str = ""

    @classmethod
    def of(cls, kind: Kind, outcome: Outcome, response: Mapping[str, Any]) -> Poll:
        """Read the response of a describe operation, or the error response that it ended in.

        An update that the description does not show yet, and an unknown status, mean "retry". So do errors: they say
        nothing about the resource, but for the one by which a deleted one is known.
        """
        if "Error" in response:
            code = response["Error"].get("Code", _NO_STATUS)
            return cls("success" if outcome == "deleted" and code == NOT_FOUND else "retry", code)
        description = response.get(kind.member, {})
        latest = description.get(kind.update_member, {}) if outcome == "updated" else description
        status = latest.get("status")
        reason = latest.get("failureReason") or ""
        return cls(progress(status, outcome), status, reason) if status else cls("retry", _NO_STATUS, reason)

    def __str__(self) -> str:
        return f"{self.status} - {self.failure_reason}" if self.failure_reason else self.status


def is_part_of_waiting(outcome: Outcome, error_response: Mapping[str, Any]) -> bool:
    """Say whether an error of a describe operation is to be expected while waiting, and no reason to end it."""
    code = error_response["Error"].get("Code", "")
    http_status = error_response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return passes(code, http_status) or (outcome == "deleted" and code == NOT_FOUND)
