"""The service's quotas on the number of resources, and whether the adjustable ones apply.

Source: Personalize developer guide, "Endpoints and quotas", November 2025.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from personalize_kinds.kinds import (
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    CAMPAIGN,
    DATA_DELETION_JOB,
    DATASET_EXPORT_JOB,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    FILTER,
    METRIC_ATTRIBUTION,
    SCHEMA,
    SOLUTION,
    SOLUTION_VERSION,
    Kind,
)
from personalize_kinds.limits import MAX_TAGS
from personalize_kinds.statuses import CREATING
from services.engine.errors import LimitExceeded, TooManyTags
from services.engine.resources import Resource
from services.engine.store import Store

#: Distinct columns in all the filters of a dataset group.
MAX_FILTER_FIELDS = 20

_PENDING = "More than {limit} resources with PENDING or IN_PROGRESS status. Wait until one of them has ended."
_TOO_MANY = "Cannot create a {noun}. More than {limit} resources{scope}. Please delete some and try again."


def check_tags(arn: str, tags: Iterable[Mapping[str, str]]) -> None:
    """Raise TooManyTags if these are more tags than a resource may have."""
    keys = {tag["tagKey"] for tag in tags}
    if len(keys) > MAX_TAGS:
        raise TooManyTags(f"{arn} would have {len(keys)} tags; a resource may have {MAX_TAGS}")


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` resources of a kind (and of `statuses`, if given) in a region, or in the parent in `within`."""

    kind: Kind
    limit: int
    within: str | None = None
    statuses: Collection[str] = ()
    adjustable: bool = False


QUOTAS = (
    Quota(DATASET_GROUP, 5, adjustable=True),
    Quota(SCHEMA, 500),
    Quota(DATASET_IMPORT_JOB, 5, statuses=CREATING),
    Quota(DATASET_EXPORT_JOB, 5, statuses=CREATING),
    Quota(DATA_DELETION_JOB, 5, within=DATASET_GROUP.arn_member, statuses=CREATING),
    Quota(SOLUTION, 10, within=DATASET_GROUP.arn_member, adjustable=True),
    Quota(SOLUTION_VERSION, 20, statuses=CREATING, adjustable=True),
    Quota(CAMPAIGN, 5, within=DATASET_GROUP.arn_member, adjustable=True),
    Quota(FILTER, 30, within=DATASET_GROUP.arn_member),
    Quota(METRIC_ATTRIBUTION, 1, within=DATASET_GROUP.arn_member),
    Quota(BATCH_INFERENCE_JOB, 5, statuses=CREATING, adjustable=True),
    Quota(BATCH_SEGMENT_JOB, 5, statuses=CREATING),
)


@dataclass(frozen=True)
class Quotas:
    """The quotas that apply: all of them, or without `adjustable` only those that the service never raises."""

    adjustable: bool = False

    def check(self, store: Store, new: Resource) -> None:
        """Raise LimitExceeded if a new resource would exceed a quota."""
        for quota in QUOTAS:
            if quota.kind == new.kind and (self.adjustable or not quota.adjustable):
                _check(quota, store, new)


def _check(quota: Quota, store: Store, new: Resource) -> None:
    parent = new.linked(quota.within) if quota.within else None
    where = (quota.within, parent) if quota.within and parent else None
    taken = store.count(quota.kind, region=new.region, where=where, statuses=quota.statuses)
    if taken >= quota.limit:
        scope = f" in {parent}" if parent else ""
        text = _PENDING if quota.statuses else _TOO_MANY
        raise LimitExceeded(text.format(limit=quota.limit, noun=quota.kind.member, scope=scope))
