"""What calls answer when something is wrong, taken, busy or listed in pages."""

from __future__ import annotations

from typing import Any

import boto3
import httpx
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from aisle.contracts.personalize import INTERACTIONS, ITEMS
from tests.waiting import statuses_until, wait_for

MISSING = "arn:aws:personalize:us-east-1:000000000000:{}/missing"


def refused(code: str, call: Any, *arguments: Any, match: str | None = None, **members: Any) -> None:
    with pytest.raises(ClientError, match=match) as raised:
        call(*arguments, **members)
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_taken_names_are_refused(shop: Any) -> None:
    group = shop.group()
    refused("ResourceAlreadyExistsException", shop.client.create_dataset_group, name=shop.name, match=group)
    shop.dataset(group)
    other = shop.client.create_schema(name=f"{shop.name}-again", schema=INTERACTIONS.avro_schema)["schemaArn"]
    refused(
        "ResourceAlreadyExistsException", shop.client.create_dataset,
        name="another", schemaArn=other, datasetGroupArn=group, datasetType="interactions",
    )  # fmt: skip


def test_what_does_not_exist_is_not_found(personalize: Any) -> None:
    refused(
        "ResourceNotFoundException", personalize.describe_dataset_group, datasetGroupArn=MISSING.format("dataset-group")
    )
    refused("ResourceNotFoundException", personalize.describe_solution, solutionArn=MISSING.format("solution"))
    refused("ResourceNotFoundException", personalize.create_solution_version, solutionArn=MISSING.format("solution"))
    refused("ResourceNotFoundException", personalize.list_tags_for_resource, resourceArn=MISSING.format("schema"))
    refused("InvalidInputException", personalize.describe_schema, schemaArn="schema/no-arn")


def test_arn_of_another_kind_is_not_found(shop: Any) -> None:
    refused("ResourceNotFoundException", shop.client.describe_solution, solutionArn=shop.group())


def test_recipe_that_is_not_covered_says_so(shop: Any) -> None:
    group = shop.group()
    shop.dataset(group)
    recipe = "arn:aws:personalize:::recipe/aws-next-best-action"
    refused(
        "InvalidInputException", shop.client.create_solution,
        name="actions", datasetGroupArn=group, recipeArn=recipe, match="not covered",
    )  # fmt: skip


def test_solution_needs_an_interactions_dataset(shop: Any) -> None:
    group = shop.group()
    shop.dataset(group, ITEMS)
    recipe = "arn:aws:personalize:::recipe/aws-sims"
    refused(
        "InvalidInputException", shop.client.create_solution,
        name="sims", datasetGroupArn=group, recipeArn=recipe, match="no Interactions dataset",
    )  # fmt: skip


def test_schema_of_another_type_is_refused(shop: Any) -> None:
    group = shop.group()
    schema = shop.client.create_schema(name=shop.name, schema=ITEMS.avro_schema)["schemaArn"]
    refused(
        "InvalidInputException", shop.client.create_dataset,
        name="d", schemaArn=schema, datasetGroupArn=group, datasetType="Users", match="is for ITEMS",
    )  # fmt: skip


def test_parents_that_are_not_active_are_in_use(own_engine: Any, s3: Any, bucket: str) -> None:
    client = own_engine(ENGINE_STEP_SECONDS="30").client()
    group = client.create_dataset_group(name="slow")["datasetGroupArn"]
    schema = client.create_schema(name="slow", schema=INTERACTIONS.avro_schema)["schemaArn"]
    assert client.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]["status"] == "CREATE PENDING"
    refused(
        "ResourceInUseException", client.create_dataset,
        name="d", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions",
    )  # fmt: skip
    refused("ResourceInUseException", client.delete_dataset_group, datasetGroupArn=group)


def test_slow_motion_passes_through_every_status(own_engine: Any) -> None:
    client = own_engine(ENGINE_STEP_SECONDS="0.3").client()
    group = client.create_dataset_group(name="slow")["datasetGroupArn"]
    seen = statuses_until(
        "ACTIVE", lambda: client.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]["status"]
    )
    assert seen == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]


def test_pages_hold_everything_once_newest_first(shop: Any) -> None:
    names = [f"{shop.name}-{n}" for n in range(7)]
    for name in names:
        shop.client.create_schema(name=name, schema=INTERACTIONS.avro_schema)
    pages = [*shop.client.get_paginator("list_schemas").paginate(PaginationConfig={"PageSize": 2})]
    listed = [schema["name"] for page in pages for schema in page["schemas"] if schema["name"].startswith(shop.name)]
    assert listed == names[::-1]
    assert all(len(page["schemas"]) <= 2 for page in pages)
    assert "schema" not in pages[0]["schemas"][0]
    refused("InvalidNextTokenException", shop.client.list_schemas, nextToken="never-given")
    refused("InvalidNextTokenException", shop.client.list_recipes, nextToken="YWZ0ZXI6eA==")


def test_recipes_are_listed_in_pages_and_described(personalize: Any) -> None:
    pages = personalize.get_paginator("list_recipes").paginate(PaginationConfig={"PageSize": 2})
    names = [recipe["name"] for page in pages for recipe in page["recipes"]]
    assert names == sorted(names)
    assert {"aws-user-personalization", "aws-sims", "aws-popularity-count"} < {*names}
    recipe = personalize.describe_recipe(recipeArn="arn:aws:personalize:::recipe/aws-sims")["recipe"]
    assert (recipe["recipeType"], recipe["status"]) == ("RELATED_ITEMS", "ACTIVE")
    refused("ResourceNotFoundException", personalize.describe_recipe, recipeArn="arn:aws:personalize:::recipe/aws-none")


def test_deletion_goes_from_the_leaves_to_the_root(shop: Any, csv_of_interactions: str) -> None:
    group = shop.group()
    dataset = shop.dataset(group)
    shop.import_csv(dataset, csv_of_interactions)
    version = shop.train(group, "aws-popularity-count")
    schema = shop.client.describe_dataset(datasetArn=dataset)["dataset"]["schemaArn"]
    refused("ResourceInUseException", shop.client.delete_dataset_group, datasetGroupArn=group)
    refused("ResourceInUseException", shop.client.delete_schema, schemaArn=schema)

    def is_gone(describe: Any, **arn: str) -> bool:
        try:
            describe(**arn)
        except shop.client.exceptions.ResourceNotFoundException:
            return True
        return False

    def gone(describe: Any, **arn: str) -> bool:
        return wait_for(lambda: is_gone(describe, **arn), f"the end of {arn}")

    shop.client.delete_solution(solutionArn=version["solutionArn"])
    assert gone(shop.client.describe_solution, solutionArn=version["solutionArn"])
    assert gone(shop.client.describe_solution_version, solutionVersionArn=version["solutionVersionArn"])
    shop.client.delete_dataset(datasetArn=dataset)
    assert gone(shop.client.describe_dataset, datasetArn=dataset)
    shop.client.delete_schema(schemaArn=schema)
    assert gone(shop.client.describe_schema, schemaArn=schema)
    shop.client.delete_dataset_group(datasetGroupArn=group)
    assert gone(shop.client.describe_dataset_group, datasetGroupArn=group)


def test_campaign_follows_its_solution_and_holds_it(shop: Any, csv_of_interactions: str) -> None:
    client, group = shop.client, shop.group()
    shop.import_csv(shop.dataset(group), csv_of_interactions)
    first = shop.train(group, "aws-popularity-count")
    solution = first["solutionArn"]
    arn = client.create_campaign(
        name=shop.name, solutionVersionArn=f"{solution}/$LATEST",
        campaignConfig={"syncWithLatestSolutionVersion": True},
    )["campaignArn"]  # fmt: skip
    campaign = shop.settled(client.describe_campaign, campaignArn=arn)
    assert campaign["solutionVersionArn"] == first["solutionVersionArn"]
    second = client.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    shop.settled(client.describe_solution_version, solutionVersionArn=second)
    wait_for(
        lambda: client.describe_campaign(campaignArn=arn)["campaign"]["solutionVersionArn"] == second,
        "the campaign to serve the second version",
    )
    refused("ResourceInUseException", client.delete_solution, solutionArn=solution, match=arn)


def test_tags_are_kept_changed_and_limited(shop: Any) -> None:
    arn = shop.client.create_dataset_group(name=shop.name, tags=[{"tagKey": "team", "tagValue": "a"}])[
        "datasetGroupArn"
    ]
    shop.client.tag_resource(
        resourceArn=arn, tags=[{"tagKey": "team", "tagValue": "b"}, {"tagKey": "k", "tagValue": ""}]
    )
    shop.client.untag_resource(resourceArn=arn, tagKeys=["k"])
    assert shop.client.list_tags_for_resource(resourceArn=arn)["tags"] == [{"tagKey": "team", "tagValue": "b"}]
    many = [{"tagKey": f"k{n}", "tagValue": ""} for n in range(50)]
    refused("TooManyTagsException", shop.client.tag_resource, resourceArn=arn, tags=many)


def test_region_of_an_arn_is_the_one_signed_for(engine: Any, shop: Any) -> None:
    elsewhere = boto3.client("personalize", endpoint_url=engine.url, region_name="eu-west-1")
    arn = elsewhere.create_dataset_group(name=shop.name)["datasetGroupArn"]
    assert arn == f"arn:aws:personalize:eu-west-1:000000000000:dataset-group/{shop.name}"
    here = shop.client.list_dataset_groups()["datasetGroups"]
    assert arn not in [group["datasetGroupArn"] for group in here]


def test_answers_have_the_shapes_of_the_model(shop: Any, csv_of_interactions: str) -> None:
    """Every Describe and List of a whole life, checked by botocore's own validator and for empty wrappers."""
    group = shop.group()
    dataset = shop.dataset(group)
    job = shop.import_csv(dataset, csv_of_interactions)
    version = shop.train(group, "aws-user-personalization")
    batch = shop.start_inference(version["solutionVersionArn"], ['{"userId":"u1"}'])
    client, model = shop.client, shop.client.meta.service_model
    calls = {
        "DescribeDatasetGroup": {"datasetGroupArn": group},
        "DescribeDataset": {"datasetArn": dataset},
        "DescribeDatasetImportJob": {"datasetImportJobArn": job["datasetImportJobArn"]},
        "DescribeSolution": {"solutionArn": version["solutionArn"]},
        "DescribeSolutionVersion": {"solutionVersionArn": version["solutionVersionArn"]},
        "DescribeBatchInferenceJob": {"batchInferenceJobArn": batch},
        "GetSolutionMetrics": {"solutionVersionArn": version["solutionVersionArn"]},
        "ListDatasets": {"datasetGroupArn": group},
        "ListDatasetImportJobs": {"datasetArn": dataset},
        "ListSolutions": {"datasetGroupArn": group},
        "ListSolutionVersions": {"solutionArn": version["solutionArn"]},
        "ListBatchInferenceJobs": {"solutionVersionArn": version["solutionVersionArn"]},
        "ListDatasetGroups": {},
        "ListSchemas": {},
        "ListRecipes": {},
    }
    for operation, request in calls.items():
        answer = getattr(client, xform_name(operation))(**request)
        metadata = answer.pop("ResponseMetadata")
        assert metadata["RequestId"]
        report = ParamValidator().validate(answer, model.operation_model(operation).output_shape)
        assert not report.has_errors(), (operation, report.generate_report())
        assert all(answer.values()), operation
    solution = client.describe_solution(solutionArn=version["solutionArn"])["solution"]
    assert solution["latestSolutionVersion"]["solutionVersionArn"] == version["solutionVersionArn"]
    assert solution["performAutoTraining"] is True
    assert version["trainingHours"] >= 0


def test_wire_errors_have_type_message_and_a_request_id(engine: Any) -> None:
    answer = httpx.post(engine.url, headers={"X-Amz-Target": "AmazonPersonalize.Fly"}, content=b"{}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert answer.headers["x-amzn-requestid"]
    assert answer.json().keys() == {"__type", "message"}
    assert answer.json()["__type"] == "UnknownOperationException"


def test_health_and_overview_answer_people(engine: Any, shop: Any) -> None:
    group = shop.group()
    assert httpx.get(f"{engine.url}/health/live").json() == {"status": "ok"}
    listed = httpx.get(engine.url).json()["datasetGroups"]
    assert {"arn": group, "status": "ACTIVE", "failureReason": None} in listed
