from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from airflow_personalize.hooks.personalize import PersonalizeHook, wait_failed
from personalize_kinds.kinds import BATCH_INFERENCE_JOB, DATASET_IMPORT_JOB, SCHEMA, SOLUTION_VERSION
from personalize_kinds.polls import Poll

Stub = Callable[[Any], Stubber]
ACCOUNT = "arn:aws:personalize:us-east-1:000000000000"


def version(name: str, status: str, day: int) -> dict[str, Any]:
    return {
        "solutionVersionArn": f"{ACCOUNT}:solution/aisle-sims/{name}",
        "status": status,
        "creationDateTime": datetime(2026, 11, day, tzinfo=UTC),
    }


def test_names_of_the_wire_follow_from_the_kind() -> None:
    assert DATASET_IMPORT_JOB.title == "dataset import job"
    assert DATASET_IMPORT_JOB.member == "datasetImportJob"
    assert DATASET_IMPORT_JOB.arn_member == "datasetImportJobArn"


def test_the_engine_is_chosen_by_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = (
        '{"endpoint_url": "http://127.0.0.1:1", "region_name": "us-east-1", '
        '"service_config": {"personalize": {"endpoint_url": "http://127.0.0.1:2"}}}'
    )
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", f'{{"conn_type": "aws", "extra": {extra}}}')
    assert PersonalizeHook().conn.meta.endpoint_url == "http://127.0.0.1:2"


def test_find_reads_page_after_page(stub: Stub) -> None:
    hook = PersonalizeHook()
    stubber = stub(hook)
    first = {"schemas": [{"schemaArn": f"{ACCOUNT}:schema/other-items"}], "nextToken": "more"}
    stubber.add_response("list_schemas", first, {})
    stubber.add_response("list_schemas", {"schemas": [{"schemaArn": f"{ACCOUNT}:schema/items"}]}, {"nextToken": "more"})
    assert hook.find(SCHEMA, "items") == f"{ACCOUNT}:schema/items"


def test_find_gives_none_for_a_name_that_nothing_has(stub: Stub) -> None:
    hook = PersonalizeHook()
    stub(hook).add_response("list_schemas", {"schemas": []}, {})
    assert hook.find(SCHEMA, "items") is None


def test_newest_active_passes_over_newer_failures(stub: Stub) -> None:
    hook = PersonalizeHook()
    versions = [version("a", "ACTIVE", 1), version("c", "CREATE FAILED", 3), version("b", "ACTIVE", 2)]
    stub(hook).add_response("list_solution_versions", {"solutionVersions": versions}, {"solutionArn": "arn:x"})
    newest = hook.newest_active(SOLUTION_VERSION, solutionArn="arn:x")
    assert newest == f"{ACCOUNT}:solution/aisle-sims/b"


@pytest.mark.parametrize("is_final", [True, False])
@pytest.mark.parametrize(
    "answer",
    [
        "CREATE FAILED - Invalid S3 input path. Check the location.",
        Poll("failure", "CREATE FAILED", "There is no object. Check the location."),
        Poll("failure", "CREATE FAILED", "Invalid S3 input path"),
        ValueError("no answer."),
        "CREATE FAILED",
    ],
    ids=str,
)
def test_what_the_service_says_of_a_failed_wait_ends_with_a_single_full_stop(answer: object, is_final: bool) -> None:
    message = str(wait_failed(BATCH_INFERENCE_JOB, f"{ACCOUNT}:batch-inference-job/users", answer, is_final=is_final))
    assert ".." not in message
    assert f"{str(answer).rstrip('.')}. " in message


def test_a_look_tells_why_a_job_failed(stub: Stub) -> None:
    hook = PersonalizeHook()
    answer = {"batchInferenceJob": {"status": "CREATE FAILED", "failureReason": "Invalid S3 input path"}}
    stub(hook).add_response("describe_batch_inference_job", answer)
    look = hook.poll(BATCH_INFERENCE_JOB, f"{ACCOUNT}:batch-inference-job/users")
    assert (look.state, look.failure_reason) == ("failure", "Invalid S3 input path")
