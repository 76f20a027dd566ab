"""Every status of a resource and its meaning.

A status is a free string in the service's model. The statuses here are those of its documentation and its answers; any
other means `UNKNOWN`, which every reader treats as "not settled yet".

The meaning of a status is the same for all readers. The consequences are not: `progress` is for waiting, `readiness`
for planning changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Literal

ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"
CREATE_PENDING, CREATE_IN_PROGRESS, CREATE_FAILED = "CREATE PENDING", "CREATE IN_PROGRESS", "CREATE FAILED"
CREATE_STOPPING, CREATE_STOPPED = "CREATE STOPPING", "CREATE STOPPED"
UPDATE_PENDING, UPDATE_IN_PROGRESS, UPDATE_FAILED = "UPDATE PENDING", "UPDATE IN_PROGRESS", "UPDATE FAILED"
DELETE_PENDING, DELETE_IN_PROGRESS = "DELETE PENDING", "DELETE IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class Steps:
    """The statuses of a change: pending, in progress, and either done or failed."""

    pending: str
    in_progress: str
    done: str
    failed: str

    @property
    def statuses(self) -> tuple[str, ...]:
        return self.pending, self.in_progress, self.done, self.failed


CREATION = Steps(CREATE_PENDING, CREATE_IN_PROGRESS, ACTIVE, CREATE_FAILED)
#: The update of a dataset, which the dataset's own status shows too. All other updates have the statuses of a creation.
DATASET_UPDATE = Steps(UPDATE_PENDING, UPDATE_IN_PROGRESS, ACTIVE, UPDATE_FAILED)
DATA_DELETION = Steps("PENDING", "IN_PROGRESS", "COMPLETED", "FAILED")


class Meaning(Enum):
    """The meaning of a status."""

    READY = "it can be used; a job has succeeded"
    INACTIVE = "a recommender that was stopped: it exists but does not answer"
    CREATING = "its creation, or the work of a job, is under way"
    CHANGING = "an update, a start or a stop is under way"
    STOPPING = "its creation is being abandoned"
    DELETING = "it is being deleted"
    STOPPED = "its creation was abandoned on request"
    FAILED = "its creation, or the work of a job, failed"
    UPDATE_FAILED = "its latest update failed; the state before it is still in use"
    UNKNOWN = "a status that this table does not have"


_STATUSES = {
    Meaning.READY: (ACTIVE, DATA_DELETION.done),
    Meaning.INACTIVE: (INACTIVE,),
    # The documentation of batch jobs has statuses without CREATE, one of them without the underscore.
    Meaning.CREATING: (
        CREATE_PENDING, CREATE_IN_PROGRESS, DATA_DELETION.pending, DATA_DELETION.in_progress, "IN PROGRESS",
    ),
    Meaning.CHANGING: (
        UPDATE_PENDING, UPDATE_IN_PROGRESS, "START PENDING", "START IN_PROGRESS", "STOP PENDING", "STOP IN_PROGRESS",
    ),
    Meaning.STOPPING: (CREATE_STOPPING,),
    Meaning.DELETING: (DELETE_PENDING, DELETE_IN_PROGRESS),
    Meaning.STOPPED: (CREATE_STOPPED,),
    Meaning.FAILED: (CREATE_FAILED, DATA_DELETION.failed),
    Meaning.UPDATE_FAILED: (UPDATE_FAILED,),
}  # fmt: skip
MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {status: meaning for meaning, statuses in _STATUSES.items() for status in statuses}
)

CREATING = _STATUSES[Meaning.CREATING]
DELETING = _STATUSES[Meaning.DELETING]
#: The statuses in which resources can be deleted, and campaigns updated.
SETTLED = (ACTIVE, CREATE_FAILED)


def meaning(status: str | None) -> Meaning:
    """Look up the meaning of a status. None, for resources without a status such as schemas, means ready."""
    return Meaning.READY if status is None else MEANINGS.get(status, Meaning.UNKNOWN)


#: The outcomes to wait for.
Outcome = Literal["active", "updated", "stopped", "deleted"]
#: The consequence of a status for a wait, in the words of botocore's waiters.
Progress = Literal["success", "retry", "failure"]

#: A wait fails on a status that no longer changes by itself, or that leads to another outcome.
_PROGRESS_TO_ACTIVE: Mapping[Meaning, Progress] = {
    Meaning.READY: "success",
    Meaning.CREATING: "retry",
    Meaning.CHANGING: "retry",
    Meaning.UNKNOWN: "retry",
    # A version that is being stopped, or a resource that is being deleted, does not become ACTIVE any more.
    Meaning.STOPPING: "failure",
    Meaning.DELETING: "failure",
    Meaning.INACTIVE: "failure",
    Meaning.STOPPED: "failure",
    Meaning.FAILED: "failure",
    # The old schema is still in use, but a caller that waits for ACTIVE has set the new one, or is about to import.
    Meaning.UPDATE_FAILED: "failure",
}
_PROGRESS_TO_STOPPED: Mapping[Meaning, Progress] = {
    **dict.fromkeys(Meaning, "failure"),
    Meaning.STOPPED: "success",
    Meaning.STOPPING: "retry",
    Meaning.CREATING: "retry",
    Meaning.CHANGING: "retry",
    Meaning.UNKNOWN: "retry",
}
_PROGRESS: Mapping[Outcome, Mapping[Meaning, Progress]] = {
    "active": _PROGRESS_TO_ACTIVE,
    "updated": _PROGRESS_TO_ACTIVE,
    "stopped": _PROGRESS_TO_STOPPED,
    # Success is that it is not found: with any status it still exists.
    "deleted": dict.fromkeys(Meaning, "retry"),
}


def progress(status: str | None, outcome: Outcome = "active") -> Progress:
    """Return whether an outcome has come about, can still come about, or cannot."""
    return _PROGRESS[outcome][meaning(status)]


#: Whether a resource can be changed now, later, or has to be created again.
Readiness = Literal["ready", "busy", "failed"]
_READINESS: Mapping[Meaning, Readiness] = {
    Meaning.READY: "ready",
    Meaning.INACTIVE: "ready",
    # It accepts another update, so it must not be deleted and created again.
    Meaning.UPDATE_FAILED: "ready",
    Meaning.CREATING: "busy",
    Meaning.CHANGING: "busy",
    Meaning.STOPPING: "busy",
    # Its name stays taken until the deletion has ended.
    Meaning.DELETING: "busy",
    Meaning.UNKNOWN: "busy",
    Meaning.STOPPED: "failed",
    Meaning.FAILED: "failed",
}


def readiness(status: str | None, update_status: str | None = None) -> Readiness:
    """Return whether a resource can be changed now, given its status and that of its latest update.

    A failed update leaves the resource as it was, so it does not count.
    """
    own = _READINESS[meaning(status)]
    return "busy" if own == "ready" and _READINESS[meaning(update_status)] == "busy" else own
