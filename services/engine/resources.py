"""The things that the API creates: their kinds, their ARNs and the one record behind Describe and List."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.engine.errors import InvalidInput

ACCOUNT_ID = "000000000000"
DEFAULT_REGION = "us-east-1"

ACTIVE = "ACTIVE"
CREATE_PENDING, CREATE_IN_PROGRESS, CREATE_FAILED = "CREATE PENDING", "CREATE IN_PROGRESS", "CREATE FAILED"
CREATE_STOPPING, CREATE_STOPPED = "CREATE STOPPING", "CREATE STOPPED"
UPDATE_PENDING, UPDATE_IN_PROGRESS, UPDATE_FAILED = "UPDATE PENDING", "UPDATE IN_PROGRESS", "UPDATE FAILED"
DELETE_PENDING, DELETE_IN_PROGRESS = "DELETE PENDING", "DELETE IN_PROGRESS"


class Words(NamedTuple):
    """The statuses that a course of events passes through: begun, under way, and its two ends."""

    pending: str
    in_progress: str
    done: str
    failed: str


CREATION = Words(CREATE_PENDING, CREATE_IN_PROGRESS, ACTIVE, CREATE_FAILED)
#: A dataset alone shows an update in its own status too.
DATASET_UPDATE = Words(UPDATE_PENDING, UPDATE_IN_PROGRESS, ACTIVE, UPDATE_FAILED)
DELETION_OF_DATA = Words("PENDING", "IN_PROGRESS", "COMPLETED", "FAILED")

CREATING = (CREATE_PENDING, CREATE_IN_PROGRESS, DELETION_OF_DATA.pending, DELETION_OF_DATA.in_progress)
DELETING = (DELETE_PENDING, DELETE_IN_PROGRESS)
SETTLED = (ACTIVE, CREATE_FAILED)

_ARN = re.compile(r"arn:[a-z\d-]+:personalize:(?P<region>[^:]*):(?P<account>[^:]*):(?P<tail>.+)")


class Kind(NamedTuple):
    """One kind of resource. Every name on the wire follows from the noun in its operations' names."""

    noun: str
    tail: str
    list_key: str | None = None
    creation: Words = CREATION
    update: Words = CREATION

    @property
    def wrapper(self) -> str:
        """The key under which Describe answers: `datasetGroup`."""
        return self.noun[0].lower() + self.noun[1:]

    @property
    def arn_member(self) -> str:
        return f"{self.wrapper}Arn"

    @property
    def plural(self) -> str:
        """The key under which List answers; the service writes that of filters with a capital."""
        return self.list_key or f"{self.wrapper}s"

    @property
    def update_member(self) -> str:
        """The key in Describe's answer that tells of the latest update: `latestCampaignUpdate`."""
        return f"latest{self.noun}Update"

    def named_by(self, arn: str) -> str:
        """The ARN of this kind that an ARN stands for: a solution's version, as in the service, for its solution."""
        return "/".join(arn.split("/")[:2]) if self.noun == "Solution" else arn

    @property
    def shows_update(self) -> bool:
        """Whether the status of the resource itself tells of an update; that of a dataset does, uniquely."""
        return self.update != CREATION


DATASET_GROUP = Kind("DatasetGroup", "dataset-group")
SCHEMA = Kind("Schema", "schema")
DATASET = Kind("Dataset", "dataset", update=DATASET_UPDATE)
DATASET_IMPORT_JOB = Kind("DatasetImportJob", "dataset-import-job")
SOLUTION = Kind("Solution", "solution")
SOLUTION_VERSION = Kind("SolutionVersion", "solution")
CAMPAIGN = Kind("Campaign", "campaign")
RECOMMENDER = Kind("Recommender", "recommender")
FILTER = Kind("Filter", "filter", list_key="Filters")
EVENT_TRACKER = Kind("EventTracker", "event-tracker")
BATCH_INFERENCE_JOB = Kind("BatchInferenceJob", "batch-inference-job")
BATCH_SEGMENT_JOB = Kind("BatchSegmentJob", "batch-segment-job")
DATASET_EXPORT_JOB = Kind("DatasetExportJob", "dataset-export-job")
DATA_DELETION_JOB = Kind("DataDeletionJob", "data-deletion-job", creation=DELETION_OF_DATA)
METRIC_ATTRIBUTION = Kind("MetricAttribution", "metric-attribution")
KINDS = {
    kind.noun: kind
    for kind in (
        DATASET_GROUP, SCHEMA, DATASET, DATASET_IMPORT_JOB, DATASET_EXPORT_JOB, DATA_DELETION_JOB, EVENT_TRACKER,
        METRIC_ATTRIBUTION, FILTER, SOLUTION, SOLUTION_VERSION, CAMPAIGN, RECOMMENDER, BATCH_INFERENCE_JOB,
        BATCH_SEGMENT_JOB,
    )
}  # fmt: skip


@dataclass
class Resource:
    """One resource. `body` holds members of the wire, `inner` what only the engine knows."""

    kind: Kind
    arn: str
    body: dict[str, Any]
    inner: dict[str, Any] = field(default_factory=dict)
    seq: int = 0

    @classmethod
    def create(cls, kind: Kind, region: str, name: str, body: Mapping[str, Any], **inner: Any) -> Resource:
        """A new resource; `name` is what its ARN ends in after the kind's tail."""
        arn = f"arn:aws:personalize:{region}:{ACCOUNT_ID}:{kind.tail}/{name}"
        now = time.time()
        times = {"creationDateTime": now, "lastUpdatedDateTime": now}
        return cls(kind, arn, {**body, kind.arn_member: arn, **times}, inner)

    @property
    def status(self) -> str | None:
        """None for a schema, which has no status at all."""
        return self.body.get("status")

    @property
    def region(self) -> str:
        return parse_arn(self.arn)["region"]

    @property
    def tail(self) -> str:
        """What follows the kind in the ARN: `shop`, or `shop/INTERACTIONS`."""
        return parse_arn(self.arn)["tail"].partition("/")[2]

    def linked(self, member: str) -> str | None:
        """The ARN of another resource that this one keeps under a member, told or untold."""
        found: str | None = self.body.get(member) or self.inner.get(member)
        return found

    def move(self, status: str, **body: Any) -> None:
        """Take a new status, now."""
        self.body.update(body, status=status, lastUpdatedDateTime=time.time())

    @property
    def update(self) -> dict[str, Any]:
        """What Describe tells of the latest update; empty if there was none."""
        found: dict[str, Any] = self.body.get(self.kind.update_member, {})
        return found

    @property
    def updating(self) -> bool:
        """Whether an update has begun and not ended."""
        return bool(self.inner.get("updating"))

    def move_update(self, status: str, **members: Any) -> None:
        """Give the latest update a new status, now."""
        self.body[self.kind.update_member] = self.update | members | {
            "status": status, "lastUpdatedDateTime": time.time(),
        }  # fmt: skip


def parse_arn(arn: str) -> dict[str, str]:
    """Region, account and tail of an ARN of the service."""
    matched = _ARN.fullmatch(arn)
    if not matched:
        raise InvalidInput(f"'{arn}' is not an ARN of Personalize; pass one that a Create or List operation returned")
    return matched.groupdict()


def region_of(arn: str) -> str:
    """The region of an ARN of the service, empty for its own recipes and for what is no such ARN."""
    matched = _ARN.fullmatch(arn)
    return matched["region"] if matched else ""
