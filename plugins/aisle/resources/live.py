"""What the service holds of a dataset group."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any, TypeVar

from aisle.errors import PersonalizeJobFailed, RetryableError
from aisle.groups.desired import tidy_solution
from aisle.groups.resource import Live, Settings, tidy
from personalize_kinds import kinds
from personalize_kinds.gateway import Gateway
from personalize_kinds.kinds import Kind
from personalize_kinds.responses import check_responses
from personalize_kinds.statuses import Meaning, meaning

T = TypeVar("T")

PATIENCE_SECONDS = 3600
_FIRST_PAUSE_SECONDS = 0.1


class Service(Gateway):
    """A gateway that reads a whole dataset group, and waits until nothing of it is changing.

    poll_seconds      longest pause between two polls
    patience_seconds  how long to wait before RetryableError is raised
    """

    def __init__(self, client: Any, poll_seconds: float, patience_seconds: float = PATIENCE_SECONDS) -> None:
        super().__init__(client)
        check_responses(client.meta.events, "personalize")
        self._poll_seconds = poll_seconds
        self._patience_seconds = patience_seconds

    def group_names(self) -> list[str]:
        """Return the names of all dataset groups of the account in the region."""
        return [group["name"] for group in self.summaries(kinds.DATASET_GROUP)]

    def group(self, name: str, schemas: Collection[str] = ()) -> list[Live]:
        """Return every resource of a group in the order of creation; an empty list if there is no such group.

        Schemas belong to the account. Returned are those that the group's datasets use, those named in `schemas`, and
        those whose names are made of the group's, a dataset's and a hash.
        """
        arn = self.find(kinds.DATASET_GROUP, name)
        group = self._resource(kinds.DATASET_GROUP, arn) if arn else None
        members = list(self._members_of(arn)) if arn else []
        used = {member.settings["schema"] for member in members if member.kind == kinds.DATASET}
        return [*([group] if group else []), *self._schemas(name, {*schemas, *used}), *members]

    def settled(self, name: str, schemas: Collection[str] = ()) -> list[Live]:
        """Return every resource of a group once nothing of it is changing. Raises RetryableError."""

        def poll() -> list[Live] | None:
            resources = self.group(name, schemas)
            return None if any(resource.state == "busy" for resource in resources) else resources

        return self.until(poll, f"dataset group {name} to settle")

    def ready(self, kind: Kind, arn: str) -> None:
        """Wait until a resource can be used, its update included. Raises PersonalizeJobFailed, RetryableError."""

        def poll() -> dict[str, Any] | None:
            description = self.describe_if_exists(kind, arn)
            if description is None:
                return {"status": "gone"}
            return None if kind.readiness(description) == "busy" else description

        description = self.until(poll, f"{kind.title} {arn} to become ACTIVE")
        for described in (description, description.get(kind.update_member, {})):
            status, reason = described.get("status"), described.get("failureReason", "")
            if meaning(status) not in (Meaning.READY, Meaning.INACTIVE):
                raise PersonalizeJobFailed(
                    f"Waiting for {kind.title} {arn} to become ACTIVE: {status} - {reason.rstrip('.')}. "
                    "Fix what the reason names, then apply again: what failed is created again."
                )

    def until(self, poll: Callable[[], T | None], what: str) -> T:
        """Poll until the answer is not None, and return it. Raises RetryableError if that takes too long."""
        deadline, pause = time.monotonic() + self._patience_seconds, _FIRST_PAUSE_SECONDS
        while (answer := poll()) is None:
            if time.monotonic() > deadline:
                raise RetryableError(
                    f"Timed out after {self._patience_seconds:g} s waiting for {what}. It may still be in progress: "
                    "the same command continues where this one stopped."
                )
            time.sleep(pause)
            pause = min(pause * 2, self._poll_seconds)
        return answer

    def used_schemas(self, besides: str) -> set[str]:
        """Return the names of the schemas that datasets of other groups use."""
        arns = (summary["datasetArn"] for summary in self.summaries(kinds.DATASET))
        others = (self.describe_if_exists(kinds.DATASET, arn) for arn in arns if f":dataset/{besides}/" not in arn)
        return {description["schemaArn"].rpartition("/")[2] for description in others if description}

    def _members_of(self, group_arn: str) -> Iterator[Live]:
        for kind in kinds.IN_ORDER_OF_CREATION:
            if kind.parent_member == "datasetGroupArn":
                yield from self._all(kind, datasetGroupArn=group_arn)
            elif kind.parent_member == "solutionArn":
                for solution in self.summaries(kinds.SOLUTION, datasetGroupArn=group_arn):
                    yield from self._all(kind, solutionArn=solution["solutionArn"])

    def _all(self, kind: Kind, **parent: str) -> Iterator[Live]:
        for summary in self.summaries(kind, **parent):
            if resource := self._resource(kind, summary[kind.arn_member]):
                yield resource

    def _schemas(self, group: str, names: Collection[str]) -> Iterator[Live]:
        of_the_group = re.compile(rf"{re.escape(group)}-(interactions|items|users)-[0-9a-f]{{8}}")
        for summary in self.summaries(kinds.SCHEMA):
            belongs = summary["name"] in names or of_the_group.fullmatch(summary["name"])
            if belongs and (schema := self._resource(kinds.SCHEMA, summary["schemaArn"])):
                yield schema

    def _resource(self, kind: Kind, arn: str) -> Live | None:
        if (description := self.describe_if_exists(kind, arn)) is None:
            return None
        newest_version = self.newest_active(kinds.SOLUTION_VERSION, solutionArn=arn) if kind == kinds.SOLUTION else None
        return Live(
            kind,
            description["datasetType"].upper() if kind == kinds.DATASET else description["name"],
            self._settings(kind, arn, description),
            self.tags(arn) if kind.has_tags else {},
            label=description["name"],
            arn=arn,
            state=kind.readiness(description),
            status=description.get("status", ""),
            reason=description.get("failureReason") or "",
            version_arn=newest_version or description.get("solutionVersionArn"),
        )

    def _settings(self, kind: Kind, arn: str, description: dict[str, Any]) -> Settings:
        if kind == kinds.SOLUTION:
            return settings_of_solution(description)
        members = {member: description.get(member) for member in _SETTINGS.get(kind, ())}
        if kind == kinds.SCHEMA:
            members["schema"] = json.loads(description["schema"])
        elif kind == kinds.DATASET:
            members["schema"] = description["schemaArn"].rpartition("/")[2]
        elif kind == kinds.CAMPAIGN:
            members["solution"] = description["solutionVersionArn"].split("/")[1]
        elif kind == kinds.METRIC_ATTRIBUTION:
            members["metrics"] = self._metrics(arn)
        settings: Settings = tidy(members)
        return settings

    def _metrics(self, arn: str) -> dict[str, dict[str, str]]:
        return {
            metric["metricName"]: {"eventType": metric["eventType"], "expression": metric["expression"]}
            for metric in self.metrics(arn)
        }


def settings_of_solution(description: dict[str, Any]) -> Settings:
    """Return how a solution is set up, by the members of CreateSolution."""
    return tidy_solution({member: description.get(member) for member in _SETTINGS[kinds.SOLUTION]})


_SETTINGS = {
    kinds.DATASET_GROUP: ("domain", "roleArn", "kmsKeyArn"),
    kinds.SCHEMA: ("domain",),
    kinds.EVENT_TRACKER: ("name",),
    kinds.SOLUTION: (
        "recipeArn",
        "performHPO",
        "performAutoML",
        "performAutoTraining",
        "performIncrementalUpdate",
        "eventType",
        "solutionConfig",
    ),
    kinds.FILTER: ("filterExpression",),
    kinds.METRIC_ATTRIBUTION: ("name", "metricsOutputConfig"),
    kinds.CAMPAIGN: ("minProvisionedTPS", "campaignConfig"),
}
