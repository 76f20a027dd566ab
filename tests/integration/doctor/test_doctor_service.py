"""The doctor's checks of Personalize, against the engine."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from aisle.contracts.personalize import DATASETS
from aisle.groups.dataset_group import dataset_groups
from aisle.resources.live import Service
from aisle.settings import get_settings
from services.doctor.service import ServiceChecks
from tests.waiting import settled

FIRST = dataset_groups()[0]
ROLE = "arn:aws:iam::123456789012:role/personalize"


@pytest.fixture
def group_arn(personalize: Any) -> str:
    """The first group in the service, active, with its three datasets."""
    arn = str(personalize.create_dataset_group(name=FIRST.name)["datasetGroupArn"])
    settled(lambda: personalize.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"])
    for dataset in DATASETS:
        schema = personalize.create_schema(name=f"schema-{dataset.name}", schema=dataset.avro_schema)["schemaArn"]
        made = personalize.create_dataset(
            name=dataset.name, schemaArn=schema, datasetGroupArn=arn, datasetType=dataset.type
        )["datasetArn"]
        settled(partial(_describe_dataset, personalize, made))
    return arn


def _describe_dataset(personalize: Any, arn: str) -> Any:
    return personalize.describe_dataset(datasetArn=arn)["dataset"]


def checks(personalize: Any) -> ServiceChecks:
    return ServiceChecks(Service(personalize, 0.05), FIRST)


def test_s1_55_a_tracker_shows_its_status_and_its_tracking_id(
    personalize: Any, group_arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (checks(personalize).tracker().state, checks(personalize).tracker().facts) == ("look", ["there is none"])
    made = personalize.create_event_tracker(name="tracker", datasetGroupArn=group_arn)
    settled(lambda: personalize.describe_event_tracker(eventTrackerArn=made["eventTrackerArn"])["eventTracker"])
    finding = checks(personalize).tracker()
    assert finding.state == "ok"
    assert f"ACTIVE, tracking id {made['trackingId']}" in finding.facts[0]
    monkeypatch.setenv("AISLE_EVENTS__TRACKING_ID", "another")
    get_settings.cache_clear()
    wrong = checks(personalize).tracker()
    get_settings.cache_clear()
    assert (wrong.state, made["trackingId"] in wrong.remedy) == ("failed", True)


def test_s1_55_a_group_that_the_service_has_not_is_said(personalize: Any) -> None:
    assert checks(personalize).tracker().state == checks(personalize).imports().state == "failed"


def test_s2_99_the_newest_import_of_each_dataset_is_shown(personalize: Any, group_arn: str, bucket: str) -> None:
    nothing = checks(personalize).imports()
    assert nothing.state == "failed"
    assert nothing.facts == [f"{dataset.name}: never imported" for dataset in DATASETS]
    items = next(
        dataset["datasetArn"]
        for dataset in personalize.list_datasets(datasetGroupArn=group_arn)["datasets"]
        if dataset["datasetType"].upper() == "ITEMS"
    )
    job = personalize.create_dataset_import_job(
        jobName="of-nothing", datasetArn=items, roleArn=ROLE, dataSource={"dataLocation": f"s3://{bucket}/nothing/"}
    )["datasetImportJobArn"]
    settled(lambda: personalize.describe_dataset_import_job(datasetImportJobArn=job)["datasetImportJob"])
    finding = checks(personalize).imports()
    assert "items: of-nothing is CREATE FAILED" in finding.facts
    assert "items" in finding.remedy
