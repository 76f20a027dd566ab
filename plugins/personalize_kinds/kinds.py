"""Every kind of resource. The service names its operations, members and ARNs after its kinds.

Exceptions have fields or properties of their own: a version's ARN is below its solution's, only the list of filters has
a capital, a schema has no tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from personalize_kinds.statuses import (
    CREATE_STOPPED,
    CREATE_STOPPING,
    CREATION,
    DATA_DELETION,
    DATASET_UPDATE,
    DELETING,
    INACTIVE,
    Outcome,
    Readiness,
    Steps,
    progress,
    readiness,
)


@dataclass(frozen=True)
class Kind:
    """One kind of resource; two kinds are equal if their names are.

    name            in snake case, as in boto3's methods: `dataset_import_job`
    parent_member   the member that filters its list operation; None: the operation lists the whole region
    creation        the statuses of its creation, or of its work if it is a job
    update          the statuses of its latest update, if its description has one
    other_statuses  further statuses, besides creation, deletion and an update that its own status shows
    is_single       whether a dataset group has at most one, whatever its name
    """

    name: str
    parent_member: str | None = field(default="datasetGroupArn", compare=False)
    creation: Steps = field(default=CREATION, compare=False)
    update: Steps = field(default=CREATION, compare=False)
    other_statuses: tuple[str, ...] = field(default=(), compare=False)
    has_status: bool = field(default=True, compare=False)
    has_tags: bool = field(default=True, compare=False)
    can_be_deleted: bool = field(default=True, compare=False)
    is_single: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The name as text: `dataset import job`."""
        return self.name.replace("_", " ")

    @property
    def noun(self) -> str:
        """The name as in operations: `DatasetImportJob`."""
        return "".join(word.title() for word in self.name.split("_"))

    @property
    def member(self) -> str:
        """The member of a describe operation's answer with the resource: `datasetImportJob`."""
        return self.noun[0].lower() + self.noun[1:]

    @property
    def arn_member(self) -> str:
        """The member with its ARN: `datasetImportJobArn`."""
        return f"{self.member}Arn"

    @property
    def list_member(self) -> str:
        """The member of a list operation's answer: `datasetImportJobs`; that of filters alone is `Filters`."""
        return "Filters" if self.name == "filter" else f"{self.member}s"

    @property
    def update_member(self) -> str:
        """The member of its description with the latest update: `latestCampaignUpdate`."""
        return f"latest{self.noun}Update"

    @property
    def arn_type(self) -> str:
        """The type in its ARN: `dataset-import-job`; for a version it is that of its solution."""
        return "solution" if self.name == "solution_version" else self.name.replace("_", "-")

    @property
    def is_job(self) -> bool:
        """Whether it is a job, which ends and stays listed for ever."""
        return self.name.endswith("_job")

    @property
    def is_work(self) -> bool:
        """Whether it is work that takes minutes to hours: a job, or the training of a version."""
        return self.is_job or self.name == "solution_version"

    @property
    def shows_update(self) -> bool:
        """Whether its own status shows an update: only a dataset's does, all others stay ACTIVE."""
        return self.update == DATASET_UPDATE

    @property
    def statuses(self) -> tuple[str, ...]:
        """Every status that it can have."""
        if not self.has_status:
            return ()
        own_update = self.update.statuses if self.shows_update else ()
        deletion = DELETING if self.can_be_deleted else ()
        return tuple(dict.fromkeys((*self.creation.statuses, *own_update, *self.other_statuses, *deletion)))

    def status_path(self, outcome: Outcome) -> str:
        """Return the path of the status for an outcome, in a describe operation's answer: `campaign.status`."""
        return f"{self.member}.{self.update_member}.status" if outcome == "updated" else f"{self.member}.status"

    def own_arn(self, arn: str) -> str:
        """Return the ARN of this kind that an ARN is below: the solution's for a version's."""
        return "/".join(arn.split("/")[:2]) if self.name == "solution" else arn

    def readiness(self, description: Mapping[str, Any]) -> Readiness:
        """Return, from a description, whether the resource can be changed now, later, or has failed."""
        return readiness(description.get("status"), description.get(self.update_member, {}).get("status"))

    def is_ready(self, summary: Mapping[str, Any]) -> bool:
        """Return, from a description or a summary, whether the resource can be used, or the job has succeeded."""
        return progress(summary.get("status")) == "success"


DATASET_GROUP = Kind("dataset_group", parent_member=None)
SCHEMA = Kind("schema", parent_member=None, has_status=False, has_tags=False)
DATASET = Kind("dataset", update=DATASET_UPDATE)
DATASET_IMPORT_JOB = Kind("dataset_import_job", parent_member="datasetArn", can_be_deleted=False)
DATASET_EXPORT_JOB = Kind("dataset_export_job", parent_member="datasetArn", can_be_deleted=False)
DATA_DELETION_JOB = Kind("data_deletion_job", creation=DATA_DELETION, can_be_deleted=False)
EVENT_TRACKER = Kind("event_tracker", is_single=True)
METRIC_ATTRIBUTION = Kind("metric_attribution", has_tags=False, is_single=True)
FILTER = Kind("filter")
SOLUTION = Kind("solution")
SOLUTION_VERSION = Kind(
    "solution_version", parent_member="solutionArn", other_statuses=(CREATE_STOPPING, CREATE_STOPPED)
)
CAMPAIGN = Kind("campaign", parent_member="solutionArn")
RECOMMENDER = Kind(
    "recommender",
    other_statuses=("STOP PENDING", "STOP IN_PROGRESS", INACTIVE, "START PENDING", "START IN_PROGRESS"),
)
#: Documented with statuses of their own, but observed with those of a creation.
_BATCH_STATUSES = ("PENDING", "IN PROGRESS", "IN_PROGRESS", "FAILED")
BATCH_INFERENCE_JOB = Kind(
    "batch_inference_job", parent_member="solutionVersionArn", other_statuses=_BATCH_STATUSES, can_be_deleted=False
)
BATCH_SEGMENT_JOB = Kind(
    "batch_segment_job", parent_member="solutionVersionArn", other_statuses=_BATCH_STATUSES, can_be_deleted=False
)
#: The service's own: can be listed and described, but not created.
RECIPE = Kind("recipe", parent_member=None, can_be_deleted=False, has_tags=False)

#: The kinds that callers create, by noun.
KINDS: Mapping[str, Kind] = {
    kind.noun: kind
    for kind in (
        DATASET_GROUP, SCHEMA, DATASET, DATASET_IMPORT_JOB, DATASET_EXPORT_JOB, DATA_DELETION_JOB, EVENT_TRACKER,
        METRIC_ATTRIBUTION, FILTER, SOLUTION, SOLUTION_VERSION, CAMPAIGN, RECOMMENDER, BATCH_INFERENCE_JOB,
        BATCH_SEGMENT_JOB,
    )
}  # fmt: skip
#: The kinds that a dataset group is set up with, in order of creation. Deletion needs the reverse order.
IN_ORDER_OF_CREATION = (
    DATASET_GROUP, SCHEMA, DATASET, EVENT_TRACKER, SOLUTION, FILTER, METRIC_ATTRIBUTION, CAMPAIGN, RECOMMENDER,
)  # fmt: skip
