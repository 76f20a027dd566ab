"""What a solution may ask of training, through the API: searched hyperparameters, and the metrics of each recipe."""

from __future__ import annotations

from typing import Any

import pytest

LISTS = {
    "coverage", "mean_reciprocal_rank_at_25",
    *(f"normalized_discounted_cumulative_gain_at_{cut}" for cut in (5, 10, 25)),
    *(f"precision_at_{cut}" for cut in (5, 10, 25)),
}  # fmt: skip
SEGMENTS = {"coverage", "hits_at_1_percent", "recall_at_1_percent"}


@pytest.fixture
def group(shop: Any, csv_of_interactions: str) -> str:
    arn = shop.group()
    assert shop.import_csv(shop.dataset(arn), csv_of_interactions)["status"] == "ACTIVE"
    return str(arn)


def metrics(shop: Any, version: dict[str, Any]) -> dict[str, float]:
    assert version["status"] == "ACTIVE", version
    return dict(shop.client.get_solution_metrics(solutionVersionArn=version["solutionVersionArn"])["metrics"])


@pytest.mark.parametrize(
    ("recipe", "keys"),
    [
        ("aws-similar-items", LISTS),
        ("aws-popularity-count", LISTS),
        ("aws-trending-now", LISTS | {"trend_prediction_accuracy"}),
        ("aws-item-affinity", SEGMENTS),
    ],
)
def test_each_recipe_has_its_own_metrics(recipe: str, keys: set[str], shop: Any, group: str) -> None:
    assert set(metrics(shop, shop.train(group, recipe))) == keys


def test_search_returns_what_it_chose_within_the_ranges(shop: Any, group: str) -> None:
    ranges = {
        "integerHyperParameterRanges": [{"name": "min_cointeraction_count", "minValue": 1, "maxValue": 4}],
        "continuousHyperParameterRanges": [{"name": "popularity_discount_factor", "minValue": 0.1, "maxValue": 0.9}],
    }
    config = {
        "hpoConfig": {
            "algorithmHyperParameterRanges": ranges,
            "hpoResourceConfig": {"maxNumberOfTrainingJobs": "4", "maxParallelTrainingJobs": "2"},
        }
    }
    version = shop.train(group, "aws-sims", performHPO=True, solutionConfig=config)
    tuned = version["tunedHPOParams"]["algorithmHyperParameters"]
    assert 1 <= int(tuned["min_cointeraction_count"]) <= 4
    assert 0.1 <= float(tuned["popularity_discount_factor"]) <= 0.9
    assert set(metrics(shop, version)) == LISTS


def test_without_a_search_nothing_is_said_to_be_tuned(shop: Any, group: str) -> None:
    assert "tunedHPOParams" not in shop.train(group, "aws-sims")


def test_weights_of_event_types_bring_their_metric(shop: Any, group: str) -> None:
    config = {"eventsConfig": {"eventParametersList": [{"eventType": "purchase", "weight": 0.5}]}}
    version = shop.train(group, "aws-user-personalization-v2", solutionConfig=config)
    weighted = {f"normalized_discounted_cumulative_gain_with_event_weights_at_{cut}" for cut in (5, 10, 25)}
    assert set(metrics(shop, version)) == LISTS | weighted
