"""A solution in service beside what the file says of it."""

from __future__ import annotations

from typing import Any

import pytest

from aisle.errors import FinalError
from aisle.groups.desired import solution_settings
from aisle.groups.environment import Solution
from aisle.stages.train.set_up import refuse_other_set_up

HPO = {
    "hpoConfig": {"algorithmHyperParameterRanges": {"integerHyperParameterRanges": [{"name": "bptt", "minValue": 2}]}}
}


def described(solution: Solution, **other: Any) -> dict[str, Any]:
    """The service's description of a solution created so; `other` members replace those of the file."""
    silent = {"performHPO": False, "performAutoML": False, "performIncrementalUpdate": False, "status": "ACTIVE"}
    return {"name": "shop-alike", **silent, **solution_settings(solution), **other}


def solution(**members: Any) -> Solution:
    return Solution(recipe="aws-user-personalization", **members)


@pytest.mark.parametrize(
    "made", [solution(), solution(perform_hpo=True, config=HPO), solution(event_type="purchase", auto_training_days=7)]
)
def test_a_solution_that_is_as_the_file_says_is_let_through(made: Solution) -> None:
    refuse_other_set_up(made, described(made))


def test_the_prefixes_that_the_service_gives_to_hyperparameters_are_no_difference() -> None:
    named = {
        "algorithmHyperParameterRanges": {"integerHyperParameterRanges": [{"name": "training.bptt", "minValue": 2}]}
    }
    made = solution(perform_hpo=True, config=HPO)
    refuse_other_set_up(made, described(made, solutionConfig={"hpoConfig": named}))


@pytest.mark.parametrize(
    ("asked_for", "said"),
    [
        (solution(perform_hpo=True), "performHPO: nothing → True"),
        (solution(event_type="purchase"), "eventType: nothing → 'purchase'"),
        (solution(config={"eventValueThreshold": "2"}), "solutionConfig.eventValueThreshold: nothing → '2'"),
    ],
)
def test_any_other_is_refused_with_each_difference_and_what_to_do(asked_for: Solution, said: str) -> None:
    with pytest.raises(FinalError) as refused:
        refuse_other_set_up(asked_for, described(solution()))
    message = str(refused.value)
    assert message.startswith(f"training the solution shop-alike: it is not set up as the file says ({said})")
    assert "`aisle apply` changes it, with `--prune`" in message


def test_what_the_file_no_longer_says_is_a_difference_too() -> None:
    with pytest.raises(FinalError, match="performAutoTraining: True → nothing"):
        refuse_other_set_up(solution(), described(solution(), performAutoTraining=True))
