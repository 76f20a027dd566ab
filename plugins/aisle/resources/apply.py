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
    wanted = resources_of(group, environment.tags)
    schemas = {one.name for one in wanted if one.kind == kinds.SCHEMA}
    look = service.settled if wait else service.group
    return plan_group(group.name, wanted, look(group.name, schemas), recipes)


def _check_allowed(to_do: list[Plan], prune: bool) -> None:
    refused = [change for plan in to_do for change in plan.of("refuse")]
    if refused:
        told = "; ".join(f"{change.resource.title}: {change.reason}" for change in refused)
        raise FinalError(f"Applying the resources: nothing was touched, because of {told}.")
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
            changes = [one for one in self._plan.of("create", "update", "replace") if one.resource.kind == kind]
            begun = [arn for change in changes if (arn := self._begin(change))]
            for arn in begun:
                self._service.ready(kind, arn)
        self._remove(schemas)

    def _remove(self, changes: list[Change]) -> None:
        doomed = [change.live for change in changes if change.live]
        remove(self._service, doomed, self._say)
        for live in doomed:
            del self._there[live.key], self._arns[live.key]

    def _begin(self, change: Change) -> str | None:
        """Send what one change needs; the ARN to wait for, or none if it has to be done another day."""
        wanted = change.resource
        if change.action == "update" and change.live:
            return self._update(wanted, change.live, change)
        references = self._references(wanted)
        if references is None:
            self._say(f"{wanted.title} waits: its solution has no trained version")
            return None
        self._say(f"creating {wanted.title}")
        arn: str = self._send(f"create_{wanted.kind.name}", wanted, creation(wanted, references))[
            wanted.kind.arn_member
        ]
        self._arns[wanted.key] = arn
        return arn

    def _update(self, wanted: Resource, live: Live, change: Change) -> str:
        tags = {
            one.path.removeprefix("tags."): one.wanted for one in change.differences if one.path.startswith("tags.")
        }
        if tags:
            self._say(f"tagging {wanted.title}")
            self._send("tag_resource", wanted, {"resourceArn": live.arn, "tags": wire_tags(tags)})
        if len(tags) < len(change.differences):
            self._say(f"updating {wanted.title}")
            self._send(f"update_{wanted.kind.name}", wanted, update(wanted, live, self._references(wanted) or {}))
        return live.arn

    def _references(self, wanted: Resource) -> dict[str, str] | None:
        """The ARNs of what a resource refers to; none if there is no model yet that a campaign could serve."""
        arns = {"datasetGroupArn": self._arns.get((kinds.DATASET_GROUP.name, self._plan.group), "")}
        if wanted.kind == kinds.DATASET:
            arns["schemaArn"] = self._arns[kinds.SCHEMA.name, wanted.settings["schema"]]
        if wanted.kind == kinds.CAMPAIGN:
            version_arn = self._version_for(wanted)
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

    def _send(self, operation: str, wanted: Resource, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._service.client, operation)(**request)
        except ClientError as error:
            told = error.response["Error"]
            tried = (
                f"{operation.replace('_', ' ')} {wanted.name}: the service answered {told['Code']}: {told['Message']}."
            )
            if passes(told["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]):
                raise RetryableError(f"{tried} Apply again: it goes on where it stopped.") from error
            raise FinalError(f"{tried} Correct the file, or what stands in the way, and apply again.") from error
        return answer
