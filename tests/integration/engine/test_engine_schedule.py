"""Automatic training over the wire, on a clock on which a week takes less than a second."""

from __future__ import annotations

import time
from typing import Any

from tests.waiting import wait_for


def test_solution_is_trained_on_schedule_and_only_with_new_data(
    own_engine: Any, make_shop: Any, csv_of_interactions: str
) -> None:
    shop = make_shop(own_engine(ENGINE_AUTO_TRAINING="true", ENGINE_CLOCK_SPEED="2e6").client())
    client, group = shop.client, shop.group()
    dataset = shop.dataset(group)
    shop.import_csv(dataset, csv_of_interactions)
    recipe = "arn:aws:personalize:::recipe/aws-popularity-count"
    solution = client.create_solution(name=shop.name, datasetGroupArn=group, recipeArn=recipe)["solutionArn"]

    def versions(at_least: int) -> list[dict[str, Any]]:
        def trained() -> list[dict[str, Any]]:
            listed: list[dict[str, Any]] = client.list_solution_versions(solutionArn=solution)["solutionVersions"]
            is_complete = len(listed) >= at_least and all(version["status"] == "ACTIVE" for version in listed)
            return listed if is_complete else []

        return wait_for(trained, f"{at_least} trained versions")

    assert [version["trainingType"] for version in versions(1)] == ["AUTOMATIC"]
    # A week and more of the engine's clock has to pass: nothing is new, so nothing is trained.
    time.sleep(1)
    assert len(versions(1)) == 1
    shop.import_csv(dataset, csv_of_interactions, "second")
    assert len(versions(2)) == 2
