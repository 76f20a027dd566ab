"""What an update changes when it takes effect, and the updates that follow from another resource's becoming ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from personalize_kinds.kinds import CAMPAIGN, DATASET, SCHEMA, SOLUTION, SOLUTION_VERSION
from personalize_kinds.statuses import ACTIVE
from services.engine.errors import JobFailed
from services.engine.resources import Resource
from services.engine.store import Store

SYNC = "syncWithLatestSolutionVersion"


def newest_active(store: Store, solution_arn: str) -> Resource | None:
    """Return the newest ACTIVE version of a solution, or None."""
    versions = store.page(SOLUTION_VERSION, where=(SOLUTION.arn_member, solution_arn))
    return next((version for version in versions if version.status == ACTIVE), None)


def apply(store: Store, resource: Resource) -> None:
    """Apply the latest update of a resource. Raises JobFailed."""
    _APPLY[resource.kind.noun](store, resource)


def updates_after(store: Store, settled: Resource) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """Yield the campaigns that follow their solution's newest version and are behind it, each with its update."""
    campaigns: list[Resource] = []
    if settled.kind == CAMPAIGN:
        campaigns = [settled]
    elif settled.kind == SOLUTION_VERSION:
        campaigns = store.page(CAMPAIGN, where=(SOLUTION.arn_member, settled.body["solutionArn"]))
    for campaign in campaigns:
        if campaign.status == ACTIVE and not campaign.updating and campaign.body["campaignConfig"].get(SYNC):
            newest = newest_active(store, campaign.inner["solutionArn"])
            if newest and newest.arn != campaign.body["solutionVersionArn"]:
                yield campaign, _members(campaign) | {"solutionVersionArn": newest.arn}


def _members(campaign: Resource) -> dict[str, Any]:
    return {member: campaign.body[member] for member in ("solutionVersionArn", "minProvisionedTPS", "campaignConfig")}


def _apply_to_campaign(store: Store, campaign: Resource) -> None:
    version = store.find(SOLUTION_VERSION, campaign.update["solutionVersionArn"])
    if version is None:
        raise JobFailed(
            f"The solution version {campaign.update['solutionVersionArn']} was deleted before the update was ready. "
            "Update the campaign to one that exists."
        )
    campaign.move(campaign.body["status"], **{member: campaign.update[member] for member in _members(campaign)})
    campaign.inner |= {member: version.body[member] for member in ("solutionArn", "datasetGroupArn")}


def _apply_to_dataset(store: Store, dataset: Resource) -> None:
    schema = dataset.update["schemaArn"]
    if store.find(SCHEMA, schema) is None:
        raise JobFailed(f"The schema {schema} was deleted before the update was ready. Pass one that exists.")
    dataset.body["schemaArn"] = schema


def _apply_to_solution(_store: Store, solution: Resource) -> None:
    update: Mapping[str, Any] = solution.update
    for member in ("performAutoTraining", "performIncrementalUpdate"):
        if member in update:
            solution.body[member] = update[member]
    solution.body["solutionConfig"] |= update.get("solutionUpdateConfig", {})


_APPLY: dict[str, Callable[[Store, Resource], None]] = {
    CAMPAIGN.noun: _apply_to_campaign,
    DATASET.noun: _apply_to_dataset,
    SOLUTION.noun: _apply_to_solution,
}
