"""Metric attributions, recipes, recommenders, tags and quotas."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.engine.errors import JobFailed
from services.engine.lifecycle import Completion
from services.engine.quotas import Quotas
from services.engine.resources import Resource
from tests.unit.services.engine.control import RECIPE, ROLE, Control, Refused, refused

METRICS = [{"eventType": "purchase", "metricName": "count", "expression": "SAMPLECOUNT()"}]


def test_metrics_are_added_removed_and_listed_in_pages(control: Control, group: str) -> None:
    arn = control.created(
        "MetricAttribution", name="worth", datasetGroupArn=group, metrics=METRICS, metricsOutputConfig={"roleArn": ROLE}
    )
    price = {"eventType": "purchase", "metricName": "money", "expression": "SUM(Items.PRICE)"}
    control.UpdateMetricAttribution(metricAttributionArn=arn, addMetrics=[price])
    first = control.ListMetricAttributionMetrics(metricAttributionArn=arn, maxResults=1)
    second = control.ListMetricAttributionMetrics(metricAttributionArn=arn, nextToken=first["nextToken"])
    assert first["metrics"] + second["metrics"] == [*METRICS, price]
    assert "nextToken" not in second
    refused("ResourceAlreadyExists", control.UpdateMetricAttribution, metricAttributionArn=arn, addMetrics=[price])
    refused(
        "InvalidInput",
        control.UpdateMetricAttribution,
        "no metric named",
        metricAttributionArn=arn,
        removeMetrics=["x"],
    )
    control.UpdateMetricAttribution(metricAttributionArn=arn, removeMetrics=["count"])
    assert control.ListMetricAttributionMetrics(metricAttributionArn=arn)["metrics"] == [price]
    refused(
        "LimitExceeded", control.CreateMetricAttribution,
        name="more", datasetGroupArn=group, metrics=METRICS, metricsOutputConfig={"roleArn": ROLE},
    )  # fmt: skip
    control.DeleteMetricAttribution(metricAttributionArn=arn)
    assert control.gone("MetricAttribution", arn)


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("AVG(Items.PRICE)", "not a metric"),
        ("SUM(Users.AGE)", "not a metric"),
        ("SUM(Items.ITEM_ID)", "is string"),
        ("SUM(Items.NONE)", "no column"),
    ],
)
def test_metric_that_cannot_be_counted_is_refused(control: Control, group: str, expression: str, fault: str) -> None:
    metrics = [{"eventType": "buy", "metricName": "m", "expression": expression}]
    refused(
        "InvalidInput", control.CreateMetricAttribution, fault,
        name="worth", datasetGroupArn=group, metrics=metrics, metricsOutputConfig={"roleArn": ROLE},
    )  # fmt: skip


def test_recipes_of_a_domain_are_listed_by_it(control: Control) -> None:
    listed = control.ListRecipes(domain="VIDEO_ON_DEMAND")["recipes"]
    assert {recipe["name"].split("-")[1] for recipe in listed} == {"vod"}
    assert {recipe["domain"] for recipe in listed} == {"VIDEO_ON_DEMAND"}
    assert len(listed) == 5


def test_algorithm_and_transformation_of_a_recipe_tell_their_parameters(control: Control) -> None:
    recipe = control.DescribeRecipe(recipeArn=RECIPE.format("aws-user-personalization"))["recipe"]
    algorithm = control.DescribeAlgorithm(algorithmArn=recipe["algorithmArn"])["algorithm"]
    assert algorithm["defaultHyperParameters"] == {"hidden_dimension": "149", "bptt": "32", "recency_mask": "True"}
    (bptt,) = [
        range_
        for range_ in algorithm["defaultHyperParameterRanges"]["integerHyperParameterRanges"]
        if range_["name"] == "bptt"
    ]
    assert bptt == {"name": "bptt", "minValue": 2, "maxValue": 32, "isTunable": True}
    transformation = control.DescribeFeatureTransformation(featureTransformationArn=recipe["featureTransformationArn"])
    defaults = transformation["featureTransformation"]["defaultParameters"]
    assert defaults["max_user_history_length_percentile"] == "0.99"
    missing = "arn:aws:personalize:::algorithm/none"
    refused("ResourceNotFound", control.DescribeAlgorithm, algorithmArn=missing)
    refused("InvalidInput", control.DescribeFeatureTransformation, featureTransformationArn=missing)


def test_recommender_is_refused_after_everything_that_could_be_wrong_with_it(control: Control) -> None:
    shop = control.created("DatasetGroup", name="shop", domain="ECOMMERCE")
    recipe = RECIPE.format("aws-ecomm-recommended-for-you")
    request = {"name": "r", "datasetGroupArn": shop, "recipeArn": recipe}
    refused("InvalidInput", control.CreateRecommender, "not covered", **request)
    refused("ResourceNotFound", control.CreateRecommender, **request | {"datasetGroupArn": f"{shop}x"})
    refused(
        "InvalidInput",
        control.CreateRecommender,
        "no.* recipe of a domain",
        **request | {"recipeArn": RECIPE.format("aws-sims")},
    )
    refused(
        "InvalidInput",
        control.CreateRecommender,
        "VIDEO",
        **request | {"recipeArn": RECIPE.format("aws-vod-top-picks")},
    )
    refused("InvalidInput", control.CreateRecommender, "pattern", **request | {"name": "a b"})
    arn = "arn:aws:personalize:us-east-1:000000000000:recommender/r"
    for operation in ("Describe", "Delete", "Start", "Stop"):
        refused("ResourceNotFound", getattr(control, f"{operation}Recommender"), recommenderArn=arn)
    refused("ResourceNotFound", control.UpdateRecommender, recommenderArn=arn, recommenderConfig={})
    assert control.ListRecommenders()["recommenders"] == []


def test_fifty_tags_fit_on_a_resource_from_the_beginning(control: Control) -> None:
    tags = [{"tagKey": f"k{n}", "tagValue": ""} for n in range(51)]
    refused("TooManyTags", control.CreateDatasetGroup, "51 tags", name="shop", tags=tags)
    control.CreateDatasetGroup(name="shop", tags=tags[:50])


def test_thirty_two_clients_at_once_see_whole_resources_only(control: Control, group: str) -> None:
    """All fight for one tracker and for their filters' names; lists never show what is half there."""
    expression = 'INCLUDE ItemID WHERE Items.ITEM_ID IN ("a")'
    trackers, filters, taken, full = [], [], [], []

    def act(client: int) -> None:
        for attempt in range(3):
            try:
                trackers.append(control.CreateEventTracker(name="t", datasetGroupArn=group)["eventTrackerArn"])
            except Refused as refusal:
                taken.append(refusal.code)
            try:
                name = f"f{client % 16}-{attempt}"
                answer = control.CreateFilter(name=name, datasetGroupArn=group, filterExpression=expression)
                filters.append(answer["filterArn"])
            except Refused as refusal:
                full.append(refusal.code)
            for listed in control.ListFilters(datasetGroupArn=group)["Filters"]:
                assert {"name", "filterArn", "datasetGroupArn", "status", "creationDateTime"} <= listed.keys()

    with ThreadPoolExecutor(32) as clients:
        for done in [clients.submit(act, client) for client in range(32)]:
            done.result()
    assert (len(trackers), {*taken}) == (1, {"ResourceAlreadyExists"})
    assert len(filters) == len({*filters}) == 30
    assert {*full} == {"ResourceAlreadyExists", "LimitExceeded"}
    listed = control.ListFilters(datasetGroupArn=group)["Filters"]
    assert {summary["filterArn"] for summary in listed} == {*filters}
    assert {control.settled("Filter", arn)["status"] for arn in filters} == {"ACTIVE"}


def test_adjustable_quotas_hold_on_request(tmp_path: Path) -> None:
    service, free = Control(tmp_path / "a", Quotas(adjustable=True)), Control(tmp_path / "b")
    for n in range(5):
        service.created("DatasetGroup", name=f"g{n}")
        free.created("DatasetGroup", name=f"g{n}")
    refused("LimitExceeded", service.CreateDatasetGroup, "More than 5", name="one-more")
    free.CreateDatasetGroup(name="one-more")


def test_group_has_room_for_so_many_solutions_and_campaigns(tmp_path: Path) -> None:
    control = Control(tmp_path, Quotas(adjustable=True))
    groups = [control.group(name) for name in ("a", "b")]
    solutions = [control.solution(groups[0], f"s{n}") for n in range(10)]
    refused(
        "LimitExceeded", control.CreateSolution, "solution",
        name="x", datasetGroupArn=groups[0], recipeArn=RECIPE.format("aws-sims"),
    )  # fmt: skip
    elsewhere = control.solution(groups[1], "elsewhere")
    version = control.version(solutions[0], "v")
    for n in range(5):
        control.created("Campaign", name=f"c{n}", solutionVersionArn=version)
    refused("LimitExceeded", control.CreateCampaign, "campaign", name="x", solutionVersionArn=version)
    control.created("Campaign", name="x", solutionVersionArn=control.version(elsewhere, "v"))


def failing(_resource: Resource) -> Completion:
    raise JobFailed("Create failed.")
