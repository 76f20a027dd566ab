"""Operations of solutions and their versions: configurations, trainings, stops and updates."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from personalize_kinds.kinds import SOLUTION_VERSION
from services.engine.lifecycle import Completion
from services.engine.resources import Resource
from tests.unit.services.engine.control import RECIPE, Control, refused
from tests.waiting import statuses_until, wait_for


def test_training_may_be_asked_for_as_soon_as_its_solution_is(control: Control, group: str) -> None:
    control.pace(60)
    solution = control.CreateSolution(
        name="new", datasetGroupArn=group, recipeArn=RECIPE.format("aws-popularity-count")
    )["solutionArn"]
    version = control.CreateSolutionVersion(solutionArn=solution)["solutionVersionArn"]
    assert control.described("Solution", solution)["status"] == "CREATE PENDING"
    control.restart()
    assert control.settled("SolutionVersion", version)["status"] == "ACTIVE"
    assert control.settled("Solution", solution)["status"] == "ACTIVE"
    control.pace(60)
    control.DeleteSolution(solutionArn=solution)
    refused("ResourceInUse", control.CreateSolutionVersion, "DELETE PENDING", solutionArn=solution)


def test_training_that_is_pending_stops_at_once(control: Control, group: str) -> None:
    solution = control.solution(group)
    control.pace(60)
    version = control.CreateSolutionVersion(solutionArn=solution)["solutionVersionArn"]
    control.StopSolutionVersionCreation(solutionVersionArn=version)
    assert control.described("SolutionVersion", version)["status"] == "CREATE STOPPED"
    refused("ResourceInUse", control.StopSolutionVersionCreation, "CREATE STOPPED", solutionVersionArn=version)


def test_training_that_was_stopped_never_becomes_active(control: Control, group: str) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_version: Resource) -> Completion:
        begun.set()
        go_on.wait(120)
        return lambda _: None

    control.jobs["SolutionVersion"] = slow
    solution = control.solution(group)
    version = control.CreateSolutionVersion(solutionArn=solution)["solutionVersionArn"]
    begun.wait(120)
    refused("ResourceInUse", control.DeleteSolution, "CREATE IN_PROGRESS", solutionArn=solution)
    control.StopSolutionVersionCreation(solutionVersionArn=version)
    assert control.settled("SolutionVersion", version)["status"] == "CREATE STOPPED"
    folder = control.files.model(control.store.get(SOLUTION_VERSION, version))
    folder.mkdir(parents=True)
    go_on.set()
    follower = control.created("SolutionVersion", solutionArn=solution)
    assert control.described("SolutionVersion", follower)["status"] == "ACTIVE"
    assert control.described("SolutionVersion", version)["status"] == "CREATE STOPPED"
    wait_for(lambda: not folder.exists(), "the end of what the abandoned training made")


def test_stopping_shows_on_the_way(control: Control, group: str) -> None:
    solution = control.solution(group)
    control.pace(0.4)
    version = control.CreateSolutionVersion(solutionArn=solution)["solutionVersionArn"]
    statuses_until("CREATE IN_PROGRESS", lambda: str(control.described("SolutionVersion", version)["status"]))
    control.StopSolutionVersionCreation(solutionVersionArn=version)
    assert control.described("SolutionVersion", version)["status"] == "CREATE STOPPING"
    control.restart()
    assert control.settled("SolutionVersion", version)["status"] == "CREATE STOPPED"


def test_update_of_a_solution_is_shown_and_then_applied(control: Control, group: str) -> None:
    solution = control.solution(group, recipe="aws-user-personalization-v2")
    assert control.described("Solution", solution)["performAutoTraining"] is True
    config = {
        "autoTrainingConfig": {"schedulingExpression": "rate(3 days)"},
        "eventsConfig": {"eventParametersList": [{"eventType": "buy", "weight": 0.5}]},
    }
    refused("InvalidInput", control.UpdateSolution, "nothing to change", solutionArn=solution)
    control.pace(0.4)
    control.UpdateSolution(solutionArn=solution, performAutoTraining=False, solutionUpdateConfig=config)
    assert control.described("Solution", solution)["performAutoTraining"] is True
    refused("ResourceInUse", control.UpdateSolution, solutionArn=solution, performAutoTraining=True)
    refused("ResourceInUse", control.DeleteSolution, "update", solutionArn=solution)
    updated = control.settled("Solution", solution, update=True)
    assert (updated["performAutoTraining"], updated["solutionConfig"]) == (False, config)
    assert updated["latestSolutionUpdate"]["solutionUpdateConfig"] == config
    assert updated["status"] == "ACTIVE"


def test_search_over_recipes_settles_on_one_and_tunes_it(control: Control, group: str) -> None:
    arn = control.created("Solution", name="auto", datasetGroupArn=group, performAutoML=True)
    solution = control.described("Solution", arn)
    assert solution["autoMLResult"] == {"bestRecipeArn": RECIPE.format("aws-user-personalization")}
    assert (solution["performAutoML"], solution["performHPO"]) == (True, True)
    refused(
        "InvalidInput", control.CreateSolution, "leave recipeArn out",
        name="b", datasetGroupArn=group, performAutoML=True, recipeArn=RECIPE.format("aws-sims"),
    )  # fmt: skip


SEARCH = "hpoConfig"
UP, UP2 = "aws-user-personalization", "aws-user-personalization-v2"


def ranges(kind: str, **bounds: Any) -> dict[str, Any]:
    return {SEARCH: {"algorithmHyperParameterRanges": {f"{kind}HyperParameterRanges": [bounds]}}}


def events(*listed: dict[str, Any]) -> dict[str, Any]:
    return {"eventsConfig": {"eventParametersList": [*listed]}}


def columns(**chosen: Any) -> dict[str, Any]:
    return {"trainingDataConfig": {f"{which}DatasetColumns": columns for which, columns in chosen.items()}}


@pytest.mark.parametrize(
    ("recipe", "request_", "fault"),
    [
        ("aws-sims", {"algorithmHyperParameters": {"colour": "1"}}, "no parameter 'colour'"),
        ("aws-popularity-count", {"algorithmHyperParameters": {"bptt": "1"}}, "has none"),
        ("aws-sims", {"algorithmHyperParameters": {"min_cointeraction_count": "11"}}, "from 0 to 10"),
        ("aws-sims", {"algorithmHyperParameters": {"min_cointeraction_count": "2.5"}}, "whole number"),
        (UP, {"algorithmHyperParameters": {"recency_mask": "perhaps"}}, "True, False"),
        ("aws-sims", {"featureTransformationParameters": {"min_user_history_length_percentile": "2"}}, "from 0 to 1"),
        ("aws-sims", ranges("integer", name="popularity_discount_factor", minValue=0, maxValue=1), "not integer"),
        (UP, ranges("integer", name="bptt", minValue=2, maxValue=64), "from 2 to 32"),
        (UP, ranges("integer", name="bptt", minValue=9, maxValue=3), "does not lie"),
        (UP, ranges("categorical", name="recency_mask", values=["Maybe"]), "True, False"),
        ("aws-sims", {SEARCH: {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "41"}}}, "from 1 to 40"),
        ("aws-sims", {SEARCH: {"hpoResourceConfig": {"maxParallelTrainingJobs": "many"}}}, "from 1 to 10"),
        ("aws-sims", events({"eventType": "buy"}), "second version"),
        (UP2, events({"eventType": "a"}, {"eventType": "A"}), "once"),
        (UP2, events({"eventType": "a", "weight": 1.5}), "less than or equal"),
        ("aws-sims", {"optimizationObjective": {"itemAttribute": "PRICE"}}, "aws-personalized-ranking, not aws-sims"),
        (UP, {"optimizationObjective": {"itemAttribute": "ITEM_ID"}}, "numeric column"),
        (UP, columns(excluded={"INTERACTIONS": ["USER_ID"]}), "cannot be excluded"),
        (UP, columns(excluded={"ITEMS": ["NONE"]}), "not a column"),
        (UP, columns(excluded={"ACTIONS": ["A"]}), "does not have"),
        (UP, columns(excluded={}, included={}), "not both"),
        ("aws-sims", {"autoTrainingConfig": {"schedulingExpression": "rate(31 days)"}}, "from 1 to 30"),
        ("aws-sims", {"autoTrainingConfig": {"schedulingExpression": "rate(0 days)"}}, "from 1 to 30"),
        ("aws-sims", {"eventValueThreshold": "high"}, "number as a string"),
    ],
)  # fmt: skip
def test_configuration_that_the_recipe_does_not_take_is_refused(
    control: Control, group: str, recipe: str, request_: dict[str, Any], fault: str
) -> None:
    refused(
        "InvalidInput", control.CreateSolution, fault,
        name="s", datasetGroupArn=group, recipeArn=RECIPE.format(recipe), solutionConfig=request_,
    )  # fmt: skip


def test_configuration_that_the_recipe_takes_is_echoed(control: Control, group: str) -> None:
    config = {
        "algorithmHyperParameters": {"hidden_dimension": "64", "recency_mask": "false"},
        "featureTransformationParameters": {"max_user_history_length_percentile": "0.95"},
        "autoTrainingConfig": {"schedulingExpression": "rate(1 day)"},
        "eventValueThreshold": "0.5",
        SEARCH: {
            "hpoResourceConfig": {"maxNumberOfTrainingJobs": "4", "maxParallelTrainingJobs": "2"},
            "algorithmHyperParameterRanges": {
                "integerHyperParameterRanges": [{"name": "bptt", "minValue": 4, "maxValue": 8}],
                "categoricalHyperParameterRanges": [{"name": "recency_mask", "values": ["True"]}],
            },
        },
    }
    arn = control.solution(group, "s", "aws-user-personalization", solutionConfig=config, eventType="purchase")
    assert control.described("Solution", arn)["solutionConfig"] == config


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        ({"recipeArn": RECIPE.format("aws-ecomm-recommended-for-you")}, "recommenders of the domain ECOMMERCE"),
        ({"recipeArn": RECIPE.format("aws-next-best-action")}, "not covered"),
        ({"recipeArn": RECIPE.format("aws-hrnn")}, "not covered"),
        ({"recipeArn": RECIPE.format("aws-none")}, "no recipe"),
        ({}, "needs a recipeArn"),
        ({"recipeArn": RECIPE.format("aws-popularity-count"), "performHPO": True}, "no tunable hyperparameter"),
        ({"recipeArn": RECIPE.format("aws-sims"), "performIncrementalUpdate": True}, "semantic-similarity"),
    ],
)
def test_solution_that_cannot_be_is_refused(control: Control, group: str, request_: dict[str, Any], fault: str) -> None:
    refused("InvalidInput", control.CreateSolution, fault, name="s", datasetGroupArn=group, **request_)
