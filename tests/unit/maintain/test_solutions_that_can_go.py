from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from airflow_personalize.hooks.personalize import PersonalizeHook
from aisle.stages.maintain.solutions import remove_solutions

ACCOUNT = "arn:aws:personalize:us-east-1:000000000000"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> PersonalizeHook:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return PersonalizeHook(aws_conn_id=None)


@pytest.fixture
def stubber(hook: PersonalizeHook) -> Iterator[Stubber]:
    with Stubber(hook.conn) as stubber:
        yield stubber


def listed(stubber: Stubber, status: str, *campaigns: str) -> str:
    """Let the service have one old solution that the platform does not know; its ARN."""
    group, solution = f"{ACCOUNT}:dataset-group/aisle", f"{ACCOUNT}:solution/forgotten"
    described: dict[str, Any] = {
        "name": "forgotten",
        "solutionArn": solution,
        "status": status,
        "creationDateTime": LONG_AGO,
    }
    stubber.add_response("list_dataset_groups", {"datasetGroups": [{"datasetGroupArn": group}]})
    stubber.add_response("list_solutions", {"solutions": [described]}, {"datasetGroupArn": group})
    stubber.add_response("list_campaigns", {"campaigns": [{"campaignArn": arn} for arn in campaigns]})
    return solution


@pytest.mark.parametrize("status", ["ACTIVE", "CREATE FAILED"])
def test_a_solution_that_nothing_asks_for_is_deleted(status: str, hook: PersonalizeHook, stubber: Stubber) -> None:
    arn = listed(stubber, status)
    stubber.add_response("delete_solution", {}, {"solutionArn": arn})
    assert remove_solutions(hook, LONG_AGO + timedelta(days=1), dry_run=False) == [arn]
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    "status", ["CREATE PENDING", "CREATE IN_PROGRESS", "DELETE PENDING", "DELETE IN_PROGRESS", "WARMING UP"]
)
def test_a_solution_that_is_being_made_or_deleted_is_left_alone(
    status: str, hook: PersonalizeHook, stubber: Stubber
) -> None:
    listed(stubber, status)
    assert remove_solutions(hook, LONG_AGO + timedelta(days=1), dry_run=False) == []


def test_a_solution_that_a_campaign_answers_with_is_left_alone(hook: PersonalizeHook, stubber: Stubber) -> None:
    listed(stubber, "ACTIVE", "campaign")
    assert remove_solutions(hook, LONG_AGO + timedelta(days=1), dry_run=False) == []
