"""Every status of a resource and what it means.

A status is a free string in the service's model. The words are those that its documentation and its answers show; one
that is not here means `UNKNOWN`, which every reader treats as "not settled yet".

What a status means does not depend on who reads it. What follows from the meaning does: `progress` says it for somebody
who waits, `readiness` for somebody who plans changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Literal, NamedTuple

ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"
CREATE_PENDING, CREATE_IN_PROGRESS, CREATE_FAILED = "CREATE PENDING", "CREATE IN_PROGRESS", "CREATE FAILED"
CREATE_STOPPING, CREATE_STOPPED = "CREATE STOPPING", "CREATE STOPPED"
UPDATE_PENDING, UPDATE_IN_PROGRESS, UPDATE_FAILED = "UPDATE PENDING", "UPDATE IN_PROGRESS", "UPDATE FAILED"
DELETE_PENDING, DELETE_IN_PROGRESS = "DELETE PENDING", "DELETE IN_PROGRESS"


class Steps(NamedTuple):
    """The statuses that a change passes through: it is begun, under way, and ends in one of two."""

    pending: str
    in_progress: str
    done: str
    failed: str


CREATION = Steps(CREATE_PENDING, CREATE_IN_PROGRESS, ACTIVE, CREATE_FAILED)
#: The update of a dataset, in the dataset's own status as well. All other updates use the words of a creation.
DATASET_UPDATE = Steps(UPDATE_PENDING, UPDATE_IN_PROGRESS, ACTIVE, UPDATE_FAILED)
DATA_DELETION = Steps("PENDING", "IN_PROGRESS", "COMPLETED", "FAILED")


class Meaning(Enum):
    """What a status says about its resource."""

    READY = "it can be used; a job has succeeded"
    INACTIVE = "a recommender that was stopped: it exists and answers nobody"
    CREATING = "its creation, or the work of a job, is under way"
    CHANGING = "an update, a start or a stop is under way"
    STOPPING = "its creation is being abandoned"
    DELETING = "it is being deleted"
    STOPPED = "its creation was abandoned on request"
    FAILED = "its creation, or the work of a job, failed"
    UPDATE_FAILED = "its latest update failed; what it held before is still in use"
    UNKNOWN = "a status that this table does not have"


_STATUSES = {
    Meaning.READY: (ACTIVE, DATA_DELETION.done),
    Meaning.INACTIVE: (INACTIVE,),
    # The model's documentation of batch jobs has words without CREATE, one of them without the underscore.
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
#: What the service lets callers delete, and a campaign it lets them update.
SETTLED = (ACTIVE, CREATE_FAILED)


def meaning(status: str | None) -> Meaning:
    """Look up what a status means. None is the status of what has none, such as a schema: it is ready."""
    return Meaning.READY if status is None else MEANINGS.get(status, Meaning.UNKNOWN)


#: What can be waited for.
Outcome = Literal["active", "updated", "stopped", "deleted"]
#: What a status is for somebody who waits, in the words of botocore's waiters.
Progress = Literal["success", "retry", "failure"]

#: A wait fails on what no longer changes by itself, and on what changes into something else than is waited for.
_PROGRESS_TO_ACTIVE: Mapping[Meaning, Progress] = {
    Meaning.READY: "success",
    Meaning.CREATING: "retry",
    Meaning.CHANGING: "retry",
    Meaning.UNKNOWN: "retry",
    # A version that is being stopped does not become ACTIVE any more, nor does what is being deleted.
    Meaning.STOPPING: "failure",
    Meaning.DELETING: "failure",
    Meaning.INACTIVE: "failure",
    Meaning.STOPPED: "failure",
    Meaning.FAILED: "failure",
    # The old schema still serves, but whoever waits for ACTIVE has asked for the new one or is about to import into it.
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
    # Success is that it is not found: as long as it has a status it is still there.
    "deleted": dict.fromkeys(Meaning, "retry"),
}


def progress(status: str | None, outcome: Outcome = "active") -> Progress:
    """Say whether an outcome has come about, can still come about, or will not."""
    return _PROGRESS[outcome][meaning(status)]


#: What a resource is for somebody who plans changes: it can be changed now, later, or has to be created again.
Readiness = Literal["ready", "busy", "failed"]
_READINESS: Mapping[Meaning, Readiness] = {
    Meaning.READY: "ready",
    Meaning.INACTIVE: "ready",
    # It takes the next update, so it must not be deleted and created again.
    Meaning.UPDATE_FAILED: "ready",
    Meaning.CREATING: "busy",
    Meaning.CHANGING: "busy",
    Meaning.STOPPING: "busy",
    # Its name is taken until it is gone.
    Meaning.DELETING: "busy",
    Meaning.UNKNOWN: "busy",
    Meaning.STOPPED: "failed",
    Meaning.FAILED: "failed",
}


def readiness(status: str | None, update_status: str | None = None) -> Readiness:
    """Say whether a resource can be changed now, given its status and that of its latest update.

    A failed update leaves the resource as it was, and so counts for nothing here.
    """
    own = _READINESS[meaning(status)]
    return "busy" if own == "ready" and _READINESS[meaning(update_status)] == "busy" else own
