"""Operations of the control plane: what each checks, begins and refuses."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from aisle.contracts.personalize import INTERACTIONS, ITEMS, USERS
from services.engine.errors import JobFailed
from services.engine.lifecycle import Completion
from services.engine.quotas import Quotas
from services.engine.resources import Resource
from tests.unit.services.engine.control import OUTPUT, RECIPE, ROLE, Control, Refused, refused
from tests.waiting import statuses_until

SOURCE = {"dataLocation": "s3://nowhere/in/"}


@pytest.fixture
def control(tmp_path: Path) -> Control:
    return Control(tmp_path)


@pytest.fixture
def group(control: Control) -> str:
    return control.group()


def schema_with(contract: Any, *fields: dict[str, Any], without: str = "") -> str:
    schema = json.loads(contract.avro_schema)
    schema["fields"] = [field for field in schema["fields"] if field["name"] != without] + [*fields]
    return json.dumps(schema)


# --- Event trackers ---


def test_tracker_has_a_hex_tail_a_uuid_and_its_account(control: Control, group: str) -> None:
    answer = control.CreateEventTracker(name="clicks", datasetGroupArn=group)
    tracker = control.settled("EventTracker", answer["eventTrackerArn"])
    assert re.fullmatch(r"arn:aws:personalize:us-east-1:0{12}:event-tracker/[0-9a-f]{8}", tracker["eventTrackerArn"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer["trackingId"])
    assert (tracker["trackingId"], tracker["accountId"]) == (answer["trackingId"], "000000000000")
    (listed,) = control.ListEventTrackers(datasetGroupArn=group)["eventTrackers"]
    assert "trackingId" not in listed


def test_group_has_one_tracker_and_may_have_another_after_it(control: Control, group: str) -> None:
    first = control.created("EventTracker", name="clicks", datasetGroupArn=group)
    refused("ResourceAlreadyExists", control.CreateEventTracker, first, name="more", datasetGroupArn=group)
    control.DeleteEventTracker(eventTrackerArn=first)
    assert control.gone("EventTracker", first)
    assert control.created("EventTracker", name="clicks", datasetGroupArn=group) != first


# --- Filters ---


def test_filter_is_kept_and_listed_under_its_capital(control: Control, group: str) -> None:
    expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'
    arn = control.created("Filter", name="unbought", datasetGroupArn=group, filterExpression=expression)
    assert arn.endswith(":filter/unbought")
    assert control.described("Filter", arn)["filterExpression"] == expression
    answer = control.ListFilters(datasetGroupArn=group)
    assert "filterExpression" not in answer["Filters"][0]
    control.DeleteFilter(filterArn=arn)
    assert control.gone("Filter", arn)


@pytest.mark.parametrize("expression", ["EXCLUDE", 'EXCLUDE ItemID WHERE Items.COLOUR IN ("red")'])
def test_filter_that_cannot_be_read_or_names_no_column_is_refused(
    control: Control, group: str, expression: str
) -> None:
    refused("InvalidInput", control.CreateFilter, name="f", datasetGroupArn=group, filterExpression=expression)


def test_filters_of_a_group_are_thirty_and_of_twenty_columns(control: Control) -> None:
    columns = [{"name": f"C{n}", "type": ["null", "string"], "categorical": True} for n in range(21)]
    group = control.created("DatasetGroup", name="wide")
    control.dataset(group, "ITEMS", schema_with(ITEMS, *columns))
    for n in range(0, 20, 10):
        tests = " AND ".join(f'Items.C{m} IN ("a")' for m in range(n, n + 10))
        control.CreateFilter(name=f"f{n}", datasetGroupArn=group, filterExpression=f"INCLUDE ItemID WHERE {tests}")
    one_more = 'INCLUDE ItemID WHERE Items.C20 IN ("a")'
    refused("LimitExceeded", control.CreateFilter, "21", name="x", datasetGroupArn=group, filterExpression=one_more)
    known = 'INCLUDE ItemID WHERE Items.C1 IN ("a")'
    for n in range(28):
        control.CreateFilter(name=f"g{n}", datasetGroupArn=group, filterExpression=known)
    refused("LimitExceeded", control.CreateFilter, "30", name="x", datasetGroupArn=group, filterExpression=known)


# --- Datasets ---


def test_update_of_a_dataset_shows_in_its_status_and_switches_the_schema_at_the_end(
    control: Control, group: str
) -> None:
    dataset = f"{group.replace('dataset-group', 'dataset')}/ITEMS"
    before = control.described("Dataset", dataset)["schemaArn"]
    added = schema_with(ITEMS, {"name": "COLOUR", "type": ["null", "string"], "categorical": True})
    after = control.CreateSchema(name="wider", schema=added)["schemaArn"]
    control.pace(0.4)
    control.UpdateDataset(datasetArn=dataset, schemaArn=after)
    refused("ResourceInUse", control.UpdateDataset, "UPDATE PENDING", datasetArn=dataset, schemaArn=after)
    refused("ResourceInUse", control.CreateDatasetImportJob, jobName="j", datasetArn=dataset, dataSource=SOURCE)

    def status() -> str:
        described = control.described("Dataset", dataset)
        assert described["latestDatasetUpdate"]["status"] == described["status"]
        assert described["schemaArn"] == (after if described["status"] == "ACTIVE" else before)
        return str(described["status"])

    assert statuses_until("ACTIVE", status) == ["UPDATE PENDING", "UPDATE IN_PROGRESS", "ACTIVE"]
    control.DeleteSchema(schemaArn=before)


def test_schema_that_an_update_waits_for_is_in_use(control: Control, group: str) -> None:
    dataset = f"{group.replace('dataset-group', 'dataset')}/ITEMS"
    same = control.CreateSchema(name="same", schema=ITEMS.avro_schema)["schemaArn"]
    control.pace(0.4)
    control.UpdateDataset(datasetArn=dataset, schemaArn=same)
    refused("ResourceInUse", control.DeleteSchema, "being updated", schemaArn=same)
    dataset_now = control.settled("Dataset", dataset, update=True)
    assert (dataset_now["status"], dataset_now["schemaArn"]) == ("ACTIVE", same)


@pytest.mark.parametrize(
    ("dataset_type", "schema", "fault"),
    [
        ("INTERACTIONS", INTERACTIONS.avro_schema, "Items and Users alone"),
        ("ITEMS", USERS.avro_schema, "is for USERS"),
        ("ITEMS", schema_with(ITEMS, without="PRICE"), "no column PRICE"),
        ("ITEMS", schema_with(ITEMS, {"name": "PRICE", "type": "float"}, without="PRICE"), "no column PRICE"),
        ("ITEMS", schema_with(ITEMS, {"name": "NEW", "type": "long"}), "must allow null"),
    ],
)  # fmt: skip
def test_update_of_a_dataset_that_would_not_fit_is_refused(
    control: Control, group: str, dataset_type: str, schema: str, fault: str
) -> None:
    arn = control.CreateSchema(name="new", schema=schema)["schemaArn"]
    dataset = f"{group.replace('dataset-group', 'dataset')}/{dataset_type}"
    refused("InvalidInput", control.UpdateDataset, fault, datasetArn=dataset, schemaArn=arn)


def test_group_goes_only_when_nothing_is_left_in_it(control: Control, group: str) -> None:
    solution = control.solution(group)
    datasets = group.replace("dataset-group", "dataset")
    made = {
        "Filter": control.created(
            "Filter", name="f", datasetGroupArn=group, filterExpression='INCLUDE ItemID WHERE Items.ITEM_ID IN ("a")'
        ),
        "EventTracker": control.created("EventTracker", name="t", datasetGroupArn=group),
        "Solution": solution,
        **{f"Dataset/{kind}": f"{datasets}/{kind}" for kind in ("INTERACTIONS", "ITEMS", "USERS")},
    }  # fmt: skip
    for name, arn in made.items():
        noun = name.partition("/")[0]
        refused("ResourceInUse", control.DeleteDatasetGroup, datasetGroupArn=group)
        control.call(f"Delete{noun}", **{f"{noun[0].lower()}{noun[1:]}Arn": arn})
        assert control.gone(noun, arn)
    control.DeleteDatasetGroup(datasetGroupArn=group)
    assert control.gone("DatasetGroup", group)
    assert control.created("DatasetGroup", name="shop") == group


def test_second_deletion_is_in_use_until_the_resource_is_gone(control: Control) -> None:
    group = control.created("DatasetGroup", name="shop")
    control.pace(0.4)
    control.DeleteDatasetGroup(datasetGroupArn=group)
    assert control.described("DatasetGroup", group)["status"] == "DELETE PENDING"
    refused("ResourceInUse", control.DeleteDatasetGroup, "DELETE PENDING", datasetGroupArn=group)
    refused("ResourceAlreadyExists", control.CreateDatasetGroup, name="shop")
    assert control.gone("DatasetGroup", group)
    refused("ResourceNotFound", control.DeleteDatasetGroup, datasetGroupArn=group)


# --- Jobs ---


def test_data_deletion_has_words_of_its_own(control: Control, group: str) -> None:
    control.pace(0.4)
    request = {"datasetGroupArn": group, "dataSource": SOURCE, "roleArn": ROLE}
    arn = control.CreateDataDeletionJob(jobName="forget", **request)["dataDeletionJobArn"]
    seen = statuses_until("COMPLETED", lambda: str(control.described("DataDeletionJob", arn)["status"]))
    assert seen == ["PENDING", "IN_PROGRESS", "COMPLETED"]
    control.jobs["DataDeletionJob"] = failing
    arn = control.CreateDataDeletionJob(jobName="again", **request)["dataDeletionJobArn"]
    assert control.settled("DataDeletionJob", arn)["failureReason"] == "Create failed."
    assert control.described("DataDeletionJob", arn)["status"] == "FAILED"
    listed = control.ListDataDeletionJobs(datasetGroupArn=group)["dataDeletionJobs"]
    assert [job["jobName"] for job in listed] == ["again", "forget"]
    refused("ResourceAlreadyExists", control.CreateDataDeletionJob, jobName="forget", **request)


def test_deletion_of_data_has_no_other_job_beside_it(control: Control, group: str) -> None:
    inside: list[str] = []
    beside: list[set[str]] = []

    def noted(job: Resource) -> Completion:
        inside.append(job.kind.noun)
        time.sleep(0.02)  # a job that takes a while: another that may run beside it begins meanwhile
        beside.append({*inside} if inside.count(job.kind.noun) == 1 else {"another", *inside})
        inside.remove(job.kind.noun)
        return lambda _: None

    solution = control.solution(group)
    control.jobs |= dict.fromkeys(("DataDeletionJob", "SolutionVersion"), noted)
    started = []
    for n in range(4):
        request = {"jobName": f"j{n}", "datasetGroupArn": group, "dataSource": SOURCE, "roleArn": ROLE}
        started.append(("DataDeletionJob", control.CreateDataDeletionJob(**request)["dataDeletionJobArn"]))
        started.append(("SolutionVersion", control.CreateSolutionVersion(solutionArn=solution)["solutionVersionArn"]))
    for noun, arn in started:
        control.settled(noun, arn)
    assert len(beside) == 8
    assert [seen for seen in beside if "DataDeletionJob" in seen] == [{"DataDeletionJob"}] * 4


def test_five_deletions_may_wait_in_a_group(control: Control, group: str) -> None:
    control.pace(60)
    request = {"dataSource": SOURCE, "roleArn": ROLE}
    for n in range(5):
        control.CreateDataDeletionJob(jobName=f"j{n}", datasetGroupArn=group, **request)
    refused("LimitExceeded", control.CreateDataDeletionJob, "PENDING", jobName="x", datasetGroupArn=group, **request)


def test_export_takes_what_was_put_unless_told_otherwise(control: Control, group: str) -> None:
    dataset = f"{group.replace('dataset-group', 'dataset')}/ITEMS"
    request = {"datasetArn": dataset, "roleArn": ROLE, "jobOutput": OUTPUT}
    arn = control.created("DatasetExportJob", jobName="out", **request)
    assert control.described("DatasetExportJob", arn)["ingestionMode"] == "PUT"
    assert len(control.ListDatasetExportJobs(datasetArn=dataset)["datasetExportJobs"]) == 1
    refused("InvalidInput", control.CreateDatasetExportJob, "enum", jobName="b", ingestionMode="SOME", **request)


def test_import_publishes_metrics_only_where_there_is_a_place_for_them(control: Control, group: str) -> None:
    dataset = f"{group.replace('dataset-group', 'dataset')}/INTERACTIONS"
    request = {"jobName": "j", "datasetArn": dataset, "dataSource": SOURCE, "publishAttributionMetricsToS3": True}
    refused("InvalidInput", control.CreateDatasetImportJob, "metric attribution", **request)
    control.created(
        "MetricAttribution", name="worth", datasetGroupArn=group, metricsOutputConfig={"roleArn": ROLE, **OUTPUT},
        metrics=[{"eventType": "purchase", "metricName": "n", "expression": "SAMPLECOUNT()"}],
    )  # fmt: skip
    control.created("DatasetImportJob", **request)


# --- Metric attributions ---


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
        ("AVG(Items.PRICE)", "no metric"),
        ("SUM(Users.AGE)", "no metric"),
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


# --- Recipes and recommenders ---


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


# --- Quotas, tags and many at once ---


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
