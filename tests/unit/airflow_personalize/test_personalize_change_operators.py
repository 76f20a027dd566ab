"""Update, delete and stop by the table no_wait, wait, defer, nothing to do; then what each has of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from airflow.exceptions import TaskDeferred
from botocore.stub import Stubber

from airflow_personalize.exceptions import (
    PersonalizeFinalError,
    PersonalizeResourceFailedError,
    PersonalizeRetryableError,
)
from airflow_personalize.hooks.personalize import PersonalizeHook
from airflow_personalize.operators import personalize as operators
from airflow_personalize.operators.personalize import PersonalizeBaseOperator, PersonalizeWaitingOperator
from personalize_kinds.kinds import Kind
from tests.unit.airflow_personalize.create_cases import public_operators

Stub = Callable[[Any], Stubber]
Call = tuple[str, dict[str, Any], dict[str, Any]]

ACCOUNT = "arn:aws:personalize:us-east-1:000000000000"
OLD, NEW = (f"{ACCOUNT}:solution/sims/{name}" for name in ("old", "new"))
CLICKS = {"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}
SALES = {"eventType": "purchase", "metricName": "sales", "expression": "SUM(Items.PRICE)"}


class Update(NamedTuple):
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


def expect(stubber: Stubber, *calls: Call) -> None:
    for operation, answer, request in calls:
        stubber.add_response(operation, answer, request)


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
    with pytest.raises(PersonalizeResourceFailedError, match="to take its update: CREATE FAILED - no capacity"):
        operator.execute({})


@by_update
def test_an_update_while_another_is_under_way_may_be_retried(case: Update, stub: Stub) -> None:
    operator = case.make()
    stubber = stub(operator)
    expect(stubber, case.described(case.before, case.latest_is("CREATE PENDING")))
    stubber.add_client_error(f"update_{case.resource.name}", "ResourceInUseException", "being updated")
    expect(stubber, case.described(case.before, case.latest_is("CREATE PENDING")))
    with pytest.raises(PersonalizeRetryableError, match=f"Updating {case.resource.title} {case.arn}: .*being updated"):
        operator.execute({})


@pytest.mark.parametrize(
    ("follows", "serves", "is_skipped"),
    [(True, OLD, True), (False, OLD, False), (True, f"{ACCOUNT}:solution/b/1", False)],
)
def test_a_campaign_that_follows_its_solution_is_not_told_again(
    follows: bool, serves: str, is_skipped: bool, stub: Stub
) -> None:
    latest = f"{ACCOUNT}:solution/sims/$LATEST"
    operator = CAMPAIGN.make(solution_version_arn=latest, wait_for_completion=False)
    config = {"campaignConfig": {"syncWithLatestSolutionVersion": follows}}
    calls = [CAMPAIGN.described(CAMPAIGN.before, {"solutionVersionArn": serves}, config)]
    if not is_skipped:
        calls.append(CAMPAIGN._replace(changes={"solutionVersionArn": latest}).updated)
    expect(stub(operator), *calls)
    assert operator.execute({}) == CAMPAIGN.arn


def test_a_campaign_is_told_only_what_of_its_config_differs(stub: Stub) -> None:
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


DELETIONS = [
    operators.PersonalizeDeleteCampaignOperator,
    operators.PersonalizeDeleteFilterOperator,
    operators.PersonalizeDeleteEventTrackerOperator,
    operators.PersonalizeDeleteMetricAttributionOperator,
    operators.PersonalizeDeleteSolutionOperator,
    operators.PersonalizeDeleteDatasetOperator,
    operators.PersonalizeDeleteDatasetGroupOperator,
]
Deletion = type[PersonalizeBaseOperator]
ARN = f"{ACCOUNT}:kind/shop"
by_deletion = pytest.mark.parametrize("deletion", DELETIONS, ids=lambda operator: operator.resource.name)
by_deletion_or_schema = pytest.mark.parametrize(
    "deletion", [*DELETIONS, operators.PersonalizeDeleteSchemaOperator], ids=lambda operator: operator.resource.name
)


def accept_deletion(stubber: Stubber, deletion: Deletion) -> None:
    stubber.add_response(f"delete_{deletion.resource.name}", {}, {deletion.resource.arn_member: ARN})


def show(stubber: Stubber, deletion: Deletion, status: str) -> None:
    resource = deletion.resource
    stubber.add_response(f"describe_{resource.name}", {resource.member: {"status": status}}, {resource.arn_member: ARN})


@by_deletion
def test_a_deletion_without_waiting_returns_as_soon_as_it_is_accepted(deletion: Deletion, stub: Stub) -> None:
    operator = deletion(task_id="task", arn=ARN, wait_for_completion=False)
    accept_deletion(stub(operator), deletion)
    assert operator.execute({}) == ARN


@by_deletion
def test_a_deletion_waits_until_the_resource_is_gone(deletion: Deletion, stub: Stub) -> None:
    operator = deletion(task_id="task", arn=ARN, waiter_delay=0)
    stubber = stub(operator)
    accept_deletion(stubber, deletion)
    for status in ("ACTIVE", "DELETE PENDING", "DELETE IN_PROGRESS"):
        show(stubber, deletion, status)
    stubber.add_client_error(f"describe_{deletion.resource.name}", "ResourceNotFoundException")
    assert operator.execute({}) == ARN


@by_deletion
def test_a_deferred_deletion_hands_the_wait_to_its_trigger(deletion: Deletion, stub: Stub) -> None:
    operator = deletion(task_id="task", arn=ARN, deferrable=True)
    stubber = stub(operator)
    accept_deletion(stubber, deletion)
    show(stubber, deletion, "DELETE PENDING")
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    assert deferred.value.trigger.outcome == "deleted"
    assert deferred.value.trigger.resource == deletion.resource


@by_deletion_or_schema
def test_what_is_gone_already_is_well(deletion: Deletion, stub: Stub) -> None:
    operator = deletion(task_id="task", arn=ARN)
    stub(operator).add_client_error(f"delete_{deletion.resource.name}", "ResourceNotFoundException")
    assert operator.execute({}) == ARN


@by_deletion
def test_a_rerun_waits_for_the_deletion_that_is_on_its_way(deletion: Deletion, stub: Stub) -> None:
    operator = deletion(task_id="task", arn=ARN, wait_for_completion=False)
    stubber = stub(operator)
    stubber.add_client_error(f"delete_{deletion.resource.name}", "ResourceInUseException")
    show(stubber, deletion, "DELETE IN_PROGRESS")
    assert operator.execute({}) == ARN


@by_deletion
def test_what_is_in_use_is_a_clear_error(deletion: Deletion, stub: Stub) -> None:
    operator = deletion(task_id="task", arn=ARN)
    stubber = stub(operator)
    stubber.add_client_error(f"delete_{deletion.resource.name}", "ResourceInUseException", "used by x")
    show(stubber, deletion, "ACTIVE")
    is_final = deletion is operators.PersonalizeDeleteDatasetGroupOperator
    error = PersonalizeFinalError if is_final else PersonalizeRetryableError
    with pytest.raises(error, match=f"Deleting .*{ARN}.*used by x"):
        operator.execute({})


def test_a_schema_is_deleted_at_once(stub: Stub) -> None:
    operator = operators.PersonalizeDeleteSchemaOperator(task_id="task", arn=ARN)
    accept_deletion(stub(operator), type(operator))
    assert operator.execute({}) == ARN


def test_a_schema_in_use_is_final(stub: Stub) -> None:
    operator = operators.PersonalizeDeleteSchemaOperator(task_id="task", arn=ARN)
    stubber = stub(operator)
    stubber.add_client_error("delete_schema", "ResourceInUseException", "used by x")
    stubber.add_response("describe_schema", {"schema": {"name": "items"}}, {"schemaArn": ARN})
    with pytest.raises(PersonalizeFinalError, match="Delete what uses it first"):
        operator.execute({})


def stop(stub: Stub, *statuses: str, **more: Any) -> tuple[Any, Stubber]:
    """The stop operator, and a training that is looked at once for each status, and stopped after the first."""
    operator = operators.PersonalizeStopSolutionVersionCreationOperator(task_id="task", arn=OLD, waiter_delay=0, **more)
    stubber = stub(operator)
    arn = {"solutionVersionArn": OLD}
    for number, status in enumerate(statuses):
        expect(stubber, ("describe_solution_version", {"solutionVersion": {"status": status}}, arn))
        if not number and status in ("CREATE PENDING", "CREATE IN_PROGRESS"):
            expect(stubber, ("stop_solution_version_creation", {}, arn))
    return operator, stubber


def test_a_stop_without_waiting_returns_as_soon_as_it_is_accepted(stub: Stub) -> None:
    operator, _ = stop(stub, "CREATE IN_PROGRESS", wait_for_completion=False)
    assert operator.execute({}) == OLD


def test_a_stop_waits_until_the_training_has_stopped(stub: Stub) -> None:
    operator, _ = stop(stub, "CREATE IN_PROGRESS", "CREATE STOPPING", "CREATE STOPPED")
    assert operator.execute({}) == OLD


def test_a_deferred_stop_hands_the_wait_to_its_trigger(stub: Stub) -> None:
    operator, _ = stop(stub, "CREATE PENDING", "CREATE STOPPING", deferrable=True)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    assert deferred.value.trigger.outcome == "stopped"


@pytest.mark.parametrize("status", ["ACTIVE", "CREATE FAILED", "CREATE STOPPED"])
def test_a_training_that_has_ended_needs_no_stop(status: str, stub: Stub) -> None:
    operator, _ = stop(stub, status)
    assert operator.execute({}) == OLD


def test_a_training_that_is_stopping_is_waited_for(stub: Stub) -> None:
    operator, _ = stop(stub, "CREATE STOPPING", "CREATE STOPPING", "CREATE STOPPED")
    assert operator.execute({}) == OLD


def test_a_training_that_became_active_while_it_was_to_be_stopped_is_said(stub: Stub) -> None:
    operator, _ = stop(stub, "CREATE IN_PROGRESS", "ACTIVE")
    with pytest.raises(PersonalizeResourceFailedError, match="to be stopped: ACTIVE"):
        operator.execute({})


def test_every_change_operation_of_the_service_has_an_operator() -> None:
    """Recommenders belong to domain dataset groups, which Aisle does not make."""
    operations = PersonalizeHook().conn.meta.service_model.operation_names
    verbs = ("Update", "Delete", "Stop")
    expected = {f"Personalize{name}Operator" for name in operations if name.startswith(verbs)}
    offered = {name for name in public_operators() if name.removeprefix("Personalize").startswith(verbs)}
    assert offered == {name for name in expected if "Recommender" not in name}
