"""Automatic training over the wire, on a clock on which a week takes less than a second."""

from __future__ import annotations

import time
from typing import Any


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
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            found: list[dict[str, Any]] = client.list_solution_versions(solutionArn=solution)["solutionVersions"]
            if len(found) >= at_least and all(one["status"] == "ACTIVE" for one in found):
                return found
            time.sleep(0.05)
        raise TimeoutError(f"not {at_least} versions but {found}")

    assert [one["trainingType"] for one in versions(1)] == ["AUTOMATIC"]
    # A week and more of that clock: nothing is new, so nothing is trained.
    time.sleep(1)
    assert len(versions(1)) == 1
    shop.import_csv(dataset, csv_of_interactions, "second")
    assert len(versions(2)) == 2
