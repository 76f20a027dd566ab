from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_personalize.hooks.personalize import PersonalizeHook
from aisle.stages.maintain.solutions import remove_solutions
from personalize_kinds.kinds import DATASET_GROUP
from tests.waiting import wait_for

LATER = datetime.now(UTC) + timedelta(days=200)
RECIPE = "arn:aws:personalize:::recipe/aws-popularity-count"


@pytest.fixture
def solutions(run_dag: Any, marts: str, personalize: Any) -> dict[str, str]:
    """Solutions in the first dataset group: one of the file, and one that is not in it. ARNs by name."""
    run_dag("export", "exported")
    group_arn = PersonalizeHook().find(DATASET_GROUP, "aisle")
    arns = {
        name: personalize.create_solution(
            name=name, datasetGroupArn=group_arn, recipeArn=RECIPE, performAutoTraining=False
        )["solutionArn"]
        for name in ("aisle-popularity", "forgotten")
    }
    wait_for(
        lambda: {solution["status"] for solution in personalize.list_solutions()["solutions"]} == {"ACTIVE"},
        "ready solutions",
    )
    return arns


def names(personalize: Any) -> set[str]:
    return {solution["name"] for solution in personalize.list_solutions()["solutions"]}


def test_only_old_solutions_that_no_file_describes_are_deleted(personalize: Any, solutions: dict[str, str]) -> None:
    hook = PersonalizeHook()
    assert remove_solutions(hook, datetime.now(UTC) - timedelta(days=1), dry_run=False) == []
    assert remove_solutions(hook, LATER, dry_run=True) == [solutions["forgotten"]]
    assert names(personalize) == {"aisle-popularity", "forgotten"}
    assert remove_solutions(hook, LATER, dry_run=False) == [solutions["forgotten"]]
    wait_for(lambda: names(personalize) == {"aisle-popularity"}, "the deletion of the others")


def test_a_service_without_the_pipelines_group_has_nothing_to_remove(personalize: Any) -> None:
    assert remove_solutions(PersonalizeHook(), LATER, dry_run=False) == []
