"""Export, deletion of users and metric attribution, from S3 and back to it."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from typing import Any

import boto3
import pytest

from aisle.contracts.personalize import INTERACTIONS, ITEMS, USERS
from tests.waiting import settled

ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"


def rows_in(shop: Any, prefix: str) -> list[dict[str, str]]:
    """The rows of the one CSV below a prefix."""
    (file,) = shop.s3.list_objects_v2(Bucket=shop.bucket, Prefix=prefix)["Contents"]
    text = shop.s3.get_object(Bucket=shop.bucket, Key=file["Key"])["Body"].read().decode()
    return [*csv.DictReader(io.StringIO(text))]


def export(shop: Any, dataset: str, mode: str) -> list[dict[str, str]]:
    job = shop.client.create_dataset_export_job(
        jobName=f"{shop.name}-{mode}",
        datasetArn=dataset,
        ingestionMode=mode,
        roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": f"s3://{shop.bucket}/exported/{mode}"}},
    )["datasetExportJobArn"]
    settled = shop.settled(shop.client.describe_dataset_export_job, datasetExportJobArn=job)
    assert settled["status"] == "ACTIVE", settled
    return rows_in(shop, f"exported/{mode}/")


def delete_users(shop: Any, group: str, location: str) -> dict[str, Any]:
    """The deletion job when it has ended."""
    job = shop.client.create_data_deletion_job(
        jobName=shop.name, datasetGroupArn=group, roleArn=ROLE, dataSource={"dataLocation": location}
    )["dataDeletionJobArn"]
    return settled(lambda: shop.client.describe_data_deletion_job(dataDeletionJobArn=job)["dataDeletionJob"])


def events_client(engine: Any) -> Any:
    return boto3.client("personalize-events", endpoint_url=engine.url)


def put_items(engine: Any, dataset: str, *items: tuple[str, str]) -> None:
    events_client(engine).put_items(
        datasetArn=dataset,
        items=[
            {"itemId": key, "properties": json.dumps({"category": category, "creationTimestamp": 1})}
            for key, category in items
        ],
    )


def track(engine: Any, shop: Any, group: str, *events: dict[str, Any], user: str) -> None:
    trackers = shop.client.list_event_trackers(datasetGroupArn=group)["eventTrackers"]
    if not trackers:
        created = shop.client.create_event_tracker(name=shop.name, datasetGroupArn=group)
        shop.settled(shop.client.describe_event_tracker, eventTrackerArn=created["eventTrackerArn"])
        trackers = [created]
    tracking = shop.client.describe_event_tracker(eventTrackerArn=trackers[0]["eventTrackerArn"])
    events_client(engine).put_events(
        trackingId=tracking["eventTracker"]["trackingId"], sessionId=f"session-{user}", userId=user, eventList=events
    )


def test_export_gives_bulk_put_or_the_newest_of_both(engine: Any, shop: Any) -> None:
    dataset = shop.dataset(shop.group(), ITEMS)
    put_items(engine, dataset, ("i1", "before"), ("i3", "before"))
    bulk = f'{ITEMS.header}\ni1,"a ""b"" \\\\ c",bulk,1.5,7\ni2,,bulk,,7\ni2,,bulk,,7\n'
    assert shop.import_csv(dataset, bulk)["status"] == "ACTIVE"
    put_items(engine, dataset, ("i2", "after"), ("i2", "last"), ("i2", "last"))

    def categories(mode: str) -> list[tuple[str, str]]:
        return [(row["ITEM_ID"], row["CATEGORY"]) for row in export(shop, dataset, mode)]

    assert categories("BULK") == [("i1", "bulk"), ("i2", "bulk")]
    assert categories("PUT") == [("i1", "before"), ("i3", "before"), ("i2", "after"), ("i2", "last")]
    assert categories("ALL") == [("i1", "bulk"), ("i2", "last"), ("i3", "before")]


def test_what_was_exported_can_be_imported_again(engine: Any, shop: Any) -> None:
    dataset = shop.dataset(shop.group(), ITEMS)
    bulk = f'{ITEMS.header}\ni1,"a ""b"", \\\\ c",bulk,1.5,7\n"i,\\"2",,x|y,,7\n'
    shop.import_csv(dataset, bulk)
    first = export(shop, dataset, "BULK")
    location = f"s3://{shop.bucket}/exported/BULK/"
    assert shop.import_from(dataset, location, name="again")["status"] == "ACTIVE"
    by_id = sorted(first, key=lambda row: row["ITEM_ID"])
    assert export(shop, dataset, "ALL") == by_id
    assert [row["ITEM_ID"] for row in by_id] == ['i,"2', "i1"]


def test_deleted_users_are_gone_everywhere(engine: Any, shop: Any, csv_of_interactions: str) -> None:
    group = shop.group()
    interactions, users = shop.dataset(group), shop.dataset(group, USERS)
    shop.import_csv(interactions, csv_of_interactions)
    shop.import_csv(users, f"{USERS.header}\nu1,30,f,x\nu2,31,f,x\n", name="users")
    track(engine, shop, group, {"eventType": "click", "itemId": "i4", "sentAt": 1_800_000_000}, user="u1")
    version = shop.train(group, "aws-user-personalization")["solutionVersionArn"]
    known = shop.infer(version, ['{"userId": "u2"}', '{"userId": "stranger"}'])
    assert known[0]["output"]["scores"] != known[1]["output"]["scores"]

    shop.upload("gone/a.csv", "USER_ID\nu1\nnobody\n")
    shop.upload("gone/deeper/b.csv", "USER_ID\nu2\n")
    shop.upload("gone-not/c.csv", "USER_ID\nu3\n")
    settled = delete_users(shop, group, f"s3://{shop.bucket}/gone")
    assert settled["status"] == "COMPLETED", settled
    rows = [line for line in csv_of_interactions.splitlines() if line.startswith(("u1,", "u2,"))]
    assert settled["numDeleted"] == len(rows) + 2 + 1

    left = {row["USER_ID"] for row in export(shop, interactions, "ALL")}
    assert "u3" in left
    assert not {"u1", "u2"} & left
    after = shop.infer(version, ['{"userId": "u2"}', '{"userId": "stranger"}'], name="after")
    assert after[0]["output"]["scores"] == after[1]["output"]["scores"]
    files = [path for path in engine.data_dir.rglob("*") if path.is_file() and shop.name in str(path)]
    assert files
    assert not [path for path in files if b"u1\0" in path.read_bytes() or b"u2\0" in path.read_bytes()]
    with sqlite3.connect(engine.data_dir / "records.sqlite") as records:
        held = "select count(*) from records where dataset = ?"
        assert records.execute(held, (interactions,)).fetchone() == (0,)


@pytest.mark.parametrize(
    ("content", "reason"),
    [("ITEM_ID\ni1\n", r"missing the following columns:\[USER_ID\]"), ("USER_ID,X\nu,1\n", "header")],
)
def test_deletion_takes_a_list_of_users_alone(shop: Any, content: str, reason: str) -> None:
    group = shop.group()
    settled = delete_users(shop, group, shop.upload("gone/a.csv", content))
    assert settled["status"] == "FAILED"
    assert re.search(reason, settled["failureReason"]), settled


def test_attribution_of_an_import_is_published(shop: Any) -> None:
    group = shop.group()
    dataset, items = shop.dataset(group), shop.dataset(group, ITEMS)
    shop.import_csv(items, f"{ITEMS.header}\ni1,,,2.5,1\n", name="items")
    attribution = shop.client.create_metric_attribution(
        name=shop.name,
        datasetGroupArn=group,
        metrics=[
            {"eventType": "Buy", "metricName": "sales", "expression": "SUM(Items.PRICE)"},
            {"eventType": "buy", "metricName": "buys", "expression": "SAMPLECOUNT()"},
        ],
        metricsOutputConfig={"roleArn": ROLE, "s3DataDestination": {"path": f"s3://{shop.bucket}/metrics/"}},
    )["metricAttributionArn"]
    shop.settled(shop.client.describe_metric_attribution, metricAttributionArn=attribution)
    rows = "".join(f"u{n},{'i1' if n % 2 else 'i2'},{'buy' if n < 4 else 'view'},,{900 + n}\n" for n in range(1_000))
    done = shop.import_csv(dataset, f"{INTERACTIONS.header}\n{rows}", publishAttributionMetricsToS3=True)
    assert done["status"] == "ACTIVE", done
    (file,) = shop.s3.list_objects_v2(Bucket=shop.bucket, Prefix="metrics/")["Contents"]
    assert file["Key"].startswith("metrics/AggregatedAttributionMetrics - BULK - ")
    assert shop.s3.get_object(Bucket=shop.bucket, Key=file["Key"])["Body"].read().decode() == (
        "METRIC_NAME,EVENT_TYPE,VALUE,MATH_FUNCTION,EVENT_ATTRIBUTION_SOURCE,TIMESTAMP\n"
        "BUYS,BUY,4.0,samplecount,SOURCE_NAME_UNDEFINED,900\n"
        "SALES,BUY,5.0,sum,SOURCE_NAME_UNDEFINED,900\n"
    )
