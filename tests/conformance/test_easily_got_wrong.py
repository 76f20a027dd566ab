"""What is easily got wrong about this API."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import numpy as np
import pytest

from services.engine.metrics import ndcg
from tests.conformance.conftest import Lived
from tests.conformance.life import ROLE, Life
from tests.conformance.shop_data import field, interactions_csv, items_csv, schema, wider_items_csv
from tests.conformance.workshop import bodies, code_of, exported, imported, refuses, trained

#: Long on a busy machine: some hundred processes of `aws` are started.
pytestmark = pytest.mark.timeout(900)
SEGMENT_METRICS = {"coverage", "hits_at_1_percent", "recall_at_1_percent"}


def test_easily_got_wrong_01_status_of_errors(refused: Any) -> None:
    statuses = {(answer.header is not None, answer.body["__type"]): answer.status for answer in refused.values()}
    assert {status for (of_data_plane, _), status in statuses.items() if not of_data_plane} == {400}
    assert {code: status for (of_data_plane, code), status in statuses.items() if of_data_plane} == {
        "InvalidInputException": 400, "ResourceNotFoundException": 404, "ResourceInUseException": 409,
    }  # fmt: skip


def test_easily_got_wrong_02_what_the_client_does_not_check(workshop: Life) -> None:
    event = {"eventType": "click", "itemId": "i1", "sentAt": 1_750_000_000}
    campaign = workshop.arns["campaign"]
    refuses(workshop, "PutEvents", trackingId=workshop.tracking_id, sessionId="s", eventList=[event] * 11)
    refuses(workshop, "CreateDatasetGroup", name="x" * 64)
    refuses(workshop, "CreateDatasetGroup", name="x", domain="SHOP")
    refuses(workshop, "ListSchemas", maxResults=101)
    refuses(workshop, "GetRecommendations", campaignArn=campaign, userId="u1", numResults=501)
    refuses(
        workshop, "GetRecommendations", campaignArn=campaign, userId="u1", promotions=[{"name": "a"}, {"name": "b"}]
    )


def test_easily_got_wrong_03_names_on_the_wire(lived: Lived, workshop: Life, wire: httpx.Client) -> None:
    ranking = {"campaignArn": workshop.arns["ranking-campaign"], "userId": "u1", "inputList": ["i1", "i2"]}
    assert wire.post("/personalize-ranking", json=ranking).status_code == 200
    assert code_of(wire.post("/personalized-ranking", json=ranking)) == (404, "UnknownOperationException")
    assert isinstance(bodies(lived, "DescribeSchema")[0]["schema"]["creationDateTime"], int | float)
    assert bodies(lived, "ListFilters")[0].keys() == {"Filters"}
    client = workshop.boto.clients["personalize"]
    assert client.waiter_names == []
    assert not client.can_paginate("list_data_deletion_jobs")


def test_easily_got_wrong_04_words_of_states(lived: Lived, grown: Any, refused: Any) -> None:
    life = grown.life
    for noun, status in (
        ("BatchInferenceJob", "CREATE PENDING"), ("BatchSegmentJob", "CREATE PENDING"), ("DataDeletionJob", "PENDING"),
    ):  # fmt: skip
        (listed,) = life.boto(f"List{noun}s").values()
        assert status in {job["status"] for job in listed}
    updating = life.boto("DescribeDataset", datasetArn=life.arns["spare-items"])["dataset"]
    assert updating["status"] == updating["latestDatasetUpdate"]["status"] == "UPDATE PENDING"
    campaign = life.boto("DescribeCampaign", campaignArn=life.arns["campaign"])["campaign"]
    assert (campaign["status"], campaign["latestCampaignUpdate"]["status"]) == ("ACTIVE", "CREATE PENDING")
    (deletion,) = bodies(lived, "DescribeDataDeletionJob")
    assert deletion["dataDeletionJob"]["status"] == "COMPLETED"


def test_easily_got_wrong_05_tails_of_arns(lived: Lived) -> None:
    arns = lived.boto.arns
    assert re.fullmatch(r"arn:aws:personalize:us-east-1:\d{12}:event-tracker/[0-9a-f]{8}", arns["tracker"])
    assert re.fullmatch(
        r"arn:aws:personalize:us-east-1:\d{12}:solution/by-boto-personal/[0-9a-f]{8}", arns["personal-version"]
    )
    assert arns["items"].endswith(":dataset/by-boto/ITEMS")


def test_easily_got_wrong_06_automatic_training_and_latest(workshop: Life) -> None:
    described = workshop.boto("DescribeSolution", solutionArn=workshop.arns["ranking"])["solution"]
    assert described["performAutoTraining"] is True
    solution, version = workshop.arns["personal"], workshop.arns["personal-version"]
    following = {"syncWithLatestSolutionVersion": True}
    refuses(workshop, "CreateCampaign", name="sync", solutionVersionArn=version, campaignConfig=following)
    refuses(workshop, "CreateCampaign", "ResourceNotFoundException", name="bare", solutionVersionArn=solution)
    workshop.create(
        "Campaign", "following", name="workshop-following", solutionVersionArn=f"{solution}/$LATEST",
        campaignConfig=following,
    )  # fmt: skip
    assert workshop.settled("Campaign", "following")["solutionVersionArn"].startswith(f"{solution}/")


def test_easily_got_wrong_07_what_imports_keep_and_replace(workshop: Life) -> None:
    assert imported(workshop, "items", "full-again", wider_items_csv(), importMode="FULL")["status"] == "ACTIVE"
    changed = "ITEM_ID,PRICE,GENRE_NAME,CREATION_TIMESTAMP,COLOUR\ni1,99.5,western,1750000000,red\n"
    assert imported(workshop, "items", "incremental", changed, importMode="INCREMENTAL")["status"] == "ACTIVE"
    rows = {row["ITEM_ID"]: row for row in exported(workshop, "items", "after-imports")}
    assert rows["new"]["GENRE_NAME"] == "western", "put before the FULL import"
    assert float(rows["i1"]["PRICE"]) == 99.5
    assert float(rows["i2"]["PRICE"]) == 2.5
    few = "\n".join(interactions_csv().splitlines()[:1_000])
    failed = imported(workshop, "interactions", "few", few, importMode="INCREMENTAL")
    assert failed["status"] == "CREATE FAILED"
    assert "1000" in failed["failureReason"].replace(",", "")
    life = Life("first-import", workshop.boto, workshop.boto, workshop.s3, workshop.bucket)
    life.spare()
    refuses(
        life, "CreateDatasetImportJob", jobName="first-incremental", datasetArn=life.arns["spare-items"], roleArn=ROLE,
        dataSource={"dataLocation": life.upload("items.csv", items_csv())}, importMode="INCREMENTAL",
    )  # fmt: skip


def test_easily_got_wrong_08_segment_output(lived: Lived) -> None:
    (line,) = lived.boto.objects("out/segments/")["segments.json.out"].splitlines()
    answer = json.loads(line)
    assert answer.keys() == {"input", "output", "error"}
    assert answer["input"] == {"itemId": "i4"}
    assert len(answer["output"]["usersList"]) == 5


def test_easily_got_wrong_09_batch_output(lived: Lived) -> None:
    written = lived.boto.objects("out/batch/")
    assert written.keys() == {"_CHECK", "batch.json.out"}
    answer = json.loads(written["batch.json.out"])
    assert answer.keys() >= {"input", "output", "error"}
    assert (answer["input"], answer["error"]) == ({"userId": "u4"}, None)
    assert len(answer["output"]["recommendedItems"]) == len(answer["output"]["scores"]) == 5


def test_easily_got_wrong_10_where_scores_are_absent(workshop: Life) -> None:
    campaign, ranking = workshop.arns["campaign"], workshop.arns["ranking-campaign"]
    known = workshop.boto("GetRecommendations", campaignArn=campaign, userId="u4", numResults=500)["itemList"]
    assert sum(item["score"] for item in known) == pytest.approx(1, abs=1e-4)
    ids = ["i1", "nobody-knows", "i2", "i3"]
    ranked = workshop.boto("GetPersonalizedRanking", campaignArn=ranking, userId="u4", inputList=ids)
    *scored, unknown = ranked["personalizedRanking"]
    assert unknown == {"itemId": "nobody-knows"}
    assert sum(item["score"] for item in scored) == pytest.approx(1, abs=1e-4)
    trained(workshop, "similar", "aws-sims")
    workshop.create("Campaign", "similar-campaign", name="similar", solutionVersionArn=workshop.arns["similar-version"])
    workshop.settled("Campaign", "similar-campaign")
    for item in ("i4", "nobody-knows"):
        similar = workshop.boto("GetRecommendations", campaignArn=workshop.arns["similar-campaign"], itemId=item)
        assert similar["itemList"]
        assert all(item.keys() == {"itemId"} for item in similar["itemList"])
    strangers = [
        workshop.boto("GetRecommendations", campaignArn=campaign, userId=user)["itemList"] for user in ("x1", "x2")
    ]
    assert strangers[0] == strangers[1] != []


def test_easily_got_wrong_11_rules_of_filters(workshop: Life) -> None:
    for number, expression in enumerate(
        (
            'INCLUDE ItemID WHERE Items.GENRE_NAME IN ("a") AND Interactions.EVENT_TYPE IN ("click")',
            "EXCLUDE ItemID WHERE Items.GENRE_NAME NOT IN ($G)",
            "INCLUDE ItemID WHERE Items.NOPE IN ('x')",
            'INCLUDE ItemID WHERE Items.GENRE_NAME IN ("a") |',
        )
    ):
        refuses(
            workshop, "CreateFilter",
            name=f"wrong-{number}", datasetGroupArn=workshop.arns["group"], filterExpression=expression,
        )  # fmt: skip
    campaign = workshop.arns["campaign"]

    def kept(filter_key: str, **values: str) -> set[str]:
        answer = workshop.boto(
            "GetRecommendations", campaignArn=campaign, userId="u4", numResults=500,
            filterArn=workshop.arns[filter_key], filterValues=values,
        )  # fmt: skip
        return {item["itemId"] for item in answer["itemList"]}

    horror = kept("filter", GENRE='"horror"')
    assert horror
    assert {int(item[1:]) % 2 for item in horror - {"new"}} == {0}
    assert kept("filter", GENRE='"HORROR"') == set()
    refuses(workshop, "GetRecommendations", campaignArn=campaign, userId="u4", filterArn=workshop.arns["filter"])
    workshop.create(
        "Filter", "event-filter", name="workshop-event", datasetGroupArn=workshop.arns["group"],
        filterExpression="EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($TYPE)",
    )  # fmt: skip
    workshop.settled("Filter", "event-filter")
    everything = kept("event-filter")
    assert kept("event-filter", TYPE='"PURCHASE"') < everything


def test_easily_got_wrong_12_newer_limits(workshop: Life) -> None:
    names = [f"COLUMN{n}" for n in range(11)]
    expression = " OR ".join(f"Items.{name} > 1" for name in names)
    wide = [field("ITEM_ID", "string"), *(field(f"C{n}", "float") for n in range(101))]
    refuses(workshop, "CreateSchema", name="too-wide", schema=schema("Items", *wide))
    workshop.ask("CreateSchema", name="wide", schema=schema("Items", *wide[:101]))
    wide_users = [field("USER_ID", "string"), *(field(f"C{n}", "float") for n in range(26))]
    refuses(workshop, "CreateSchema", name="too-wide-users", schema=schema("Users", *wide_users))
    refuses(
        workshop, "CreateFilter", name="too-many-fields", datasetGroupArn=workshop.arns["group"],
        filterExpression=f"INCLUDE ItemID WHERE {expression}",
    )  # fmt: skip


def test_easily_got_wrong_13_metrics(workshop: Life) -> None:
    metrics = workshop.boto("GetSolutionMetrics", solutionVersionArn=workshop.arns["affinity-version"])["metrics"]
    assert metrics.keys() == SEGMENT_METRICS
    assert ndcg(np.array([[False, True, False, False, True]]), 5) == pytest.approx(0.6241, abs=5e-5)


def test_easily_got_wrong_14_names_of_metadata(lived: Lived, workshop: Life) -> None:
    (answer,) = bodies(lived, "GetRecommendations")
    assert any("metadata" in item for item in answer["itemList"])
    assert {name for item in answer["itemList"] for name in item.get("metadata", {})} == {"genreName", "price"}
    refuses(
        workshop, "GetRecommendations",
        campaignArn=workshop.arns["campaign"], userId="u4", metadataColumns={"ITEMS": ["NO_COLUMN"]},
    )  # fmt: skip
