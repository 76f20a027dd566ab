"""What an import takes, refuses, replaces and adds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from aisle.contracts.personalize import INTERACTIONS, ITEMS


def part_rows(engine: Any, dataset: str) -> list[dict[str, Any]]:
    """The rows on disk of a dataset that this test alone imported into."""
    folder: Path = engine.data_dir / "datasets" / "us-east-1" / dataset.partition(":dataset/")[2]
    return [row for part in sorted(folder.glob("*.parquet")) for row in pq.read_table(part).to_pylist()]


def test_columns_in_any_order_quotes_escapes_and_empty_cells(engine: Any, shop: Any) -> None:
    dataset = shop.dataset(shop.group(), ITEMS)
    rows = 'CREATION_TIMESTAMP,PRICE,EXTRA,ITEM_ID,CATEGORY,PRODUCT_NAME\n1,2.5,x,i1,,"a ""b"", \\"c\\""\n2,,,i2,a|b,\n'
    assert shop.import_csv(dataset, rows)["status"] == "ACTIVE"
    assert part_rows(engine, dataset) == [
        {"ITEM_ID": "i1", "PRODUCT_NAME": 'a "b", "c"', "CATEGORY": None, "PRICE": 2.5, "CREATION_TIMESTAMP": 1},
        {"ITEM_ID": "i2", "PRODUCT_NAME": None, "CATEGORY": "a|b", "PRICE": None, "CREATION_TIMESTAMP": 2},
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            "USER_ID,TIMESTAMP\nu,1\n",
            r"Input CSV is missing the following columns:\[ITEM_ID, EVENT_TYPE, EVENT_VALUE\]",
        ),
        (f"{INTERACTIONS.header}\n" + "u,i,purchase,,1\n" * 999, "fewer than 1000 interactions"),
        (f"{INTERACTIONS.header}\n" + "u,,purchase,,1\n" * 1000, "empty cells in ITEM_ID"),
        (f"{INTERACTIONS.header}\n" + "u,i,purchase,,tomorrow\n" * 1000, "does not fit the schema.*tomorrow"),
        (f"{INTERACTIONS.header}\n" + f"{'u' * 257},i,purchase,,1\n" * 1000, "more than 256 characters for USER_ID"),
        (f"{INTERACTIONS.header}\n" + "u,i,purchase,,1700000000000\n" * 1000, "looks like milliseconds"),
        (f"{INTERACTIONS.header}\n" + "".join(f"u,i,e{n % 11},,1\n" for n in range(1000)), "more than 10 event types"),
        (f"{INTERACTIONS.header}\n", "no rows"),
        ("", "no header"),
    ],
)
def test_unusable_file_fails_the_job_with_its_reason(shop: Any, content: str, reason: str) -> None:
    job = shop.import_csv(shop.dataset(shop.group()), content)
    assert job["status"] == "CREATE FAILED"
    assert job["failureReason"].startswith("Failed to create a data import job for INTERACTIONS dataset arn:")
    assert re.search(reason, job["failureReason"]), job["failureReason"]


@pytest.mark.parametrize("location", ["s3://no-such-bucket-here/x/", "s3://{bucket}/nothing/here/"])
def test_location_that_cannot_be_read_fails_the_job(shop: Any, location: str) -> None:
    job = shop.import_from(shop.dataset(shop.group()), location.format(bucket=shop.bucket))
    assert job["status"] == "CREATE FAILED"
    assert "Check the" in job["failureReason"]


def test_folder_takes_its_csv_files_and_not_its_subfolders(engine: Any, shop: Any) -> None:
    dataset = shop.dataset(shop.group(), ITEMS)
    for key, item in (("a.csv", "i1"), ("b.csv", "i2"), ("deeper/c.csv", "i3"), ("notes.txt", "i4")):
        shop.upload(f"export/folder/{key}", f"{ITEMS.header}\n{item},,,,1\n")
    job = shop.import_from(dataset, f"s3://{shop.bucket}/export/folder/")
    assert job["status"] == "ACTIVE", job
    assert [row["ITEM_ID"] for row in part_rows(engine, dataset)] == ["i1", "i2"]


def test_files_of_a_folder_have_one_header(shop: Any) -> None:
    dataset = shop.dataset(shop.group(), ITEMS)
    shop.upload("export/folder/a.csv", f"{ITEMS.header}\ni1,,,,1\n")
    shop.upload("export/folder/b.csv", f"MORE,{ITEMS.header}\nx,i2,,,,1\n")
    job = shop.import_from(dataset, f"s3://{shop.bucket}/export/folder/")
    assert job["status"] == "CREATE FAILED"
    assert "Give all files the same header" in job["failureReason"]


def test_full_replaces_and_incremental_adds(shop: Any, csv_of_interactions: str) -> None:
    group = shop.group()
    dataset = shop.dataset(group)
    other = csv_of_interactions.replace(",i", ",n")

    def recommended(name: str) -> set[str]:
        version = shop.client.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        shop.settled(shop.client.describe_solution_version, solutionVersionArn=version)
        (line,) = shop.infer(version, [json.dumps({"userId": "u1"})], name=name, numResults=500)
        return {item[0] for item in line["output"]["recommendedItems"]}

    assert shop.import_csv(dataset, csv_of_interactions)["status"] == "ACTIVE"
    solution = shop.train(group, "aws-popularity-count")["solutionArn"]
    assert recommended("one") == {"i"}
    assert shop.import_csv(dataset, other, name="added", importMode="INCREMENTAL")["status"] == "ACTIVE"
    assert recommended("two") == {"i", "n"}
    assert shop.import_csv(dataset, other, name="instead", importMode="FULL")["importMode"] == "FULL"
    assert recommended("three") == {"n"}


def test_first_import_must_be_full_and_locations_must_be_s3(shop: Any, csv_of_interactions: str) -> None:
    dataset = shop.dataset(shop.group())
    with pytest.raises(shop.client.exceptions.InvalidInputException, match="must be FULL"):
        shop.import_csv(dataset, csv_of_interactions, importMode="INCREMENTAL")
    with pytest.raises(shop.client.exceptions.InvalidInputException, match="Invalid Data location"):
        shop.import_from(dataset, "https://example.com/data.csv")


@pytest.mark.parametrize(
    ("n_users", "n_events", "reason"),
    [(24, 1_200, "fewer than 25 users with at least 2"), (400, 1_200, None)],
)
def test_training_needs_enough_users(shop: Any, n_users: int, n_events: int, reason: str | None) -> None:
    group = shop.group()
    rows = "".join(f"u{n % n_users},i{n % 50},purchase,,{n}\n" for n in range(n_events))
    assert shop.import_csv(shop.dataset(group), f"{INTERACTIONS.header}\n{rows}")["status"] == "ACTIVE"
    version = shop.train(group, "aws-popularity-count")
    assert version["status"] == ("CREATE FAILED" if reason else "ACTIVE")
    assert (reason or "") in version.get("failureReason", "")


def test_training_counts_interactions_after_filtering_by_event_type(shop: Any, csv_of_interactions: str) -> None:
    group = shop.group()
    assert shop.import_csv(shop.dataset(group), csv_of_interactions)["status"] == "ACTIVE"
    version = shop.train(group, "aws-popularity-count", eventType="watch")
    assert version["status"] == "CREATE FAILED"
    assert "fewer than 1000 interactions after filtering by event type: watch" in version["failureReason"]
    with pytest.raises(shop.client.exceptions.ResourceInUseException, match="CREATE FAILED"):
        shop.client.get_solution_metrics(solutionVersionArn=version["solutionVersionArn"])
