"""Taking a whole group away, so that nothing of it bills any more; and emptying the bucket of its files."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aisle.errors import FinalError
from aisle.groups.resource import Live
from aisle.objects import ObjectVersion, delete_objects, list_versions
from aisle.resources.live import Service
from aisle.resources.removal import Say, remove
from personalize_kinds import kinds

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies in a bucket, old versions of files included."""

    n_files: int
    n_bytes: int

    @classmethod
    def of(cls, versions: Sequence[ObjectVersion]) -> Contents:
        return cls(len(versions), sum(version.size for version in versions))


@dataclass(frozen=True)
class Teardown:
    """What goes, first to last, and what stays and why."""

    group: str
    removed: tuple[Live, ...]
    stays: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        yield f"dataset group {self.group}" + ("" if self.removed else ": nothing is there")
        yield from (f"  - delete {resource.title}" for resource in self.removed)
        yield from (f"  = stays  {reason}" for reason in self.stays)

    def as_dict(self) -> dict[str, Any]:
        return {
            "group": self.group,
            "delete": [
                {"kind": resource.kind.name, "name": resource.name, "arn": resource.arn} for resource in self.removed
            ],
            "stays": [*self.stays],
        }


def plan_teardown(service: Service, group: str) -> Teardown:
    """Everything of a group in the order in which it can go, whoever made it."""
    live = service.group(group)
    shared = service.used_schemas(besides=group) if live else set()
    removed = [resource for resource in reversed(live) if resource.kind != kinds.SCHEMA or resource.name not in shared]
    order = {kind: place for place, kind in enumerate(kinds.IN_ORDER_OF_CREATION)}
    removed.sort(key=lambda resource: -order[resource.kind])
    stays = [f"{resource.title}: another group uses it" for resource in live if resource not in removed]
    if live:
        stays.append("jobs of import, export and inference: the service has no way to delete them; they bill nothing")
    return Teardown(group, tuple(removed), tuple(stays))


def tear_down(service: Service, group: str, *, confirm: str, say: Say = log.info) -> Teardown:
    """Delete a group with all that is in it, and wait until it is gone. Once it is, this does nothing.

    Raises FinalError unless `confirm` is the group's name, typed out.
    """
    if confirm != group:
        raise FinalError(
            f"Tearing down the dataset group {group}: the confirmation says {confirm!r}, so nothing was touched. "
            "Type the name of the group to delete it with all its data and models."
        )
    plan = plan_teardown(service, group)
    remove(service, plan.removed, say)
    return plan


def contents(s3: Any, bucket: str) -> Contents:
    """How much lies in a bucket."""
    return Contents.of(list(list_versions(s3, bucket)))


def empty(s3: Any, bucket: str, *, confirm: str) -> Contents:
    """Delete every file of a bucket, old versions included; the bucket stays.

    Raises FinalError unless `confirm` is the bucket's name, typed out.
    """
    if confirm != bucket:
        raise FinalError(
            f"Emptying the bucket {bucket}: the confirmation says {confirm!r}, so nothing was touched. Type the name "
            "of the bucket to delete all its files."
        )
    versions = list(list_versions(s3, bucket))
    delete_objects(s3, bucket, versions)
    return Contents.of(versions)
