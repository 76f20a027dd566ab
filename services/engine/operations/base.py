"""The base of all operations: a call, and the ways to find, describe, list and delete resources."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from personalize_kinds.kinds import DATASET, DATASET_GROUP, SCHEMA, Kind
from personalize_kinds.statuses import ACTIVE, CREATING, SETTLED
from services.engine.data.datasets import Datasets
from services.engine.errors import InUse, InvalidNextToken, NotFound
from services.engine.lifecycle import Lifecycle
from services.engine.quotas import Quotas, check_tags
from services.engine.resources import Resource, arn_of, region_of
from services.engine.schemas import DatasetSchema, parse_schema
from services.engine.store import Store

MAX_PAGE = 100
#: The content of a page token; SQLite can store the number.
_PLACE = re.compile(r"after:(?P<offset>[0-9]{1,15})")
NO_ADJUSTABLE_QUOTAS = Quotas()

Request = Mapping[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A request that the model allows, and the region it was signed for."""

    request: Request
    region: str

    def __getitem__(self, member: str) -> Any:
        return self.request[member]

    def get(self, member: str, default: Any = None) -> Any:
        return self.request.get(member, default)

    def only(self, *members: str) -> Answer:
        """Return those of the members that the request has."""
        return {member: self.request[member] for member in members if member in self.request}

    def check_regions(self) -> None:
        """Raise NotFound if the request names a resource of another region in any member."""
        for arn in _arns(self.request):
            self.check_region(arn)

    def check_region(self, arn: str) -> None:
        """Raise NotFound if a resource is in another region; recipes are in none."""
        if region_of(arn) not in ("", self.region):
            raise NotFound(
                f"Resource Arn {arn} does not exist here: it is in {region_of(arn)}, and the call is signed for "
                f"{self.region}; use a client of the resource's region"
            )


class Operations:
    """Shared ground of the operation groups."""

    def __init__(
        self, store: Store, lifecycle: Lifecycle, datasets: Datasets, quotas: Quotas = NO_ADJUSTABLE_QUOTAS
    ) -> None:
        self.store = store
        self.lifecycle = lifecycle
        self.datasets = datasets
        self.quotas = quotas

    def create(self, resource: Resource, call: Call) -> Answer:
        """Store a resource as CREATE PENDING and send it on its way. Call within a transaction."""
        check_tags(resource.arn, call.get("tags", ()))
        self.quotas.check(self.store, resource)
        resource.move(resource.kind.creation.pending)
        self.store.add(resource, call.get("tags", ()))
        self.lifecycle.create(resource)
        return {resource.kind.arn_member: resource.arn}

    def find(self, kind: Kind, call: Call) -> Resource:
        """The resource that a request names by the ARN of its kind. Raises InvalidInput, NotFound."""
        arn = call[kind.arn_member]
        arn_of(arn)
        call.check_region(arn)
        return self.store.get(kind, arn)

    def find_active(self, kind: Kind, call: Call) -> Resource:
        """The same, and it must be ACTIVE. Raises InUse."""
        resource = self.find(kind, call)
        if resource.status != ACTIVE:
            raise InUse(f"{resource.arn} is {resource.status}, but must be ACTIVE for this call; wait until it is")
        return resource

    def describe(self, kind: Kind, call: Call) -> Answer:
        return {kind.member: self.find(kind, call).body}

    def list(
        self, kind: Kind, call: Call, parent: Kind | None = None, view: Callable[[Resource], Answer] | None = None
    ) -> Answer:
        """Return one page of a kind, newest first; with `parent`, only the children of the request's parent."""
        size = call.get("maxResults", MAX_PAGE)
        member = parent.arn_member if parent else None
        where = (member, parent.own_arn(call[member])) if parent and member and call.get(member) else None
        before = offset_of(call.get("nextToken"))
        resources = self.store.page(kind, region=call.region, where=where, before=before, rows=size + 1)
        page = resources[:size]
        answer: Answer = {kind.list_member: [view(resource) if view else resource.body for resource in page]}
        if len(resources) > size:
            answer["nextToken"] = token_of(page[-1].seq)
        return answer

    def delete(self, resource: Resource) -> Answer:
        """Start the deletion of a settled resource. Raises InUse."""
        if resource.status not in SETTLED:
            raise InUse(f"{resource.arn} is {resource.status}; only what is ACTIVE or CREATE FAILED can be deleted")
        self.lifecycle.delete(resource)
        return {}

    def schemas(self, group: Resource) -> dict[str, DatasetSchema]:
        """Return the schema of each dataset of a group, by dataset type in capitals."""
        datasets = self.store.page(DATASET, where=(DATASET_GROUP.arn_member, group.arn))
        return {
            dataset.body["datasetType"]: parse_schema(self.store.get(SCHEMA, dataset.body["schemaArn"]).body["schema"])
            for dataset in datasets
        }

    def refuse_if_used(self, resource: Resource, *users: tuple[Kind, str]) -> None:
        """Raise InUse if a resource of one of these kinds names this one in that member."""
        for kind, member in users:
            if using := self.store.page(kind, where=(member, resource.arn), rows=1):
                raise InUse(f"{resource.arn} is used by {using[0].arn}; delete that first")

    def refuse_if_busy(self, resource: Resource, *users: tuple[Kind, str]) -> None:
        """Raise InUse if work that names this resource in that member has not ended."""
        for kind, member in users:
            for job in self.store.page(kind, where=(member, resource.arn)):
                if job.status in CREATING:
                    raise InUse(f"{resource.arn} is in use: {job.arn} is {job.status}; wait until it has ended")


def _arns(members: Request) -> Iterator[str]:
    """Yield the ARNs in a request, by the names of their members; lists of texts contain none."""
    for name, value in members.items():
        if name.endswith("Arn"):
            yield value
        for inner in value if isinstance(value, list) else (value,):
            if not isinstance(inner, dict):
                break
            yield from _arns(inner)


def token_of(offset: int) -> str:
    """Return the page token for the resources after a number."""
    return base64.urlsafe_b64encode(f"after:{offset}".encode()).decode()


def offset_of(token: str | None) -> int | None:
    """Return the number in a page token, None without a token. Raises InvalidNextToken."""
    if token is None:
        return None
    try:
        place = _PLACE.fullmatch(base64.urlsafe_b64decode(token).decode())
        if place:
            return int(place["offset"])
    except (binascii.Error, ValueError):
        pass
    raise InvalidNextToken(f"The token '{token[:60]}' was not given out by this operation; start again without one")
