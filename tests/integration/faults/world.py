"""What the operators under fault work on: one dataset group with data, models and everything else, in a real engine."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import boto3

from aisle.contracts.personalize import INTERACTIONS, ITEMS, Column, Dataset
from personalize_kinds.gateway import Gateway
from personalize_kinds.kinds import DATASET, EVENT_TRACKER, SCHEMA, Kind
from personalize_kinds.statuses import progress
from tests.integration.faults.proxy import FaultProxy
from tests.waiting import wait_for

ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"
RECIPE = "arn:aws:personalize:::recipe/{}"
PURCHASES = [f"u{n % 40},i{(n * 7 + n // 40) % 30},purchase,,{1_700_000_000 + n}" for n in range(1_040)]
WIDER_ITEMS = replace(ITEMS, columns=(*ITEMS.columns, Column("BRAND", ("string", "null"), categorical=True)))
FILTER_EXPRESSION = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'
METRIC = {"eventType": "purchase", "metricName": "purchases", "expression": "SAMPLECOUNT()"}
EVENT = {
    "eventId": "once",
    "sessionId": "session",
    "userId": "u1",
    "itemId": "i1",
    "eventType": "purchase",
    "sentAt": datetime(2026, 1, 1, tzinfo=UTC),
}
_SETTLE_SECONDS = 120
_names = count()


def fresh(purpose: str) -> str:
    """A name that nothing has yet."""
    return f"{purpose}-{next(_names)}"


@dataclass(frozen=True)
class World:
    """The engine as its client sees it without the proxy, the proxy, and what was made for all rows once."""

    engine_url: str
    proxy: FaultProxy
    s3: Any
    bucket: str
    #: The engine's folder.
    data: Path

    @cached_property
    def client(self) -> Any:
        return boto3.client("personalize", endpoint_url=self.engine_url)

    # -- what exists once -------------------------------------------------------------------------------------

    @cached_property
    def group(self) -> str:
        return self.make("dataset_group", name="world")

    @cached_property
    def schema(self) -> str:
        return self.make("schema", name="interactions", schema=INTERACTIONS.avro_schema)

    @cached_property
    def dataset(self) -> str:
        """ARN of the Interactions dataset, which holds data."""
        arn = self.dataset_of(self.group, self.schema)
        source = {"dataLocation": self.purchases}
        self.make("dataset_import_job", jobName="world", datasetArn=arn, dataSource=source, roleArn=ROLE)
        return arn

    @property
    def group_with_data(self) -> str:
        assert self.dataset
        return self.group

    @cached_property
    def purchases(self) -> str:
        return self.put("in/purchases.csv", "\n".join([INTERACTIONS.header, *PURCHASES, ""]))

    @cached_property
    def solution(self) -> str:
        return self._solution("popularity", "aws-popularity-count")

    @cached_property
    def version(self) -> str:
        """ARN of a trained version of `solution`."""
        return self.make("solution_version", name="world", solutionArn=self.solution)

    @cached_property
    def other_version(self) -> str:
        return self.make("solution_version", name="other", solutionArn=self.solution)

    @cached_property
    def segments(self) -> str:
        """ARN of a trained version of a user segmentation recipe."""
        solution = self._solution("segments", "aws-item-affinity")
        return self.make("solution_version", name="segments", solutionArn=solution)

    @cached_property
    def users(self) -> str:
        return self.put("in/users.json", '{"userId": "u1"}\n')

    @cached_property
    def items(self) -> str:
        return self.put("in/items.json", '{"itemId": "i1"}\n')

    @cached_property
    def leavers(self) -> str:
        return self.put("in/leavers.csv", "USER_ID\nnobody\n")

    # -- what is made again and again ---------------------------------------------------------------------------

    def group_of_its_own(self) -> str:
        """ARN of a new, empty dataset group."""
        return self.make("dataset_group", name=fresh("group"))

    def group_with_events(self) -> str:
        """ARN of a new dataset group whose interactions have event types, but which has no data."""
        group = self.group_of_its_own()
        self.dataset_of(group, self.schema)
        return group

    def dataset_of(self, group: str, schema: str, contract: Dataset = INTERACTIONS) -> str:
        request = {"datasetGroupArn": group, "datasetType": contract.type, "schemaArn": schema}
        return self.make("dataset", name=contract.name, **request)

    def items_dataset(self) -> str:
        """ARN of a new, empty Items dataset."""
        return self.dataset_of(self.group_of_its_own(), self._items_schema, ITEMS)

    def schema_of_its_own(self, contract: Dataset = ITEMS) -> str:
        return self.make("schema", name=fresh("schema"), schema=contract.avro_schema)

    def solution_of_its_own(self) -> str:
        return self._solution(fresh("solution"), "aws-popularity-count")

    def campaign(self) -> str:
        return self.make("campaign", name=fresh("campaign"), solutionVersionArn=self.version, minProvisionedTPS=1)

    def tracker(self) -> str:
        return self.make("event_tracker", name="tracker", datasetGroupArn=self.group_of_its_own())

    def filter(self) -> str:
        request = {"datasetGroupArn": self.group_with_data, "filterExpression": FILTER_EXPRESSION}
        return self.make("filter", name=fresh("filter"), **request)

    def attribution(self) -> str:
        request = {"datasetGroupArn": self.group_with_events(), "metricsOutputConfig": {"roleArn": ROLE}}
        return self.make("metric_attribution", name=fresh("attribution"), metrics=[METRIC], **request)

    def put(self, key: str, content: str) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content.encode())
        return f"s3://{self.bucket}/{key}"

    def out(self) -> str:
        return f"s3://{self.bucket}/out/"

    def make(self, noun: str, **request: Any) -> str:
        """The ARN of a new resource, which is ready."""
        resource = Kind(noun)
        arn: str = getattr(self.client, f"create_{noun}")(**request)[resource.arn_member]
        self.settle(resource, arn)
        return arn

    def settle(self, resource: Kind, arn: str) -> None:
        """Wait until a resource is ready; a schema is at once."""
        if resource == SCHEMA:
            return

        def is_ready() -> bool:
            described = self.describe(resource, arn)
            state = progress(described.get("status"))
            assert state in ("success", "retry"), described
            return state == "success"

        wait_for(is_ready, arn, seconds=_SETTLE_SECONDS, interval=0.01)

    def describe(self, resource: Kind, arn: str) -> dict[str, Any]:
        return Gateway(self.client).describe(resource, arn)

    def named(self, resource: Kind, name: str, **parent: str) -> list[str]:
        """ARNs of the resources that carry a name, or one that a repetition would make of it."""
        summaries = Gateway(self.client).summaries(resource, **parent)
        listed: list[str] = [summary[resource.arn_member] for summary in summaries]
        if resource in (DATASET, EVENT_TRACKER):  # their ARNs do not carry the name; their groups have no other
            return listed
        return [arn for arn in listed if re.fullmatch(rf"{name}(-\d)?", arn.rpartition("/")[2])]

    def settled(self, resource: Kind, arn: str) -> dict[str, Any]:
        """What the engine says of a resource once no update of it is under way."""
        latest = resource.update_member

        def has_ended() -> bool:
            status = self.describe(resource, arn).get(latest, {}).get("status", "")
            return not status.endswith(("PENDING", "IN_PROGRESS"))

        wait_for(has_ended, f"the update of {arn}", seconds=_SETTLE_SECONDS, interval=0.01)
        return self.describe(resource, arn)

    def is_gone(self, resource: Kind, arn: str) -> bool:
        """Whether the engine knows a resource no more, once a deletion that is under way has ended."""
        try:
            wait_for(
                lambda: not self.describe(resource, arn).get("status", "").startswith("DELETE"),
                f"the deletion of {arn}",
                interval=0.01,
            )
        except self.client.exceptions.ResourceNotFoundException:
            return True
        return False

    def n_recorded(self, dataset: str) -> int:
        """How many single events a dataset holds, by an export of it."""
        name = fresh("recorded")
        place = {"s3DataDestination": {"path": f"s3://{self.bucket}/{name}/"}}
        request = {"datasetArn": dataset, "ingestionMode": "PUT", "roleArn": ROLE, "jobOutput": place}
        self.make("dataset_export_job", jobName=name, **request)
        keys = [item["Key"] for item in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{name}/")["Contents"]]
        files = [self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode() for key in keys]
        return sum(len(file.splitlines()) - 1 for file in files if file.startswith("USER_ID"))

    @cached_property
    def _items_schema(self) -> str:
        return self.schema_of_its_own()

    def _solution(self, name: str, recipe: str) -> str:
        request = {"datasetGroupArn": self.group_with_data, "recipeArn": RECIPE.format(recipe)}
        return self.make("solution", name=name, performAutoTraining=False, **request)
