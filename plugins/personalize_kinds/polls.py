"""The result of one poll of a resource while waiting for an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from personalize_kinds.codes import NOT_FOUND, passes
from personalize_kinds.kinds import Kind
from personalize_kinds.statuses import Outcome, Progress, progress

_NO_STATUS = "not known"


@dataclass(frozen=True, slots=True)
class Poll:
    """The state of an outcome, and the status and failure reason that it follows from."""

    state: Progress
    status: str
    failure_reason: str = ""

    @classmethod
    def of(cls, kind: Kind, outcome: Outcome, response: Mapping[str, Any]) -> Poll:
        """Read the response, or the error response, of a describe operation.

        An update that the description does not show yet, and an unknown status, mean "retry". So do errors, except for
        the one of a deleted resource.
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
    """Return whether an error of a describe operation can occur while waiting, and does not end the wait."""
    code = error_response["Error"].get("Code", "")
    http_status = error_response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return passes(code, http_status) or (outcome == "deleted" and code == NOT_FOUND)
