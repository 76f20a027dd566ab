"""Find, list and describe resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from personalize_kinds.kinds import Kind
from personalize_kinds.polls import Poll, is_part_of_waiting
from personalize_kinds.statuses import Outcome


class Gateway:
    """Reads resources of any kind. Raises the exceptions of boto3.

    client  a boto3 client of `personalize`
    """

    def __init__(self, client: Any) -> None:
        self.client = client

    def describe(self, kind: Kind, arn: str) -> dict[str, Any]:
        """Return the description of a resource. Raises ClientError (ResourceNotFoundException)."""
        answer = getattr(self.client, f"describe_{kind.name}")(**{kind.arn_member: arn})
        description: dict[str, Any] = answer[kind.member]
        return description

    def describe_if_exists(self, kind: Kind, arn: str) -> dict[str, Any] | None:
        """Return the description of a resource, or None if there is no such resource."""
        try:
            return self.describe(kind, arn)
        except self.client.exceptions.ResourceNotFoundException:
            return None

    def poll(self, kind: Kind, arn: str, outcome: Outcome = "active") -> Poll:
        """Poll for an outcome. Raises ClientError for errors that are not a part of waiting for it."""
        try:
            response = {kind.member: self.describe(kind, arn)}
        except ClientError as error:
            if not is_part_of_waiting(outcome, error.response):
                raise
            response = error.response
        return Poll.of(kind, outcome, response)

    def summaries(self, kind: Kind, **parent: str) -> Iterator[dict[str, Any]]:
        """Yield the summary of every resource of a kind, page after page.

        parent  the parent, as the list operation takes it, such as `solutionArn`; without it the whole region
        """
        # Not by botocore's paginators, which lack data deletion jobs.
        request = dict(parent)
        while True:
            page = getattr(self.client, f"list_{kind.name}s")(**request)
            yield from page[kind.list_member]
            if not page.get("nextToken"):
                return
            request["nextToken"] = page["nextToken"]

    def find(self, kind: Kind, arn_tail: str, **parent: str) -> str | None:
        """Return the ARN of a resource, or None if there is no resource of this name.

        arn_tail  the end of its ARN: its name, or for a dataset its type in capitals
        parent    the parent, as the list operation takes it
        """
        arns: Iterator[str] = (summary[kind.arn_member] for summary in self.summaries(kind, **parent))
        return next((arn for arn in arns if arn.endswith(f"/{arn_tail}")), None)

    def newest_active(self, kind: Kind, **parent: str) -> str | None:
        """Return the ARN of the newest resource that is ready, or None.

        parent  the parent, as the list operation takes it
        """
        ready = [summary for summary in self.summaries(kind, **parent) if kind.is_ready(summary)]
        newest = max(ready, key=lambda summary: summary["creationDateTime"], default=None)
        return newest[kind.arn_member] if newest else None

    def metrics(self, attribution_arn: str) -> list[dict[str, str]]:
        """Return the metrics of a metric attribution, which its description lacks."""
        pages = self.client.get_paginator("list_metric_attribution_metrics")
        return [metric for page in pages.paginate(metricAttributionArn=attribution_arn) for metric in page["metrics"]]

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a resource of a kind that has tags."""
        tags = self.client.list_tags_for_resource(resourceArn=arn)["tags"]
        return {tag["tagKey"]: tag["tagValue"] for tag in tags}
