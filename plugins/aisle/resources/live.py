"""What the service holds of a group."""

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

Found = TypeVar("Found")

PATIENCE_SECONDS = 3600
_FIRST_PAUSE_SECONDS = 0.1


class Service(Gateway):
    """The gateway to a service that is waited for until nothing of a group is changing any more."""

    def __init__(self, client: Any, poll_seconds: float, patience_seconds: float = PATIENCE_SECONDS) -> None:
        super().__init__(client)
        check_responses(client.meta.events, "personalize")
        self._poll_seconds = poll_seconds
        self._patience_seconds = patience_seconds

    def group_names(self) -> list[str]:
        """The names of all dataset groups of the account, in the region."""
        return [group["name"] for group in self.summaries(kinds.DATASET_GROUP)]

    def group(self, name: str, schemas: Collection[str] = ()) -> list[Live]:
        """Every resource of a group, in the order of creation; none if there is no such group.

        Schemas belong to the account: they are those that the group's datasets use, those called `schemas`, and those
        whose names are made of the group's, a dataset's and a hash.
        """
        arn = self.find(kinds.DATASET_GROUP, name)
        found = [one for one in (self._look(kinds.DATASET_GROUP, arn),) if one] if arn else []
        below = list(self._below(arn)) if arn else []
        used = {one.settings["schema"] for one in below if one.kind == kinds.DATASET}
        return found + list(self._schemas(name, {*schemas, *used})) + below

    def settled(self, name: str, schemas: Collection[str] = ()) -> list[Live]:
        """The same, once nothing of it is on its way any more. Raises RetryableError if that takes too long."""

        def look() -> list[Live] | None:
            found = self.group(name, schemas)
            return None if any(one.state == "busy" for one in found) else found

        return self.until(look, f"everything of {name} to come to rest")

    def ready(self, kind: Kind, arn: str) -> None:
        """Wait until a resource can be used, its update included. Raises PersonalizeJobFailed, RetryableError."""

        def look() -> dict[str, Any] | None:
            description = self.describe_if_exists(kind, arn)
            if description is None:
                return {"status": "gone"}
            return None if kind.readiness(description) == "busy" else description

        description = self.until(look, f"{kind.title} {arn} to become ACTIVE")
        for described in (description, description.get(kind.update_member, {})):
            status, reason = described.get("status"), described.get("failureReason", "")
            if meaning(status) not in (Meaning.READY, Meaning.INACTIVE):
                raise PersonalizeJobFailed(
                    f"Waiting for {kind.title} {arn} to become ACTIVE: {status} - {reason}. "
                    "Fix what the reason names, then apply again: what failed is created again."
                )

    def until(self, look: Callable[[], Found | None], what: str) -> Found:
        """What `look` finds, as soon as it finds something. Raises RetryableError if that takes too long."""
        deadline, pause = time.monotonic() + self._patience_seconds, _FIRST_PAUSE_SECONDS
        while (found := look()) is None:
            if time.monotonic() > deadline:
                raise RetryableError(
                    f"Waiting for {what}: it has not after {self._patience_seconds:g} s. It may still be on its way: "
                    "the same command goes on where this one stopped."
                )
            time.sleep(pause)
            pause = min(pause * 2, self._poll_seconds)
        return found

    def used_schemas(self, besides: str) -> set[str]:
        """Names of the schemas that datasets of other groups use."""
        datasets = [one for one in self.summaries(kinds.DATASET) if f":dataset/{besides}/" not in one["datasetArn"]]
        described = (self.describe_if_exists(kinds.DATASET, one["datasetArn"]) for one in datasets)
        return {said["schemaArn"].rpartition("/")[2] for said in described if said}

    def _below(self, group_arn: str) -> Iterator[Live]:
        for kind in kinds.IN_ORDER_OF_CREATION:
            if kind.parent_member == "datasetGroupArn":
                yield from self._all(kind, datasetGroupArn=group_arn)
            elif kind.parent_member == "solutionArn":
                for solution in self.summaries(kinds.SOLUTION, datasetGroupArn=group_arn):
                    yield from self._all(kind, solutionArn=solution["solutionArn"])

    def _all(self, kind: Kind, **under: str) -> Iterator[Live]:
        for summary in self.summaries(kind, **under):
            if resource := self._look(kind, summary[kind.arn_member]):
                yield resource

    def _schemas(self, group: str, names: Collection[str]) -> Iterator[Live]:
        of_the_group = re.compile(rf"{re.escape(group)}-(interactions|items|users)-[0-9a-f]{{8}}")
        for summary in self.summaries(kinds.SCHEMA):
            belongs = summary["name"] in names or of_the_group.fullmatch(summary["name"])
            if belongs and (schema := self._look(kinds.SCHEMA, summary["schemaArn"])):
                yield schema

    def _look(self, kind: Kind, arn: str) -> Live | None:
        if (said := self.describe_if_exists(kind, arn)) is None:
            return None
        newest_version = self.newest_active(kinds.SOLUTION_VERSION, solutionArn=arn) if kind == kinds.SOLUTION else None
        return Live(
            kind,
            said["datasetType"].upper() if kind == kinds.DATASET else said["name"],
            self._settings(kind, arn, said),
            self.tags(arn) if kind.has_tags else {},
            label=said["name"],
            arn=arn,
            state=kind.readiness(said),
            status=said.get("status", ""),
            reason=said.get("failureReason") or "",
            version_arn=newest_version or said.get("solutionVersionArn"),
        )

    def _settings(self, kind: Kind, arn: str, said: dict[str, Any]) -> Settings:
        if kind == kinds.SOLUTION:
            return settings_of_solution(said)
        members = {member: said.get(member) for member in _MEMBERS.get(kind, ())}
        if kind == kinds.SCHEMA:
            members["schema"] = json.loads(said["schema"])
        elif kind == kinds.DATASET:
            members["schema"] = said["schemaArn"].rpartition("/")[2]
        elif kind == kinds.CAMPAIGN:
            members["solution"] = said["solutionVersionArn"].split("/")[1]
        elif kind == kinds.METRIC_ATTRIBUTION:
            members["metrics"] = self._metrics(arn)
        settings: Settings = tidy(members)
        return settings

    def _metrics(self, arn: str) -> dict[str, dict[str, str]]:
        return {
            metric["metricName"]: {"eventType": metric["eventType"], "expression": metric["expression"]}
            for metric in self.metrics(arn)
        }


def settings_of_solution(said: dict[str, Any]) -> Settings:
    """How a solution is set up, of what the service says about it, in the words of CreateSolution."""
    return tidy_solution({member: said.get(member) for member in _MEMBERS[kinds.SOLUTION]})


_MEMBERS = {
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
