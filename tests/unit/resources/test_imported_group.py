from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from aisle.errors import FinalError
from aisle.groups.avro import contract_schema
from aisle.groups.environment_file import load, text_of
from aisle.groups.resource import Live
from aisle.resources.imported import environment_of
from aisle.resources.live import Service
from personalize_kinds import kinds

RECIPE = "arn:aws:personalize:::recipe/"


GROUP = Live(kinds.DATASET_GROUP, "shop", {})
INTERACTIONS = (
    Live(kinds.SCHEMA, "events", {"schema": contract_schema("interactions")}),
    Live(kinds.DATASET, "INTERACTIONS", {"schema": "events"}, label="shop-interactions"),
)


class Held(Service):
    """A service that holds a group of these resources."""

    def __init__(self, *resources: Live, whole: bool = True) -> None:
        super().__init__(client=Mock(), poll_seconds=0.01)
        self._resources = [GROUP, *(INTERACTIONS if whole else ()), *resources]

    def group(self, name: str, schemas: Collection[str] = ()) -> list[Live]:
        return self._resources


def explored(recipe: str, exploration: dict[str, str]) -> list[Live]:
    """A solution by this recipe, and a campaign of it that was given this itemExplorationConfig."""
    campaign: dict[str, Any] = {
        "solution": "up", "minProvisionedTPS": 1, "campaignConfig": {"itemExplorationConfig": exploration}
    }  # fmt: skip
    return [Live(kinds.SOLUTION, "up", {"recipeArn": f"{RECIPE}{recipe}"}), Live(kinds.CAMPAIGN, "home", campaign)]


def test_exploration_that_can_be_set_is_in_the_file() -> None:
    environment, left_out = environment_of(
        Held(*explored("aws-user-personalization", {"explorationWeight": "0.5"})), "shop"
    )
    assert environment.groups[0].solutions["up"].campaigns["home"].exploration.weight == 0.5
    assert left_out == []


@pytest.mark.parametrize("recipe", ["aws-user-personalization-v2", "aws-similar-items", "aws-personalized-ranking-v2"])
@pytest.mark.parametrize("exploration", [{"explorationWeight": "0.3"}, {"explorationItemAgeCutOff": "7"}])
def test_exploration_that_another_recipe_was_given_is_reported_and_left_out(
    recipe: str, exploration: dict[str, str]
) -> None:
    environment, left_out = environment_of(Held(*explored(recipe, exploration)), "shop")
    assert environment.groups[0].solutions["up"].campaigns["home"].exploration.on_the_wire() == {}
    assert [line for line in left_out if line.startswith("campaign home: ") and "exploration" in line] == left_out
    assert len(left_out) == 1


def test_an_empty_exploration_says_nothing_whatever_the_recipe() -> None:
    assert environment_of(Held(*explored("aws-user-personalization-v2", {})), "shop")[1] == []


def test_the_error_for_a_group_that_no_file_can_describe_says_what_it_lacks() -> None:
    with pytest.raises(FinalError) as raised:
        environment_of(Held(whole=False), "shop")
    message = str(raised.value)
    assert "Importing the dataset group shop: groups.0: " in message
    assert "interactions" in message
    assert "pydantic" not in message


@pytest.mark.parametrize("reason", ["bad row 'a\x1b[31mb'", "two\nlines", "\x00", "a\u2028b\x85c", "\ud83d", "\ufffe"])
def test_a_reason_of_any_text_leaves_a_file_that_can_be_read_back(reason: str, tmp_path: Path) -> None:
    failed = Live(kinds.FILTER, "bought", {"filterExpression": "x"}, state="failed", reason=reason)
    environment, left_out = environment_of(Held(failed), "shop")
    file = tmp_path / "shop.yaml"
    file.write_text(text_of(environment, "\n".join(left_out)))
    assert load(file) == environment
