"""Updates: they wait, defer, skip what would change nothing, and say why they failed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from airflow.exceptions import TaskDeferred
from botocore.stub import Stubber

from airflow_personalize.exceptions import (
    PersonalizeResourceFailedError,
    PersonalizeRetryableError,
)
from airflow_personalize.operators import personalize as operators
from airflow_personalize.operators.personalize import PersonalizeWaitingOperator
from personalize_kinds.kinds import Kind
from tests.unit.airflow_personalize.create_cases import Call, Stub, expect

ACCOUNT = "arn:aws:personalize:us-east-1:000000000000"
OLD, NEW = (f"{ACCOUNT}:solution/sims/{name}" for name in ("old", "new"))
CLICKS = {"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}
SALES = {"eventType": "purchase", "metricName": "sales", "expression": "SUM(Items.PRICE)"}


@dataclass(frozen=True, slots=True)
class Update:
    """One update operator: its own arguments, the members they become, and what the resource was like."""

    operator: type[PersonalizeWaitingOperator]
    arguments: dict[str, Any]
    changes: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    latest: str

    @property
    def resource(self) -> Kind:
        return self.operator.resource

    @property
    def arn(self) -> str:
        return f"{ACCOUNT}:{self.resource.name.replace('_', '-')}/shop"

    def make(self, **more: Any) -> Any:
        return self.operator(task_id="task", arn=self.arn, waiter_delay=0, **{**self.arguments, **more})

    def described(self, *parts: dict[str, Any]) -> Call:
        description: dict[str, Any] = {"status": "ACTIVE"}
        for part in parts:
            description |= part
        arn = {self.resource.arn_member: self.arn}
        return (f"describe_{self.resource.name}", {self.resource.member: description}, arn)

    def latest_is(self, status: str, **members: Any) -> dict[str, Any]:
        return {self.latest: {"status": status, **members}}

    @property
    def updated(self) -> Call:
        arn = {self.resource.arn_member: self.arn}
        return (f"update_{self.resource.name}", arn, {**arn, **self.changes})


UPDATES = [
    Update(
        operators.PersonalizeUpdateCampaignOperator,
        {"solution_version_arn": NEW, "min_provisioned_tps": 1},
        {"solutionVersionArn": NEW},
        {"solutionVersionArn": OLD, "minProvisionedTPS": 1},
        {"solutionVersionArn": NEW, "minProvisionedTPS": 1},
        "latestCampaignUpdate",
    ),
    Update(
        operators.PersonalizeUpdateDatasetOperator,
        {"schema_arn": f"{ACCOUNT}:schema/new"},
        {"schemaArn": f"{ACCOUNT}:schema/new"},
        {"schemaArn": f"{ACCOUNT}:schema/old"},
        {"schemaArn": f"{ACCOUNT}:schema/new"},
        "latestDatasetUpdate",
    ),
    Update(
        operators.PersonalizeUpdateSolutionOperator,
        {
            "perform_auto_training": False,
            "solution_update_config": {"autoTrainingConfig": {"schedulingExpression": "rate(3 days)"}},
        },
        {"solutionUpdateConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(3 days)"}}},
        {"performAutoTraining": False, "solutionConfig": {"eventValueThreshold": "1"}},
        {
            "performAutoTraining": False,
            "solutionConfig": {
                "eventValueThreshold": "1",
                "autoTrainingConfig": {"schedulingExpression": "rate(3 days)"},
            },
        },
        "latestSolutionUpdate",
    ),
]
CAMPAIGN, DATASET, SOLUTION = UPDATES
by_update = pytest.mark.parametrize("case", UPDATES, ids=lambda case: case.resource.name)


@by_update
def test_an_update_without_waiting_returns_as_soon_as_it_is_accepted(case: Update, stub: Stub) -> None:
    operator = case.make(wait_for_completion=False)
    expect(stub(operator), case.described(case.before), case.updated)
    assert operator.execute({}) == case.arn


@by_update
def test_an_update_waits_for_its_own_status_not_the_resources(case: Update, stub: Stub) -> None:
    operator = case.make()
    looks = [case.described(case.latest_is(status)) for status in ("CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE")]
    expect(stub(operator), case.described(case.before), case.updated, *looks)
    assert operator.execute({}) == case.arn


@by_update
def test_a_deferred_update_hands_the_wait_to_its_trigger(case: Update, stub: Stub) -> None:
    operator = case.make(deferrable=True)
    pending = case.described(case.latest_is("CREATE PENDING"))
    expect(stub(operator), case.described(case.before), case.updated, pending)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    assert type(deferred.value.trigger) is case.operator.trigger_class
    assert deferred.value.trigger.outcome == "updated"
    assert operator.execute_complete({}, {"status": "success", "arn": case.arn}) == case.arn


@by_update
def test_an_update_that_would_change_nothing_is_skipped(case: Update, stub: Stub) -> None:
    operator = case.make(deferrable=True)
    expect(stub(operator), case.described(case.after, case.latest_is("CREATE FAILED")))
    assert operator.execute({}) == case.arn


@by_update
def test_a_rerun_waits_for_the_update_that_is_on_its_way(case: Update, stub: Stub) -> None:
    operator = case.make()
    pending = case.described(case.before, case.latest_is("CREATE IN_PROGRESS", **case.changes))
    active = case.described(case.after, case.latest_is("ACTIVE", **case.changes))
    expect(stub(operator), pending, pending, active)
    assert operator.execute({}) == case.arn


@by_update
def test_an_update_that_failed_before_is_asked_for_again(case: Update, stub: Stub) -> None:
    operator = case.make(wait_for_completion=False)
    failed = case.described(case.before, case.latest_is("CREATE FAILED", **case.changes))
    expect(stub(operator), failed, case.updated)
    assert operator.execute({}) == case.arn


@by_update
def test_an_update_that_fails_says_why(case: Update, stub: Stub) -> None:
    operator = case.make()
    failed = case.described(case.latest_is("CREATE FAILED", failureReason="no capacity"))
    expect(stub(operator), case.described(case.before), case.updated, failed)
    with pytest.raises(PersonalizeResourceFailedError, match="CREATE FAILED - no capacity"):
        operator.execute({})


@by_update
def test_an_update_while_another_is_under_way_may_be_retried(case: Update, stub: Stub) -> None:
    operator = case.make()
    stubber = stub(operator)
    expect(stubber, case.described(case.before, case.latest_is("CREATE PENDING")))
    stubber.add_client_error(f"update_{case.resource.name}", "ResourceInUseException", "being updated")
    expect(stubber, case.described(case.before, case.latest_is("CREATE PENDING")))
    with pytest.raises(PersonalizeRetryableError, match=f"{case.resource.title} {case.arn}.*being updated"):
        operator.execute({})


@pytest.mark.parametrize(
    ("follows", "serves", "is_skipped"),
    [(True, OLD, True), (False, OLD, False), (True, f"{ACCOUNT}:solution/b/1", False)],
)
def test_a_campaign_that_follows_its_solution_is_not_updated_again(
    follows: bool, serves: str, is_skipped: bool, stub: Stub
) -> None:
    latest = f"{ACCOUNT}:solution/sims/$LATEST"
    operator = CAMPAIGN.make(solution_version_arn=latest, wait_for_completion=False)
    config = {"campaignConfig": {"syncWithLatestSolutionVersion": follows}}
    calls = [CAMPAIGN.described(CAMPAIGN.before, {"solutionVersionArn": serves}, config)]
    if not is_skipped:
        calls.append(replace(CAMPAIGN, changes={"solutionVersionArn": latest}).updated)
    expect(stub(operator), *calls)
    assert operator.execute({}) == CAMPAIGN.arn


def test_a_campaign_is_sent_only_what_differs_in_its_config(stub: Stub) -> None:
    config = {"itemExplorationConfig": {"explorationWeight": "0.3"}}
    operator = CAMPAIGN.make(solution_version_arn=OLD, campaign_config=config)
    held = {"itemExplorationConfig": {"explorationWeight": "0.3", "explorationItemAgeCutOff": "30"}}
    expect(stub(operator), CAMPAIGN.described(CAMPAIGN.before, {"campaignConfig": held}))
    assert operator.execute({}) == CAMPAIGN.arn


def metric_update(stub: Stub, held: list[dict[str, str]], **arguments: Any) -> tuple[Any, Stubber]:
    operator = operators.PersonalizeUpdateMetricAttributionOperator(
        task_id="task", arn=f"{ACCOUNT}:metric-attribution/shop", wait_for_completion=False, **arguments
    )
    arn = {"metricAttributionArn": operator.arn}
    stubber = stub(operator)
    described = {"metricAttribution": {"status": "ACTIVE", "metricsOutputConfig": {"roleArn": "arn:aws:iam::0:role/a"}}}
    expect(stubber, ("describe_metric_attribution", described, arn))
    expect(stubber, ("list_metric_attribution_metrics", {"metrics": held}, arn))
    return operator, stubber


@pytest.mark.parametrize(
    ("held", "arguments", "changes"),
    [
        ([], {"add_metrics": [CLICKS]}, {"addMetrics": [CLICKS]}),
        ([CLICKS], {"add_metrics": [CLICKS, SALES]}, {"addMetrics": [SALES]}),
        (
            [{**CLICKS, "eventType": "view"}],
            {"add_metrics": [CLICKS]},
            {"addMetrics": [CLICKS], "removeMetrics": ["clicks"]},
        ),
        ([CLICKS, SALES], {"remove_metrics": ["sales", "gone"]}, {"removeMetrics": ["sales"]}),
        (
            [],
            {"metrics_output_config": {"roleArn": "arn:aws:iam::0:role/b"}},
            {"metricsOutputConfig": {"roleArn": "arn:aws:iam::0:role/b"}},
        ),
    ],
    ids=["new", "one of two is new", "counts otherwise", "remove", "another role"],
)
def test_metrics_are_added_replaced_and_removed(
    held: list[dict[str, str]], arguments: dict[str, Any], changes: dict[str, Any], stub: Stub
) -> None:
    operator, stubber = metric_update(stub, held, **arguments)
    arn = {"metricAttributionArn": operator.arn}
    expect(stubber, ("update_metric_attribution", arn, {**arn, **changes}))
    assert operator.execute({}) == operator.arn


def test_metrics_that_are_as_asked_for_are_not_updated(stub: Stub) -> None:
    role = {"roleArn": "arn:aws:iam::0:role/a"}
    operator, _ = metric_update(
        stub, [CLICKS], add_metrics=[CLICKS], remove_metrics=["gone"], metrics_output_config=role
    )
    assert operator.execute({}) == operator.arn
