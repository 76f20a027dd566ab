"""Making it so: carry a plan out, group by group, in the order of dependence.

There is no state besides the service's own. A run that was killed is continued by the next one, which waits until
what was begun has come to rest, plans anew and does what is left.
"""

from __future__ import annotations

import logging
from typing import Any

from botocore.exceptions import ClientError

from aisle.errors import FinalError, RetryableError
from aisle.groups.desired import resources_of
from aisle.groups.environment import Environment, Group
from aisle.groups.requests import creation, update, wire_tags
from aisle.groups.resource import Key, Live, Resource
from aisle.resources.live import Service
from aisle.resources.plan import Change, Plan, plan_group
from aisle.resources.removal import Say, remove
from personalize_kinds import kinds
from personalize_kinds.arns import LATEST
from personalize_kinds.codes import passes

log = logging.getLogger(__name__)


def plans(service: Service, environment: Environment, *, wait: bool = False) -> list[Plan]:
    """A plan for each group; with `wait` only once nothing of it is on its way any more."""
    recipes = {recipe["recipeArn"] for recipe in service.summaries(kinds.RECIPE)}
    return [_plan(service, environment, group, recipes, wait) for group in environment.groups]


def apply(service: Service, environment: Environment, *, prune: bool = False, say: Say = log.info) -> list[Plan]:
    """Make the service hold what the environment says; gives the plans that were carried out.

    Without `prune` nothing is ever deleted. Raises FinalError before anything is touched if a change is refused, or
    needs a deletion that was not allowed.
    """
    to_do = plans(service, environment, wait=True)
    _check_allowed(to_do, prune)
    for plan in to_do:
        _Execution(service, plan, say).run(prune)
    return to_do


def _plan(service: Service, environment: Environment, group: Group, recipes: set[str], wait: bool) -> Plan:
    desired = resources_of(group, environment.tags)
    schemas = {resource.name for resource in desired if resource.kind == kinds.SCHEMA}
    look = service.settled if wait else service.group
    return plan_group(group.name, desired, look(group.name, schemas), recipes)


def _check_allowed(to_do: list[Plan], prune: bool) -> None:
    refused = [change for plan in to_do for change in plan.of("refuse")]
    if refused:
        reasons = "; ".join(f"{change.resource.title}: {change.reason}" for change in refused)
        raise FinalError(f"Applying the resources: nothing was touched, because of {reasons}.")
    replaced = [change.resource.title for plan in to_do for change in plan.of("replace")]
    if replaced and not prune:
        raise FinalError(
            f"Applying the resources: nothing was touched, because {', '.join(replaced)} can only be changed by being "
            "deleted and made anew. Read in the plan what that loses, then allow it with `prune`; or give it, and of "
            "a dataset the group, another name in the file, and the old one stays beside it."
        )


class _Execution:
    """One plan on its way."""

    def __init__(self, service: Service, plan: Plan, say: Say) -> None:
        self._service = service
        self._plan = plan
        self._say = say
        self._there: dict[Key, Live] = {change.live.key: change.live for change in plan.changes if change.live}
        self._arns: dict[Key, str] = {key: live.arn for key, live in self._there.items()}
        self._served = {key: live.version_arn for key, live in self._there.items() if live.kind == kinds.CAMPAIGN}

    def run(self, prune: bool) -> None:
        unused = self._plan.of("delete") if prune else []
        # A schema can go only when the dataset has turned to its successor.
        schemas = [change for change in unused if change.resource.kind == kinds.SCHEMA]
        self._remove([*self._plan.of("replace"), *(change for change in unused if change not in schemas)])
        for kind in kinds.IN_ORDER_OF_CREATION:
            changes = [
                change for change in self._plan.of("create", "update", "replace") if change.resource.kind == kind
            ]
            begun = [arn for change in changes if (arn := self._begin(change))]
            for arn in begun:
                self._service.ready(kind, arn)
        self._remove(schemas)

    def _remove(self, changes: list[Change]) -> None:
        removed = [change.live for change in changes if change.live]
        remove(self._service, removed, self._say)
        for live in removed:
            del self._there[live.key], self._arns[live.key]

    def _begin(self, change: Change) -> str | None:
        """Send what one change needs; the ARN to wait for, or none if it has to be done another day."""
        desired = change.resource
        if change.action == "update" and change.live:
            return self._update(desired, change.live, change)
        references = self._references(desired)
        if references is None:
            self._say(f"{desired.title} waits: its solution has no trained version")
            return None
        self._say(f"creating {desired.title}")
        arn: str = self._send(f"create_{desired.kind.name}", desired, creation(desired, references))[
            desired.kind.arn_member
        ]
        self._arns[desired.key] = arn
        return arn

    def _update(self, desired: Resource, live: Live, change: Change) -> str:
        tags = {
            difference.path.removeprefix("tags."): difference.desired
            for difference in change.differences
            if difference.path.startswith("tags.")
        }
        if tags:
            self._say(f"tagging {desired.title}")
            self._send("tag_resource", desired, {"resourceArn": live.arn, "tags": wire_tags(tags)})
        if len(tags) < len(change.differences):
            self._say(f"updating {desired.title}")
            self._send(f"update_{desired.kind.name}", desired, update(desired, live, self._references(desired) or {}))
        return live.arn

    def _references(self, desired: Resource) -> dict[str, str] | None:
        """The ARNs of what a resource refers to; none if there is no model yet that a campaign could serve."""
        arns = {"datasetGroupArn": self._arns.get((kinds.DATASET_GROUP.name, self._plan.group), "")}
        if desired.kind == kinds.DATASET:
            arns["schemaArn"] = self._arns[kinds.SCHEMA.name, desired.settings["schema"]]
        if desired.kind == kinds.CAMPAIGN:
            version_arn = self._version_for(desired)
            return {"solutionVersionArn": version_arn} if version_arn else None
        return arns

    def _version_for(self, campaign: Resource) -> str | None:
        """The version to serve: that which it serves already, else the newest, or whichever is the newest."""
        solution = self._there.get((kinds.SOLUTION.name, campaign.settings["solution"]))
        if solution is None or solution.version_arn is None:
            return None
        if campaign.settings.get("campaignConfig", {}).get("syncWithLatestSolutionVersion"):
            return f"{solution.arn}{LATEST}"
        served = self._served.get(campaign.key) or ""
        return served if served.startswith(f"{solution.arn}/") else solution.version_arn

    def _send(self, operation: str, desired: Resource, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._service.client, operation)(**request)
        except ClientError as error:
            refusal = error.response["Error"]
            answered = f"the service answered {refusal['Code']}: {refusal['Message']}."
            tried = f"{operation.replace('_', ' ')} {desired.name}: {answered}"
            if passes(refusal["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]):
                raise RetryableError(f"{tried} Apply again: it goes on where it stopped.") from error
            raise FinalError(f"{tried} Correct the file, or what stands in the way, and apply again.") from error
        return answer
