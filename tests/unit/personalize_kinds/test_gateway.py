from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from personalize_kinds.gateway import Gateway
from personalize_kinds.kinds import (
    DATA_DELETION_JOB,
    DATASET,
    DATASET_GROUP,
    FILTER,
    KINDS,
    SOLUTION_VERSION,
    Kind,
)
from personalize_kinds.polls import Poll

GROUP = "arn:aws:personalize:us-east-1:000000000000:dataset-group/shop"


@pytest.fixture
def gateway() -> Gateway:
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    return Gateway(boto3.client("personalize", region_name="us-east-1", **keys))


@pytest.fixture
def stubber(gateway: Gateway) -> Iterator[Stubber]:
    with Stubber(gateway.client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def listed(kind: Kind, *arns: str, token: str | None = None, **more: Any) -> dict[str, Any]:
    page: dict[str, Any] = {kind.list_member: [{kind.arn_member: arn, **more} for arn in arns]}
    return page | ({"nextToken": token} if token else {})


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_is_listed_page_after_page(kind: Kind, gateway: Gateway, stubber: Stubber) -> None:
    parent = {kind.parent_member: GROUP} if kind.parent_member else {}
    stubber.add_response(f"list_{kind.name}s", listed(kind, "a", "b", token="next"), parent)
    stubber.add_response(f"list_{kind.name}s", listed(kind), parent | {"nextToken": "next"})
    assert [summary[kind.arn_member] for summary in gateway.summaries(kind, **parent)] == ["a", "b"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_is_described_or_known_to_be_gone(kind: Kind, gateway: Gateway, stubber: Stubber) -> None:
    description = {kind.arn_member: "arn"}
    stubber.add_response(f"describe_{kind.name}", {kind.member: description}, {kind.arn_member: "arn"})
    assert gateway.describe(kind, "arn") == description
    for _ in range(2):
        stubber.add_client_error(f"describe_{kind.name}", "ResourceNotFoundException")
    assert gateway.describe_if_exists(kind, "arn") is None
    with pytest.raises(gateway.client.exceptions.ResourceNotFoundException):
        gateway.describe(kind, "arn")


def test_a_refusal_is_not_taken_for_an_absence(gateway: Gateway, stubber: Stubber) -> None:
    stubber.add_client_error("describe_filter", "AccessDeniedException")
    with pytest.raises(gateway.client.exceptions.ClientError) as refused:
        gateway.describe_if_exists(FILTER, "arn")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_poll_reads_the_description_or_the_error_that_waiting_expects(gateway: Gateway, stubber: Stubber) -> None:
    failed = {"filterArn": "arn", "status": "CREATE FAILED", "failureReason": "no such column"}
    stubber.add_response("describe_filter", {"filter": failed}, {"filterArn": "arn"})
    assert gateway.poll(FILTER, "arn") == Poll("failure", "CREATE FAILED", "no such column")
    stubber.add_client_error("describe_filter", "ResourceNotFoundException")
    assert gateway.poll(FILTER, "arn", "deleted").state == "success"
    stubber.add_client_error("describe_filter", "ThrottlingException")
    assert gateway.poll(FILTER, "arn").state == "retry"
    for code in ("AccessDeniedException", "ResourceNotFoundException"):
        stubber.add_client_error("describe_filter", code)
        with pytest.raises(gateway.client.exceptions.ClientError) as refused:
            gateway.poll(FILTER, "arn")
        assert refused.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("tail", "arn"),
    [("shop", GROUP), ("op", None), ("shop-2", f"{GROUP}-2"), ("", None)],
)
def test_a_resource_is_found_by_its_whole_name(tail: str, arn: str | None, gateway: Gateway, stubber: Stubber) -> None:
    stubber.add_response("list_dataset_groups", listed(DATASET_GROUP, f"{GROUP}-2", GROUP), {})
    assert gateway.find(DATASET_GROUP, tail) == arn


def test_a_dataset_is_found_by_its_type(gateway: Gateway, stubber: Stubber) -> None:
    arn = "arn:aws:personalize:us-east-1:000000000000:dataset/shop/ITEMS"
    stubber.add_response("list_datasets", listed(DATASET, arn), {"datasetGroupArn": GROUP})
    assert gateway.find(DATASET, "ITEMS", datasetGroupArn=GROUP) == arn


def versions(*statuses: str) -> dict[str, Any]:
    return {
        "solutionVersions": [
            {
                "solutionVersionArn": f"v{day}",
                "status": status,
                "creationDateTime": datetime(2026, 11, day, tzinfo=UTC),
            }
            for day, status in enumerate(statuses, start=1)
        ]
    }


@pytest.mark.parametrize(
    ("statuses", "newest"),
    [
        (("ACTIVE", "ACTIVE", "CREATE FAILED"), "v2"),
        (("ACTIVE", "CREATE IN_PROGRESS", "DELETE PENDING"), "v1"),
        (("CREATE STOPPED",), None),
        ((), None),
    ],
)
def test_the_newest_that_is_ready_is_found(
    statuses: tuple[str, ...], newest: str | None, gateway: Gateway, stubber: Stubber
) -> None:
    stubber.add_response("list_solution_versions", versions(*statuses), {"solutionArn": "s"})
    assert gateway.newest_active(SOLUTION_VERSION, solutionArn="s") == newest


def test_a_job_whose_word_for_success_is_another_is_ready(gateway: Gateway, stubber: Stubber) -> None:
    created = datetime(2026, 11, 1, tzinfo=UTC)
    page = listed(DATA_DELETION_JOB, "job", status="COMPLETED", creationDateTime=created)
    stubber.add_response("list_data_deletion_jobs", page, {"datasetGroupArn": GROUP})
    assert gateway.newest_active(DATA_DELETION_JOB, datasetGroupArn=GROUP) == "job"


def test_metrics_of_an_attribution_are_listed_page_after_page(gateway: Gateway, stubber: Stubber) -> None:
    first, second = ({"eventType": "purchase", "metricName": name, "expression": "SAMPLECOUNT()"} for name in "ab")
    stubber.add_response(
        "list_metric_attribution_metrics", {"metrics": [first], "nextToken": "next"}, {"metricAttributionArn": "arn"}
    )
    stubber.add_response(
        "list_metric_attribution_metrics", {"metrics": [second]}, {"metricAttributionArn": "arn", "nextToken": "next"}
    )
    assert gateway.metrics("arn") == [first, second]


def test_tags_are_read_by_key(gateway: Gateway, stubber: Stubber) -> None:
    tags = [{"tagKey": "team", "tagValue": "shop"}, {"tagKey": "empty", "tagValue": ""}]
    stubber.add_response("list_tags_for_resource", {"tags": tags}, {"resourceArn": GROUP})
    assert gateway.tags(GROUP) == {"team": "shop", "empty": ""}
