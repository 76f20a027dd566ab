"""The whole life of a recommender, as any client sees it: group, data, training, metrics, batch inference."""

from __future__ import annotations

import json
from typing import Any

import pytest

METRIC_KEYS = {
    "coverage",
    "mean_reciprocal_rank_at_25",
    *(f"normalized_discounted_cumulative_gain_at_{cut}" for cut in (5, 10, 25)),
    *(f"precision_at_{cut}" for cut in (5, 10, 25)),
}


@pytest.fixture
def group(shop: Any, csv_of_interactions: str) -> str:
    """A dataset group with interactions in it."""
    arn = shop.group()
    assert shop.import_csv(shop.dataset(arn), csv_of_interactions)["status"] == "ACTIVE"
    return arn


def test_user_personalization_recommends_what_people_of_that_taste_take(shop: Any, group: str) -> None:
    version = shop.train(group, "aws-user-personalization")
    assert version["status"] == "ACTIVE", version
    metrics = shop.client.get_solution_metrics(solutionVersionArn=version["solutionVersionArn"])["metrics"]
    assert metrics.keys() == METRIC_KEYS

    lines = shop.infer(
        version["solutionVersionArn"], [json.dumps({"userId": f"u{n}"}) for n in range(60)], numResults=10
    )

    assert [line["input"]["userId"] for line in lines] == [f"u{n}" for n in range(60)]
    for n, line in enumerate(lines):
        items, scores = line["output"]["recommendedItems"], line["output"]["scores"]
        assert len(items) == len(set(items)) == len(scores) == 10
        assert line["error"] is None
        assert all(0 < score < 1 for score in scores)
        assert scores == sorted(scores, reverse=True)
        assert all(int(item[1:]) % 2 == n % 2 for item in items[:5])


def test_scores_of_a_user_sum_to_one_over_the_catalogue(shop: Any, group: str) -> None:
    version = shop.train(group, "aws-user-personalization")["solutionVersionArn"]
    (line,) = shop.infer(version, ['{"userId":"u3"}'], numResults=500)
    assert len(line["output"]["recommendedItems"]) == 40
    assert sum(line["output"]["scores"]) == pytest.approx(1, abs=1e-4)


def test_unknown_user_gets_popular_items_and_bad_records_get_their_error(shop: Any, group: str) -> None:
    popular = shop.train(group, "aws-popularity-count")["solutionVersionArn"]
    (by_count,) = shop.infer(popular, ['{"userId":"u1"}'], name="popular")
    assert by_count["output"].keys() == {"recommendedItems"}

    version = shop.train(group, "aws-user-personalization")["solutionVersionArn"]
    lines = shop.infer(version, ['{"userId":"nobody"}', "{}", "not json", '{"userId":7}', '{"userId":"u1"}'])

    stranger, empty, broken, number, known = lines
    assert stranger["output"]["recommendedItems"] == by_count["output"]["recommendedItems"]
    missing = "User error: Required fields for the provided recipe are userId"
    assert empty == {"input": {}, "output": {"recommendedItems": []}, "error": missing}
    assert broken["error"] == "User error: The line is not valid JSON"
    assert broken["input"] == "not json"
    assert number["error"] == missing
    assert len(known["output"]["recommendedItems"]) == 25


@pytest.mark.parametrize("recipe", ["aws-sims", "aws-similar-items"])
def test_similar_items_never_hold_the_item_itself_and_carry_no_scores(shop: Any, group: str, recipe: str) -> None:
    version = shop.train(group, recipe)["solutionVersionArn"]
    lines = shop.infer(
        version, [json.dumps({"itemId": f"i{n}"}) for n in range(40)] + ['{"itemId":"new"}'], name="items"
    )
    for n, line in enumerate(lines[:40]):
        items = line["output"]["recommendedItems"]
        assert line["output"].keys() == {"recommendedItems"}
        assert f"i{n}" not in items
        assert all(int(item[1:]) % 2 == n % 2 for item in items[:5])
    assert len(lines[40]["output"]["recommendedItems"]) == 25


def test_output_folder_holds_one_out_file_per_input_and_the_check(shop: Any, group: str) -> None:
    version = shop.train(group, "aws-popularity-count")["solutionVersionArn"]
    shop.infer(version, ['{"userId":"u1"}'])
    listed = shop.s3.list_objects_v2(Bucket=shop.bucket, Prefix="output/")["Contents"]
    assert sorted(entry["Key"] for entry in listed) == ["output/users/_CHECK", "output/users/users.json.out"]
