from __future__ import annotations

from aisle.groups.desired import tidy_solution
from aisle.groups.requests import creation, mistake_in, update
from aisle.groups.resource import Live, Resource, tidy
from personalize_kinds import kinds

ARNS = {"datasetGroupArn": "group", "schemaArn": "schema", "solutionVersionArn": "version"}


def test_the_services_own_clock_is_switched_off_in_so_many_words() -> None:
    solution = Resource(kinds.SOLUTION, "s", {"recipeArn": "r"})
    assert creation(solution, ARNS)["performAutoTraining"] is False
    assert update(solution, Live(kinds.SOLUTION, "s", {}, arn="arn"), ARNS) == {
        "solutionArn": "arn",
        "performAutoTraining": False,
    }


def test_what_is_created_carries_the_tag_by_which_it_can_be_pruned() -> None:
    assert creation(Resource(kinds.FILTER, "f", {}, {"a": "b"}), ARNS)["tags"] == [
        {"tagKey": "a", "tagValue": "b"},
        {"tagKey": "aisle:managed", "tagValue": "true"},
    ]
    attribution = Resource(kinds.METRIC_ATTRIBUTION, "m", {"metrics": {}})
    assert "tags" not in creation(attribution, ARNS)


def test_a_metric_that_changes_is_removed_and_added_in_one_call() -> None:
    kept, old, new = {"eventType": "a", "expression": "x"}, {"eventType": "b", "expression": "x"}, {"eventType": "c"}
    output = {"roleArn": "role"}
    there = Live(kinds.METRIC_ATTRIBUTION, "m", {"metrics": {"kept": kept, "changed": old, "gone": old}}, arn="arn")
    described = Resource(
        kinds.METRIC_ATTRIBUTION,
        "m",
        {"metrics": {"kept": kept, "changed": new, "new": new}, "metricsOutputConfig": output},
    )
    assert update(described, there, ARNS) == {
        "metricAttributionArn": "arn",
        "removeMetrics": ["changed", "gone"],
        "addMetrics": [{"metricName": "changed", **new}, {"metricName": "new", **new}],
        "metricsOutputConfig": output,
    }


def test_what_the_file_no_longer_says_of_a_campaign_is_taken_back() -> None:
    there = Live(
        kinds.CAMPAIGN,
        "c",
        {
            "campaignConfig": {
                "itemExplorationConfig": {"explorationWeight": "1"},
                "syncWithLatestSolutionVersion": True,
            }
        },
        arn="arn",
    )
    sent = update(Resource(kinds.CAMPAIGN, "c", {"minProvisionedTPS": 2}), there, ARNS)
    assert sent["campaignConfig"] == {
        "itemExplorationConfig": {},
        "enableMetadataWithRecommendations": False,
        "syncWithLatestSolutionVersion": False,
    }


def test_the_model_of_the_service_finds_mistakes_in_what_would_be_sent() -> None:
    good = Resource(kinds.SOLUTION, "s", {"recipeArn": "arn:aws:personalize:::recipe/aws-sims"})
    assert mistake_in(good) is None
    bad = Resource(kinds.SOLUTION, "s", {"solutionConfig": {"eventValueThreshold": 5}})
    assert "eventValueThreshold" in str(mistake_in(bad))


def test_what_says_nothing_is_left_out_and_a_zero_says_something() -> None:
    assert tidy({"a": None, "b": False, "c": {"d": []}, "e": 0, "f": [{"g": None, "h": 0.0}]}) == {
        "e": 0,
        "f": [{"h": 0.0}],
    }


def test_a_clock_that_is_off_and_a_prefix_of_a_hyperparameter_make_no_difference() -> None:
    ranges = {"algorithmHyperParameterRanges": {"integerHyperParameterRanges": [{"name": "training.bptt"}]}}
    tidied = tidy_solution(
        {"solutionConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(7 days)"}, "hpoConfig": ranges}}
    )
    plain = {"algorithmHyperParameterRanges": {"integerHyperParameterRanges": [{"name": "bptt"}]}}
    assert tidied == {"solutionConfig": {"hpoConfig": plain}}
