"""Campaigns: solution versions that answer in real time."""

from __future__ import annotations

from typing import Any

from personalize_kinds.arns import LATEST
from personalize_kinds.kinds import CAMPAIGN, SOLUTION, SOLUTION_VERSION
from personalize_kinds.statuses import ACTIVE, SETTLED
from services.engine.catalogue import Recipe, recipe_of
from services.engine.errors import InUse, InvalidInput
from services.engine.operations import exploration
from services.engine.operations.base import Answer, Call, Operations
from services.engine.resources import Resource
from services.engine.updates import SYNC, newest_active


class CampaignOperations(Operations):
    """Operations on campaigns. A campaign serves one version until an update or, if it follows them, a newer one."""

    def create_campaign(self, call: Call) -> Answer:
        version = self._version(call["solutionVersionArn"])
        config = call.get("campaignConfig", {})
        check_config(config, recipe_of(version.body["recipeArn"]))
        _check_sync(config, call["solutionVersionArn"])
        body = {
            "name": call["name"],
            "solutionVersionArn": version.arn,
            "minProvisionedTPS": call.get("minProvisionedTPS", 1),
            "campaignConfig": config,
        }
        parents = {member: version.body[member] for member in (SOLUTION.arn_member, "datasetGroupArn")}
        return self.create(Resource.create(CAMPAIGN, call.region, call["name"], body, **parents), call)

    def update_campaign(self, call: Call) -> Answer:
        """Start an update to another version or configuration; the current one serves until that is ready."""
        campaign = self.find(CAMPAIGN, call)
        if campaign.status not in SETTLED or campaign.updating:
            raise InUse(f"{campaign.arn} is being created, updated or deleted; wait until that has ended")
        version = self._version(call.get("solutionVersionArn") or campaign.body["solutionVersionArn"])
        config = campaign.body["campaignConfig"] | call.get("campaignConfig", {})
        check_config(config, recipe_of(version.body["recipeArn"]))
        if "solutionVersionArn" in call.request or SYNC in call.get("campaignConfig", {}):
            _check_sync(config, call.get("solutionVersionArn", ""))
        update = {
            "solutionVersionArn": version.arn,
            "minProvisionedTPS": call.get("minProvisionedTPS", campaign.body["minProvisionedTPS"]),
            "campaignConfig": config,
        }
        self.lifecycle.update(campaign, update)
        return {CAMPAIGN.arn_member: campaign.arn}

    def describe_campaign(self, call: Call) -> Answer:
        return self.describe(CAMPAIGN, call)

    def list_campaigns(self, call: Call) -> Answer:
        return self.list(CAMPAIGN, call, parent=SOLUTION)

    def delete_campaign(self, call: Call) -> Answer:
        return self.delete(self.find(CAMPAIGN, call))

    def _version(self, arn: str) -> Resource:
        """Return the ACTIVE version of an ARN or of `<solution>/$LATEST`. Raises NotFound, InUse."""
        if arn.endswith(LATEST):
            solution = self.store.get(SOLUTION, arn.removesuffix(LATEST))
            version = newest_active(self.store, solution.arn)
            if version is None:
                raise InUse(f"{solution.arn} has no ACTIVE version; create one and wait until it is")
        else:
            version = self.store.get(SOLUTION_VERSION, arn)
        if version.status != ACTIVE:
            raise InUse(f"{version.arn} is {version.status}, but must be ACTIVE for a campaign; wait until it is")
        return version


def check_config(config: dict[str, Any], recipe: Recipe | None) -> None:
    """Raise InvalidInput unless campaigns of the recipe can have this configuration."""
    if recipe is None or recipe.type == "USER_SEGMENTATION":
        raise InvalidInput(
            "A campaign cannot serve a solution of a user segmentation recipe; create a batch segment job for it"
        )
    if "rankingInfluence" in config:
        raise InvalidInput(f"rankingInfluence belongs to aws-semantic-similarity, not to {recipe.name}; leave it out")
    exploration.check(config.get("itemExplorationConfig", {}), recipe)


def _check_sync(config: dict[str, Any], arn: str) -> None:
    if config.get(SYNC) and not arn.endswith(LATEST):
        raise InvalidInput(
            f"{SYNC} needs a solutionVersionArn that ends in {LATEST}, not '{arn}'; pass <solutionArn>{LATEST}, or "
            f"set {SYNC} to false"
        )
