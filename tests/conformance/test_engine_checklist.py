"""What an engine for this API has to do."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from typing import Any

import httpx
import pytest

from tests.conformance import test_easily_got_wrong as easily_got_wrong
from tests.conformance.conftest import Lived
from tests.conformance.life import RECIPE, Life
from tests.conformance.shop_data import interactions_csv
from tests.conformance.workshop import bodies, code_of, exported, imported, refuses, trained

#: Long on a busy machine: some hundred processes of `aws` are started.
pytestmark = pytest.mark.timeout(900)
METRICS = {
    "coverage", "mean_reciprocal_rank_at_25", *(f"precision_at_{k}" for k in (5, 10, 25)),
    *(f"normalized_discounted_cumulative_gain_at_{k}" for k in (5, 10, 25)),
}  # fmt: skip


def control(wire: httpx.Client, operation: str, **request: Any) -> tuple[int, str]:
    headers = {"X-Amz-Target": f"AmazonPersonalize.{operation}"}
    return code_of(wire.post("/", headers=headers, content=json.dumps(request)))


def test_checklist_01_target_header(wire: httpx.Client) -> None:
    assert control(wire, "ListRecipes")[0] == 200
    assert control(wire, "Fly") == (400, "UnknownOperationException")


def test_checklist_02_errors(refused: Any) -> None:
    easily_got_wrong.test_easily_got_wrong_01_status_of_errors(refused)


def test_checklist_03_moments_are_seconds(lived: Lived) -> None:
    (group,) = bodies(lived, "DescribeDatasetGroup")[:1]
    assert 1_700_000_000 < group["datasetGroup"]["creationDateTime"] < 10_000_000_000


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CreateDatasetGroup", {"name": "-dash"}),
        ("CreateDatasetGroup", {"name": "x" * 64}),
        ("CreateDatasetGroup", {"name": "a", "domain": "SHOP"}),
        ("CreateDatasetGroup", {"name": "a", "roleArn": "arn:aws:iam::12:role/a"}),
        ("CreateDatasetGroup", {"name": "a", "tags": [{"tagKey": "k", "tagValue": "v"}] * 201}),
        ("DescribeSchema", {"schemaArn": "schema/a"}),
        ("CreateSchema", {"name": "a", "schema": "x" * 20_001}),
    ],
)
def test_checklist_04_limits_are_checked_here(wire: httpx.Client, operation: str, request_: dict[str, Any]) -> None:
    assert control(wire, operation, **request_) == (400, "InvalidInputException")


def test_checklist_05_pages(workshop: Life) -> None:
    pages = [
        *workshop.boto.clients["personalize"].get_paginator("list_filters").paginate(PaginationConfig={"PageSize": 1})
    ]
    assert len(pages) >= 2
    assert ["nextToken" in page for page in pages] == [True] * (len(pages) - 1) + [False]
    assert len({page["Filters"][0]["filterArn"] for page in pages}) == len(pages)


@pytest.mark.parametrize("place", ["", "x", "-1", "9" * 30, "\u0661"])
def test_checklist_05_tokens_that_no_answer_contained(wire: httpx.Client, place: str) -> None:
    token = base64.urlsafe_b64encode(f"after:{place}".encode()).decode()
    assert control(wire, "ListSchemas", nextToken=token) == (400, "InvalidNextTokenException")


def test_checklist_06_states_in_between(lived: Lived, grown: Any, refused: Any) -> None:
    easily_got_wrong.test_easily_got_wrong_04_words_of_states(lived, grown, refused)


def test_checklist_07_deletion(lived: Lived, workshop: Life) -> None:
    refuses(workshop, "DescribeDatasetGroup", "ResourceNotFoundException", datasetGroupArn=lived.boto.arns["group"])
    refuses(workshop, "DeleteSchema", "ResourceInUseException", schemaArn=workshop.arns["users-schema"])


def test_checklist_08_update_of_a_campaign(workshop: Life) -> None:
    untouched = workshop.settled("Campaign", "ranking-campaign")
    updated = workshop.settled("Campaign", "campaign")
    assert "latestCampaignUpdate" not in untouched
    assert updated["latestCampaignUpdate"]["minProvisionedTPS"] == updated["minProvisionedTPS"] == 2


def test_checklist_09_automatic_training_is_echoed(workshop: Life) -> None:
    described = workshop.boto("DescribeSolution", solutionArn=workshop.arns["affinity"])["solution"]
    assert described["performAutoTraining"] is True


def test_checklist_10_tails_of_arns(lived: Lived) -> None:
    easily_got_wrong.test_easily_got_wrong_05_tails_of_arns(lived)


def test_checklist_11_rows_of_an_interactions_import(workshop: Life) -> None:
    rows = exported(workshop, "interactions", "bulk-and-put")
    assert len(rows) > 1_000
    assert any((row["USER_ID"], row["ITEM_ID"], row["TIMESTAMP"]) == ("u4", "i4", "1750100000") for row in rows)


def test_checklist_12_too_little_to_train_on(workshop: Life) -> None:
    failed = trained(workshop, "purchases", "aws-user-personalization", eventType="purchase")
    assert failed["status"] == "CREATE FAILED"
    assert "fewer than 1000 interactions" in failed["failureReason"]
    life = Life("few-users", workshop.boto, workshop.boto, workshop.s3, workshop.bucket)
    life.spare()
    life.arns["group"] = life.arns["spare-group"]
    rows = [f"u{n % 20},i{n % 30},click,,phone,{1_750_000_000 + n}" for n in range(1_200)]
    text = "\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,DEVICE,TIMESTAMP", *rows])
    assert imported(life, "spare-interactions", "few", text)["status"] == "ACTIVE"
    failed = trained(life, "few", "aws-user-personalization")
    assert failed["status"] == "CREATE FAILED"
    assert "fewer than 25 users with at least 2 interactions" in failed["failureReason"]


def test_checklist_13_files_of_batch_jobs(lived: Lived) -> None:
    easily_got_wrong.test_easily_got_wrong_08_segment_output(lived)
    easily_got_wrong.test_easily_got_wrong_09_batch_output(lived)


def test_checklist_14_missing_scores(lived: Lived) -> None:
    (ranked,) = bodies(lived, "GetPersonalizedRanking")
    assert ranked["personalizedRanking"][-1] == {"itemId": "nobody-knows"}


def test_checklist_15_unknown_users_get_popular_items(workshop: Life) -> None:
    answer = workshop.boto("GetRecommendations", campaignArn=workshop.arns["campaign"], userId="nobody")
    assert len(answer["itemList"]) == 25
    assert re.fullmatch(r"RID-[0-9a-f-]{36}", answer["recommendationId"])


def test_checklist_16_filters(workshop: Life) -> None:
    answer = workshop.boto(
        "GetRecommendations", campaignArn=workshop.arns["campaign"], userId="u5", numResults=500,
        filterArn=workshop.arns["fresh-filter"],
    )  # fmt: skip
    bought = {row["ITEM_ID"] for row in csv.DictReader(io.StringIO(interactions_csv()))
              if (row["USER_ID"], row["EVENT_TYPE"]) == ("u5", "purchase")}  # fmt: skip
    assert bought
    assert not bought & {item["itemId"] for item in answer["itemList"]}


def test_checklist_17_keys_of_metrics(lived: Lived) -> None:
    (answer,) = bodies(lived, "GetSolutionMetrics")
    assert answer["metrics"].keys() == METRICS


def test_checklist_18_properties_are_text(workshop: Life, wire: httpx.Client) -> None:
    as_object = {"datasetArn": workshop.arns["items"], "items": [{"itemId": "a", "properties": {"price": 1}}]}
    assert code_of(wire.post("/items", json=as_object)) == (400, "InvalidInputException")
    rows = {row["ITEM_ID"]: row for row in exported(workshop, "items", "properties")}
    assert rows["new"]["GENRE_NAME"] == "western"


def test_checklist_19_numbers_in_text(workshop: Life, wire: httpx.Client) -> None:
    request = {"name": "n", "datasetGroupArn": workshop.arns["group"]}
    for name, config in (
        ("aws-user-personalization", {"algorithmHyperParameters": {"recency_mask": 1}}),
        ("aws-user-personalization-v2", {"eventsConfig": {"eventParametersList": [{"eventType": "a", "weight": "1"}]}}),
    ):
        recipe = RECIPE.format(name)
        assert control(wire, "CreateSolution", recipeArn=recipe, solutionConfig=config, **request) == (
            400, "InvalidInputException",
        )  # fmt: skip


def test_checklist_20_path_of_ranking(workshop: Life, wire: httpx.Client) -> None:
    ranking = {"campaignArn": workshop.arns["ranking-campaign"], "userId": "u1", "inputList": ["i1"]}
    assert wire.post("/personalize-ranking", json=ranking).status_code == 200
