"""The examples are the documentation: they run as they are printed, under the real scheduler."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.stack.supervisor import Stack

EXAMPLES = sorted(path.stem for path in (Path(__file__).parent / "airflow_personalize").glob("example_*.py"))

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_task_of_the_example_succeeds(stack: Stack, runs: dict[str, str], example: str) -> None:
    stack.airflow.wait(example, runs[example], timeout_seconds=400, on_look=lambda _: None)
    states = {task["task_id"]: task["state"] for task in stack.airflow.tasks(example, runs[example])}
    assert len(states) > 2
    assert set(states.values()) == {"success"}, states


def test_the_examples_leave_nothing_behind(stack: Stack, runs: dict[str, str]) -> None:
    import boto3

    for example, run in runs.items():
        stack.airflow.wait(example, run, timeout_seconds=400, on_look=lambda _: None)
    account = {
        "aws_access_key_id": stack.secrets.aws_access_key,
        "aws_secret_access_key": stack.secrets.aws_secret_key,
        "region_name": "us-east-1",
    }
    personalize = boto3.client("personalize", endpoint_url=stack.addresses.personalize_endpoint, **account)
    s3 = boto3.client("s3", endpoint_url=stack.addresses.s3_endpoint, **account)
    assert personalize.list_dataset_groups()["datasetGroups"] == []
    assert personalize.list_schemas()["schemas"] == []
    assert "Contents" not in s3.list_objects_v2(Bucket="aisle", Prefix="system-tests/")
