from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

import aisle.groups.avro
import aisle.stages.export.tasks
from aisle.contracts.personalize import DATASETS, ITEMS
from aisle.warehouse import sql

RunDag = Callable[..., dict[str, str]]

REUSED = "select subject, details ->> 'reused' from ops.receipts where run_key = %s and subject like '%%-import'"


def import_jobs(personalize: Any) -> dict[str, set[str]]:
    """Names of the finished import jobs, by dataset."""
    jobs: dict[str, set[str]] = {"interactions": set(), "items": set(), "users": set()}
    for job in personalize.list_dataset_import_jobs()["datasetImportJobs"]:
        assert job["status"] == "ACTIVE"
        jobs[job["jobName"].split("-")[1]].add(job["jobName"])
    return jobs


def test_only_what_has_changed_is_imported_again(marts: str, personalize: Any, run_dag: RunDag) -> None:
    assert set(run_dag("export", "one").values()) == {"success"}
    first = import_jobs(personalize)
    assert {dataset: len(jobs) for dataset, jobs in first.items()} == {"interactions": 1, "items": 1, "users": 1}
    assert all(job.startswith(f"aisle-{dataset}-one-") for dataset, jobs in first.items() for job in jobs)

    with psycopg.connect(marts) as connection:
        connection.execute("update personalize.items set price = price + 1")
    assert set(run_dag("export", "two").values()) == {"success"}
    second = import_jobs(personalize)
    assert (second["interactions"], second["users"]) == (first["interactions"], first["users"])
    assert len(second["items"] - first["items"]) == 1
    with psycopg.connect(marts) as connection:
        reused = dict(connection.execute(REUSED, ["two"]).fetchall())
    assert reused == {"interactions-import": "true", "items-import": "false", "users-import": "true"}


def test_a_new_column_of_items_is_an_update_of_their_dataset_in_service(
    marts: str, personalize: Any, run_dag: RunDag
) -> None:
    with pytest.MonkeyPatch.context() as before_the_column:
        narrow = replace(ITEMS, columns=tuple(column for column in ITEMS.columns if column.name != "PRICE"))
        datasets = tuple(narrow if dataset is ITEMS else dataset for dataset in DATASETS)
        before_the_column.setattr("aisle.groups.dataset_group.DATASETS", datasets)
        before_the_column.setitem(aisle.groups.avro._CONTRACT, "items", narrow.avro_schema)
        before_the_column.setitem(aisle.stages.export.tasks._DATASETS, "items", narrow)
        before_the_column.setattr(
            "aisle.groups.dataset_rows.sql",
            lambda name, **parts: sql(name, **parts).replace('items.price as "PRICE",', ""),
        )
        assert set(run_dag("export", "narrow").values()) == {"success"}
    arn = next(
        dataset["datasetArn"]
        for dataset in personalize.list_datasets()["datasets"]
        if dataset["datasetType"].upper() == "ITEMS"
    )
    first = personalize.describe_dataset(datasetArn=arn)["dataset"]
    assert set(run_dag("export", "wide").values()) == {"success"}
    second = personalize.describe_dataset(datasetArn=arn)["dataset"]
    assert second["creationDateTime"] == first["creationDateTime"]
    schema = json.loads(personalize.describe_schema(schemaArn=second["schemaArn"])["schema"]["schema"])
    assert "PRICE" in [field["name"] for field in schema["fields"]]
    assert {dataset: len(jobs) for dataset, jobs in import_jobs(personalize).items()} == {
        "interactions": 1, "items": 2, "users": 1,
    }  # fmt: skip


def test_an_import_that_the_service_refuses_fails_the_run(marts: str, personalize: Any, run_dag: RunDag) -> None:
    with psycopg.connect(marts) as connection:
        connection.execute("delete from personalize.interactions where timestamp > 1710000000 + 86400 * 50")
    states = run_dag("export", "few")
    assert states["interactions.import_job"] == "failed"
    assert states["announce"] == "upstream_failed"
