"""The configuration of a twin: everything that a version learned by, except what the pipeline sets itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aisle.evaluation.twin import Twin, twin_of
from aisle.groups.dataset_group import DatasetGroup, Question
from aisle.groups.environment import Group

GROUP = DatasetGroup(Group.model_validate({"name": "shop", "datasets": {"interactions": {}}}), is_first=True)
VERSION = {"recipeArn": "arn:aws:personalize:::recipe/aws-user-personalization"}
SEARCH = {"algorithmHyperParameterRanges": {"integerHyperParameterRanges": [{"name": "hidden_dimension"}]}}


def twin(**described: Any) -> Twin:
    hook: Any = SimpleNamespace(describe=lambda resource, arn: VERSION | described)
    return twin_of(hook, GROUP, Question("users", "for-you"), "arn:solution/for-you/1")


def test_versions_that_were_made_alike_have_one_twin() -> None:
    config = {"algorithmHyperParameters": {"bptt": "20"}}
    own, other = twin(solutionConfig=config), twin(solutionConfig=config | {"autoTrainingConfig": {"x": 1}})
    assert own == other
    assert own.solution_config == config
    assert own.name.startswith("shop-holdout-for-you-")
    assert own.name != twin(solutionConfig={"algorithmHyperParameters": {"bptt": "32"}}).name


def test_a_twin_learns_from_the_same_type_of_events() -> None:
    assert twin(eventType="purchase").event_type == "purchase"
    assert twin().event_type is None
    assert twin(eventType="purchase").name != twin().name


def test_what_a_search_has_found_stands_in_place_of_the_search() -> None:
    config = {"hpoConfig": SEARCH, "algorithmHyperParameters": {"bptt": "20", "hidden_dimension": "50"}}
    best = {"algorithmHyperParameters": {"hidden_dimension": "100"}}
    tuned = twin(solutionConfig=config, tunedHPOParams=best, performHPO=True)
    assert tuned.solution_config == {"algorithmHyperParameters": {"bptt": "20", "hidden_dimension": "100"}}
