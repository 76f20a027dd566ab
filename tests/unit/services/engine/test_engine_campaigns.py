from __future__ import annotations

from typing import Any

import pytest

from personalize_kinds.kinds import SOLUTION_VERSION
from services.engine.errors import JobFailed
from services.engine.lifecycle import Completion
from services.engine.resources import Resource
from tests.unit.services.engine.control import OUTPUT, ROLE, Control, Refused, refused
from tests.waiting import statuses_until, wait_for

SYNC = {"syncWithLatestSolutionVersion": True}


@pytest.fixture
def solution(control: Control) -> str:
    return control.solution(control.group(), "taste", "aws-user-personalization")


def failing(_version: Resource) -> Completion:
    raise JobFailed("Create failed.")


def test_campaign_serves_the_version_it_was_given(control: Control, solution: str) -> None:
    version = control.version(solution, "one")
    arn = control.created("Campaign", name="live", solutionVersionArn=version)
    campaign = control.described("Campaign", arn)
    assert campaign["status"] == "ACTIVE"
    assert (campaign["solutionVersionArn"], campaign["minProvisionedTPS"]) == (version, 1)
    assert "latestCampaignUpdate" not in campaign


def test_campaigns_are_listed_by_solution_without_their_version(control: Control, solution: str) -> None:
    arn = control.created("Campaign", name="live", solutionVersionArn=control.version(solution, "one"))
    (listed,) = control.ListCampaigns(solutionArn=solution)["campaigns"]
    assert (listed["campaignArn"], "solutionVersionArn" in listed) == (arn, False)
    assert control.ListCampaigns(solutionArn=f"{solution}x")["campaigns"] == []


def test_latest_means_the_newest_active_version(control: Control, solution: str) -> None:
    refused("ResourceInUse", control.CreateCampaign, "no ACTIVE", name="a", solutionVersionArn=f"{solution}/$LATEST")
    control.version(solution, "one")
    newest = control.version(solution, "two")
    control.jobs["SolutionVersion"] = failing
    control.version(solution, "three")
    arn = control.created("Campaign", name="live", solutionVersionArn=f"{solution}/$LATEST")
    assert control.described("Campaign", arn)["solutionVersionArn"] == newest


def test_bare_solution_arn_is_not_found(control: Control, solution: str) -> None:
    control.version(solution, "one")
    refused("ResourceNotFound", control.CreateCampaign, name="live", solutionVersionArn=solution)


def test_version_has_to_be_active(control: Control, solution: str) -> None:
    control.jobs["SolutionVersion"] = failing
    version = control.version(solution, "one")
    refused("ResourceInUse", control.CreateCampaign, "CREATE FAILED", name="live", solutionVersionArn=version)


def test_campaign_of_a_segment_recipe_is_refused(control: Control, solution: str) -> None:
    version = control.store.get(SOLUTION_VERSION, control.version(solution, "one"))
    version.body["recipeArn"] = "arn:aws:personalize:::recipe/aws-item-affinity"
    control.store.save(version)
    refused("InvalidInput", control.CreateCampaign, "segment", name="live", solutionVersionArn=version.arn)


def test_following_needs_latest(control: Control, solution: str) -> None:
    version = control.version(solution, "one")
    refused(
        "InvalidInput", control.CreateCampaign, r"\$LATEST",
        name="live", solutionVersionArn=version, campaignConfig=SYNC,
    )  # fmt: skip
    arn = control.created("Campaign", name="live", solutionVersionArn=f"{solution}/$LATEST", campaignConfig=SYNC)
    refused("InvalidInput", control.UpdateCampaign, r"\$LATEST", campaignArn=arn, solutionVersionArn=version)
    control.UpdateCampaign(
        campaignArn=arn, solutionVersionArn=version, campaignConfig={"syncWithLatestSolutionVersion": False}
    )


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"itemExplorationConfig": {"explorationWeight": "1.5"}}, "from 0 to 1"),
        ({"itemExplorationConfig": {"explorationWeight": "much"}}, "from 0 to 1"),
        ({"itemExplorationConfig": {"explorationWeight": "nan"}}, "from 0 to 1"),
        ({"itemExplorationConfig": {"explorationItemAgeCutOff": "0"}}, "from 1"),
        ({"itemExplorationConfig": {"weight": "1"}}, "has no 'weight'"),
        ({"rankingInfluence": {"POPULARITY": 0.5}}, "semantic"),
        ({"rankingInfluence": {"COLOUR": 0.5}}, "enum"),
    ],
)
def test_configuration_that_cannot_be_is_refused(
    control: Control, solution: str, config: dict[str, Any], fault: str
) -> None:
    version = control.version(solution, "one")
    refused(
        "InvalidInput", control.CreateCampaign, fault, name="live", solutionVersionArn=version, campaignConfig=config
    )


BATCH = {
    "roleArn": ROLE, "jobInput": {"s3DataSource": {"path": "s3://somewhere/in/"}}, "jobOutput": OUTPUT,
}  # fmt: skip


def exploring(control: Control, operation: str, version: str, config: dict[str, str]) -> dict[str, Any]:
    """Ask for exploration by one of the three operations that take it."""
    request = {"itemExplorationConfig": config}
    if operation == "CreateBatchInferenceJob":
        job = {"jobName": "all", "solutionVersionArn": version, "batchInferenceJobConfig": request, **BATCH}
        return control.call(operation, **job)
    if operation == "CreateCampaign":
        return control.call(operation, name="other", solutionVersionArn=version, campaignConfig=request)
    arn = control.created("Campaign", name="live", solutionVersionArn=version)
    return control.call(operation, campaignArn=arn, campaignConfig=request)


by_operation = pytest.mark.parametrize("operation", ["CreateCampaign", "UpdateCampaign", "CreateBatchInferenceJob"])


@by_operation
@pytest.mark.parametrize(
    "recipe", ["aws-user-personalization-v2", "aws-personalized-ranking", "aws-personalized-ranking-v2", "aws-sims"]
)
def test_exploration_is_refused_by_every_operation_for_every_recipe_but_one(
    control: Control, operation: str, recipe: str
) -> None:
    version = control.version(control.solution(control.group(), "other", recipe), "one")
    with pytest.raises(Refused, match=f"belongs to aws-user-personalization, not to {recipe}"):
        exploring(control, operation, version, {"explorationWeight": "0.3"})


@by_operation
@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"explorationWeight": "1.5"}, "from 0 to 1"),
        ({"explorationWeight": "-0.1"}, "from 0 to 1"),
        ({"explorationWeight": "inf"}, "from 0 to 1"),
        ({"explorationItemAgeCutOff": "0"}, "from 1"),
        ({"weight": "1"}, "has no 'weight'"),
        ({"explorationWeight": "1", "explorationItemAgeCutOff": "7.5"}, None),
        ({}, None),
    ],
)
def test_exploration_of_the_recipe_that_has_it_is_held_to_the_same_bounds_by_every_operation(
    control: Control, solution: str, operation: str, config: dict[str, str], fault: str | None
) -> None:
    version = control.version(solution, "one")
    if fault is None:
        assert exploring(control, operation, version, config)
        return
    with pytest.raises(Refused, match=fault):
        exploring(control, operation, version, config)


def test_campaign_serves_the_old_version_until_the_update_is_ready(control: Control, solution: str) -> None:
    old, new = control.version(solution, "one"), control.version(solution, "two")
    exploration = {"itemExplorationConfig": {"explorationWeight": "0.5"}}
    arn = control.created("Campaign", name="live", solutionVersionArn=old, campaignConfig=exploration)
    control.pace(0.4)
    control.UpdateCampaign(campaignArn=arn, solutionVersionArn=new, minProvisionedTPS=3)
    refused("ResourceInUse", control.UpdateCampaign, "updated", campaignArn=arn)

    def status() -> str:
        campaign = control.described("Campaign", arn)
        update = campaign["latestCampaignUpdate"]
        assert campaign["status"] == "ACTIVE"
        assert campaign["solutionVersionArn"] == (new if update["status"] == "ACTIVE" else old)
        assert campaign["minProvisionedTPS"] == (3 if update["status"] == "ACTIVE" else 1)
        assert (update["solutionVersionArn"], update["campaignConfig"]) == (new, exploration)
        return str(update["status"])

    assert statuses_until("ACTIVE", status) == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]


def test_update_to_a_version_that_is_deleted_meanwhile_fails_and_the_old_one_serves(
    control: Control, solution: str
) -> None:
    other = control.solution(control.described("Solution", solution)["datasetGroupArn"], "other")
    old, new = control.version(solution, "one"), control.version(other, "two")
    arn = control.created("Campaign", name="live", solutionVersionArn=old)
    control.pace(0.4)
    control.UpdateCampaign(campaignArn=arn, solutionVersionArn=new)
    control.pace(0)
    control.DeleteSolution(solutionArn=other)
    assert control.gone("Solution", other)
    campaign = control.settled("Campaign", arn, update=True)
    assert campaign["latestCampaignUpdate"]["status"] == "CREATE FAILED"
    assert "was deleted" in campaign["latestCampaignUpdate"]["failureReason"]
    assert (campaign["status"], campaign["solutionVersionArn"]) == ("ACTIVE", old)


def test_campaign_follows_every_new_version(control: Control, solution: str) -> None:
    control.version(solution, "one")
    arn = control.created("Campaign", name="live", solutionVersionArn=f"{solution}/$LATEST", campaignConfig=SYNC)
    for name in ("two", "three"):
        version = control.version(solution, name)
        assert control.settled("Campaign", arn, update=True)["solutionVersionArn"] == version


def test_campaign_that_does_not_follow_stays(control: Control, solution: str) -> None:
    first = control.version(solution, "one")
    arn = control.created("Campaign", name="live", solutionVersionArn=f"{solution}/$LATEST")
    control.version(solution, "two")
    campaign = control.described("Campaign", arn)
    assert campaign["solutionVersionArn"] == first
    assert "latestCampaignUpdate" not in campaign


def test_version_that_ends_during_an_update_is_followed_after_it(control: Control, solution: str) -> None:
    control.version(solution, "one")
    arn = control.created("Campaign", name="live", solutionVersionArn=f"{solution}/$LATEST", campaignConfig=SYNC)
    control.pace(0.4)
    control.UpdateCampaign(campaignArn=arn, minProvisionedTPS=2)
    control.pace(0)
    version = control.version(solution, "two")
    assert control.described("Campaign", arn)["solutionVersionArn"] != version
    wait_for(lambda: control.described("Campaign", arn)["solutionVersionArn"] == version, "the campaign to follow")
    control.settled("Campaign", arn, update=True)
    assert control.described("Campaign", arn)["minProvisionedTPS"] == 2


def test_solution_that_a_campaign_serves_cannot_be_deleted(control: Control, solution: str) -> None:
    arn = control.created("Campaign", name="live", solutionVersionArn=control.version(solution, "one"))
    refused("ResourceInUse", control.DeleteSolution, arn, solutionArn=solution)
    control.DeleteCampaign(campaignArn=arn)
    assert control.gone("Campaign", arn)
    control.DeleteSolution(solutionArn=solution)
    assert control.gone("Solution", solution)


def test_campaign_that_is_deleted_during_an_update_goes(control: Control, solution: str) -> None:
    arn = control.created("Campaign", name="live", solutionVersionArn=control.version(solution, "one"))
    control.pace(0.4)
    control.UpdateCampaign(campaignArn=arn, minProvisionedTPS=2)
    control.pace(60)
    control.DeleteCampaign(campaignArn=arn)
    assert control.settled("Campaign", arn, update=True)["status"] == "DELETE PENDING"
    control.restart()
    assert control.gone("Campaign", arn)


def test_update_under_way_is_finished_by_the_next_process(control: Control, solution: str) -> None:
    old, new = control.version(solution, "one"), control.version(solution, "two")
    arn = control.created("Campaign", name="live", solutionVersionArn=old)
    control.pace(60)
    control.UpdateCampaign(campaignArn=arn, solutionVersionArn=new)
    control.restart()
    assert control.settled("Campaign", arn, update=True)["solutionVersionArn"] == new
