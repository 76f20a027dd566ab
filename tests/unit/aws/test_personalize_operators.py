"""Each create operator by the table no_wait, wait, defer; then what all have in common: find or create."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from unittest.mock import Mock

import pytest
from airflow.exceptions import TaskDeferred
from airflow.providers.amazon.aws.exceptions import WaiterMaxAttemptsError
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from aisle.aws.hooks.personalize import (
    DATA_DELETION_JOB,
    PersonalizeHook,
    PersonalizeResource,
)
from aisle.aws.operators import personalize as operators
from aisle.aws.operators.base_personalize import (
    PersonalizeCreateOperator,
    PersonalizeJobOperator,
    PersonalizeWaitingOperator,
)
from aisle.errors import ContractBroken, FinalError, PersonalizeJobFailed, RetryableError

Stub = Callable[[Any], Stubber]

ACCOUNT = "arn:aws:personalize:us-east-1:000000000000"
GROUP = f"{ACCOUNT}:dataset-group/aisle"
DATASET = f"{ACCOUNT}:dataset/aisle/ITEMS"
SCHEMA = f"{ACCOUNT}:schema/items"
SOLUTION = f"{ACCOUNT}:solution/sims"
VERSION = f"{ACCOUNT}:solution/sims/run"
RECIPE = "arn:aws:personalize:::recipe/aws-sims"
EXPRESSION = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'
METRIC = {"eventType": "purchase", "metricName": "purchases", "expression": "SAMPLECOUNT()"}
TAG = {"tagKey": "team", "tagValue": "shop"}
KEY = "arn:aws:kms:us-east-1:000000000000:key/aisle"
ROLE = "arn:aws:iam::000000000000:role/aisle"


class Case(NamedTuple):
    """One operator, its own arguments, what goes over the wire, and what the ARN ends with."""

    operator: type[PersonalizeCreateOperator]
    arguments: dict[str, Any]
    request: dict[str, Any]
    arn: str

    @property
    def resource(self) -> PersonalizeResource:
        return self.operator.resource

    def make(self, **more: Any) -> Any:
        waits = {"waiter_delay": 0} if issubclass(self.operator, PersonalizeWaitingOperator) else {}
        return self.operator(task_id="task", name="run", **self.arguments, **{**waits, **more})

    @property
    def ready(self) -> str:
        """The last word of its vocabulary."""
        return "COMPLETED" if self.resource == DATA_DELETION_JOB else "ACTIVE"

    @property
    def on_its_way(self) -> tuple[str, str]:
        """The words before."""
        is_deletion = self.resource == DATA_DELETION_JOB
        return ("PENDING", "IN_PROGRESS") if is_deletion else ("CREATE PENDING", "CREATE IN_PROGRESS")

    @property
    def created(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        return (f"create_{self.resource.name}", {self.resource.arn_member: self.arn}, self.request)

    def described(self, status: str, **more: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
        answer = {self.resource.member: {"status": status, **more}}
        return (f"describe_{self.resource.name}", answer, {self.resource.arn_member: self.arn})


WAITING = [
    Case(
        operators.PersonalizeCreateDatasetGroupOperator,
        {},
        {"name": "run"},
        f"{ACCOUNT}:dataset-group/run",
    ),
    Case(
        operators.PersonalizeCreateDatasetOperator,
        {"dataset_group_arn": GROUP, "dataset_type": "Items", "schema_arn": SCHEMA},
        {"name": "run", "datasetGroupArn": GROUP, "datasetType": "Items", "schemaArn": SCHEMA},
        DATASET,
    ),
    Case(
        operators.PersonalizeCreateDatasetImportJobOperator,
        {"dataset_arn": DATASET, "data_location": "s3://aisle/items.csv", "role_arn": ROLE},
        {
            "jobName": "run",
            "datasetArn": DATASET,
            "dataSource": {"dataLocation": "s3://aisle/items.csv"},
            "roleArn": ROLE,
            "importMode": "FULL",
        },
        f"{ACCOUNT}:dataset-import-job/run",
    ),
    Case(
        operators.PersonalizeCreateSolutionOperator,
        {"dataset_group_arn": GROUP, "recipe_arn": RECIPE},
        {"name": "run", "datasetGroupArn": GROUP, "recipeArn": RECIPE, "performAutoTraining": False},
        f"{ACCOUNT}:solution/run",
    ),
    Case(
        operators.PersonalizeCreateSolutionVersionOperator,
        {"solution_arn": SOLUTION},
        {"name": "run", "solutionArn": SOLUTION, "trainingMode": "FULL"},
        f"{SOLUTION}/run",
    ),
    Case(
        operators.PersonalizeCreateBatchInferenceJobOperator,
        {
            "solution_version_arn": VERSION,
            "input_location": "s3://aisle/in/items.json",
            "output_location": "s3://aisle/out/",
            "role_arn": ROLE,
            "num_results": 10,
        },
        {
            "jobName": "run",
            "solutionVersionArn": VERSION,
            "jobInput": {"s3DataSource": {"path": "s3://aisle/in/items.json"}},
            "jobOutput": {"s3DataDestination": {"path": "s3://aisle/out/"}},
            "roleArn": ROLE,
            "numResults": 10,
        },
        f"{ACCOUNT}:batch-inference-job/run",
    ),
    Case(
        operators.PersonalizeCreateDatasetExportJobOperator,
        {"dataset_arn": DATASET, "output_location": "s3://aisle/export/", "role_arn": ROLE, "kms_key_arn": KEY},
        {
            "jobName": "run",
            "datasetArn": DATASET,
            "ingestionMode": "ALL",
            "jobOutput": {"s3DataDestination": {"path": "s3://aisle/export/", "kmsKeyArn": KEY}},
            "roleArn": ROLE,
        },
        f"{ACCOUNT}:dataset-export-job/run",
    ),
    Case(
        operators.PersonalizeCreateCampaignOperator,
        {"solution_version_arn": VERSION, "campaign_config": {"enableMetadataWithRecommendations": True}},
        {
            "name": "run",
            "solutionVersionArn": VERSION,
            "campaignConfig": {"enableMetadataWithRecommendations": True},
        },
        f"{ACCOUNT}:campaign/run",
    ),
    Case(
        operators.PersonalizeCreateEventTrackerOperator,
        {"dataset_group_arn": GROUP},
        {"name": "run", "datasetGroupArn": GROUP},
        f"{ACCOUNT}:event-tracker/d2e7ccdc",
    ),
    Case(
        operators.PersonalizeCreateFilterOperator,
        {"dataset_group_arn": GROUP, "filter_expression": EXPRESSION},
        {"name": "run", "datasetGroupArn": GROUP, "filterExpression": EXPRESSION},
        f"{ACCOUNT}:filter/run",
    ),
    Case(
        operators.PersonalizeCreateBatchSegmentJobOperator,
        {
            "solution_version_arn": VERSION,
            "input_location": "s3://aisle/in/items.json",
            "output_location": "s3://aisle/out/",
            "role_arn": ROLE,
            "filter_arn": f"{ACCOUNT}:filter/run",
        },
        {
            "jobName": "run",
            "solutionVersionArn": VERSION,
            "jobInput": {"s3DataSource": {"path": "s3://aisle/in/items.json"}},
            "jobOutput": {"s3DataDestination": {"path": "s3://aisle/out/"}},
            "roleArn": ROLE,
            "numResults": 25,
            "filterArn": f"{ACCOUNT}:filter/run",
        },
        f"{ACCOUNT}:batch-segment-job/run",
    ),
    Case(
        operators.PersonalizeCreateMetricAttributionOperator,
        {"dataset_group_arn": GROUP, "metrics": [METRIC], "role_arn": ROLE, "output_location": "s3://aisle/metrics/"},
        {
            "name": "run",
            "datasetGroupArn": GROUP,
            "metrics": [METRIC],
            "metricsOutputConfig": {"roleArn": ROLE, "s3DataDestination": {"path": "s3://aisle/metrics/"}},
        },
        f"{ACCOUNT}:metric-attribution/run",
    ),
    Case(
        operators.PersonalizeCreateDataDeletionJobOperator,
        {"dataset_group_arn": GROUP, "data_location": "s3://aisle/erase/", "role_arn": ROLE},
        {
            "jobName": "run",
            "datasetGroupArn": GROUP,
            "dataSource": {"dataLocation": "s3://aisle/erase/"},
            "roleArn": ROLE,
        },
        f"{ACCOUNT}:data-deletion-job/run",
    ),
]
SCHEMA_CASE = Case(
    operators.PersonalizeCreateSchemaOperator,
    {"schema": '{"type": "record"}'},
    {"name": "run", "schema": '{"type": "record"}'},
    f"{ACCOUNT}:schema/run",
)
ALL = [*WAITING, SCHEMA_CASE]
GROUP_CASE, DATASET_CASE, IMPORT_CASE, SOLUTION_CASE, VERSION_CASE, BATCH_CASE = WAITING[:6]
CAMPAIGN_CASE, TRACKER_CASE, FILTER_CASE = WAITING[7:10]

by_operator = pytest.mark.parametrize("case", ALL, ids=lambda case: case.resource.name)
by_waiting_operator = pytest.mark.parametrize("case", WAITING, ids=lambda case: case.resource.name)


def expect(stubber: Stubber, *calls: tuple[str, dict[str, Any], dict[str, Any]]) -> None:
    for operation, answer, request in calls:
        stubber.add_response(operation, answer, request)


def name_is_taken(stubber: Stubber, case: Case, name: str = "run") -> None:
    request = {**case.request, case.operator.name_member: name}
    stubber.add_client_error(f"create_{case.resource.name}", "ResourceAlreadyExistsException", expected_params=request)


def listed(case: Case, *arns: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    parent = case.operator.parent
    answer = {case.resource.list_member: [{case.resource.arn_member: arn} for arn in arns]}
    return (f"list_{case.resource.name}s", answer, {parent: case.request[parent]} if parent else {})


@by_operator
def test_every_argument_of_its_own_is_a_template(case: Case) -> None:
    own = {"name", *case.arguments} - {"num_results"}
    assert own <= set(case.operator.template_fields)
    assert {"aws_conn_id", "region_name"} <= set(case.operator.template_fields)
    operator = case.make()
    assert all(hasattr(operator, field) for field in case.operator.template_fields)


def test_a_schema_is_usable_at_once(stub: Stub) -> None:
    operator = SCHEMA_CASE.make()
    expect(stub(operator), SCHEMA_CASE.created)
    assert operator.execute({}) == SCHEMA_CASE.arn


@by_waiting_operator
def test_no_wait_returns_as_soon_as_it_is_created(case: Case, stub: Stub) -> None:
    operator = case.make(wait_for_completion=False)
    expect(stub(operator), case.created)
    assert operator.execute({}) == case.arn


@by_waiting_operator
def test_wait_returns_when_it_is_active(case: Case, stub: Stub) -> None:
    operator = case.make()
    expect(stub(operator), case.created, *map(case.described, (*case.on_its_way, case.ready)))
    assert operator.execute({}) == case.arn


@by_waiting_operator
def test_defer_hands_the_wait_to_its_trigger(case: Case, stub: Stub) -> None:
    operator = case.make(deferrable=True, waiter_delay=30, waiter_max_attempts=10)
    expect(stub(operator), case.created, case.described(case.on_its_way[0]))
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    assert type(deferred.value.trigger) is case.operator.trigger_class
    assert deferred.value.trigger.serialize()[1]["arn"] == case.arn
    assert deferred.value.trigger.waiter_delay == 30
    assert deferred.value.method_name == "execute_complete"
    assert deferred.value.timeout.total_seconds() == 360


@by_waiting_operator
def test_what_is_active_already_is_not_deferred_for(case: Case, stub: Stub) -> None:
    operator = case.make(deferrable=True)
    expect(stub(operator), case.created, case.described(case.ready))
    assert operator.execute({}) == case.arn


def test_what_ends_within_its_patience_is_not_deferred_for(stub: Stub) -> None:
    operator = VERSION_CASE.make(deferrable=True, patience_seconds=30)
    expect(
        stub(operator), VERSION_CASE.created, VERSION_CASE.described("CREATE PENDING"), VERSION_CASE.described("ACTIVE")
    )
    assert operator.execute({}) == VERSION_CASE.arn


def test_what_takes_longer_than_its_patience_is_deferred_for(stub: Stub) -> None:
    operator = VERSION_CASE.make(deferrable=True, patience_seconds=1)
    expect(stub(operator), VERSION_CASE.created, *[VERSION_CASE.described("CREATE IN_PROGRESS")] * 2)
    with pytest.raises(TaskDeferred):
        operator.execute({})


@by_waiting_operator
def test_a_deferred_task_returns_the_arn_of_a_success(case: Case) -> None:
    assert case.make().execute_complete({}, {"status": "success", "arn": case.arn}) == case.arn


@by_waiting_operator
def test_a_failure_event_never_passes(case: Case) -> None:
    event = {"status": "error", "arn": case.arn, "message": "CREATE FAILED - too few users", "is_final": True}
    with pytest.raises(PersonalizeJobFailed, match="too few users"):
        case.make().execute_complete({}, event)


def test_an_event_of_a_wait_that_ran_out_may_be_retried() -> None:
    event = {"status": "error", "arn": VERSION, "message": "max attempts reached", "is_final": False}
    with pytest.raises(RetryableError, match="max attempts"):
        VERSION_CASE.make().execute_complete({}, event)


def test_failure_seen_at_the_first_look_raises_with_the_reason(stub: Stub) -> None:
    operator = VERSION_CASE.make(deferrable=True)
    failed = VERSION_CASE.described("CREATE FAILED", failureReason="fewer than 25 users")
    expect(stub(operator), VERSION_CASE.created, failed)
    with pytest.raises(PersonalizeJobFailed, match="fewer than 25 users"):
        operator.execute({})


def test_failure_seen_while_waiting_raises_with_the_reason(stub: Stub) -> None:
    operator = VERSION_CASE.make()
    failed = VERSION_CASE.described("CREATE FAILED", failureReason="fewer than 25 users")
    expect(stub(operator), VERSION_CASE.created, VERSION_CASE.described("CREATE PENDING"), failed)
    with pytest.raises(PersonalizeJobFailed, match="fewer than 25 users"):
        operator.execute({})


def test_a_wait_in_place_that_runs_out_may_be_retried(stub: Stub) -> None:
    operator = VERSION_CASE.make(waiter_max_attempts=1)
    pending = VERSION_CASE.described("CREATE PENDING")
    expect(stub(operator), VERSION_CASE.created, pending, pending)
    with pytest.raises(RetryableError) as raised:
        operator.execute({})
    assert isinstance(raised.value.__cause__, WaiterMaxAttemptsError)


@by_waiting_operator
def test_a_rerun_returns_what_the_first_try_created(case: Case, stub: Stub) -> None:
    operator = case.make(deferrable=True)
    stubber = stub(operator)
    name_is_taken(stubber, case)
    others = [] if case is TRACKER_CASE else [f"{ACCOUNT}:other/thing"]
    expect(stubber, listed(case, *others, case.arn))
    looks = bool(case.operator.unchangeable) + isinstance(operator, PersonalizeJobOperator) + 1
    expect(stubber, *[case.described(case.ready)] * looks)
    assert operator.execute({}) == case.arn


def test_a_rerun_waits_for_the_job_that_is_still_on_its_way(stub: Stub) -> None:
    operator = BATCH_CASE.make()
    stubber = stub(operator)
    name_is_taken(stubber, BATCH_CASE)
    expect(stubber, listed(BATCH_CASE, BATCH_CASE.arn), *[BATCH_CASE.described("IN PROGRESS")] * 2)
    expect(stubber, BATCH_CASE.described("ACTIVE"))
    assert operator.execute({}) == BATCH_CASE.arn


def test_a_failed_job_keeps_its_name_so_a_rerun_takes_the_next_free_one(stub: Stub) -> None:
    operator = IMPORT_CASE.make(wait_for_completion=False)
    stubber = stub(operator)
    for name in ("run", "run-2"):
        arn = f"{ACCOUNT}:dataset-import-job/{name}"
        name_is_taken(stubber, IMPORT_CASE, name)
        expect(stubber, listed(IMPORT_CASE, arn), IMPORT_CASE._replace(arn=arn).described("CREATE FAILED"))
    third = IMPORT_CASE._replace(
        arn=f"{ACCOUNT}:dataset-import-job/run-3", request={**IMPORT_CASE.request, "jobName": "run-3"}
    )
    expect(stubber, third.created)
    assert operator.execute({}) == third.arn


def test_a_failed_dataset_group_stops_the_task(stub: Stub) -> None:
    operator = GROUP_CASE.make()
    stubber = stub(operator)
    name_is_taken(stubber, GROUP_CASE)
    expect(stubber, listed(GROUP_CASE, GROUP_CASE.arn), GROUP_CASE.described("CREATE FAILED", failureReason="no role"))
    with pytest.raises(PersonalizeJobFailed, match="no role"):
        operator.execute({})


def test_a_name_taken_under_another_parent_is_a_clear_error(stub: Stub) -> None:
    operator = IMPORT_CASE.make()
    stubber = stub(operator)
    name_is_taken(stubber, IMPORT_CASE)
    expect(stubber, listed(IMPORT_CASE))
    with pytest.raises(ContractBroken, match="name is taken"):
        operator.execute({})


@pytest.mark.parametrize(
    ("case", "other"),
    [
        (SCHEMA_CASE, {"schema": '{"type": "enum"}'}),
        (DATASET_CASE, {"schemaArn": f"{ACCOUNT}:schema/older"}),
        (SOLUTION_CASE, {"recipeArn": "arn:aws:personalize:::recipe/aws-popularity-count"}),
        (SOLUTION_CASE, {"recipeArn": RECIPE, "performAutoTraining": True}),
        (FILTER_CASE, {"filterExpression": "INCLUDE ItemID WHERE Items.PRICE > 1"}),
    ],
    ids=["schema", "dataset", "solution of another recipe", "solution that trains by itself", "filter"],
)
def test_what_exists_with_other_content_is_a_clear_error(case: Case, other: dict[str, Any], stub: Stub) -> None:
    operator = case.make()
    stubber = stub(operator)
    name_is_taken(stubber, case)
    answer = {case.resource.member: other}
    expect(stubber, listed(case, case.arn))
    stubber.add_response(f"describe_{case.resource.name}", answer, {case.resource.arn_member: case.arn})
    with pytest.raises(ContractBroken, match="cannot be changed"):
        operator.execute({})


def test_a_schema_written_with_other_blanks_is_the_same_schema(stub: Stub) -> None:
    operator = SCHEMA_CASE.make()
    stubber = stub(operator)
    name_is_taken(stubber, SCHEMA_CASE)
    expect(stubber, listed(SCHEMA_CASE, SCHEMA_CASE.arn))
    expect(stubber, ("describe_schema", {"schema": {"schema": '{ "type":"record" }'}}, {"schemaArn": SCHEMA_CASE.arn}))
    assert operator.execute({}) == SCHEMA_CASE.arn


def test_every_create_operation_of_the_service_has_an_operator() -> None:
    """Recommenders belong to domain dataset groups, which Aisle does not make."""
    operations = PersonalizeHook().conn.meta.service_model.operation_names
    kinds = {name.removeprefix("Create") for name in operations if name.startswith("Create")} - {"Recommender"}
    assert {f"PersonalizeCreate{kind}Operator" for kind in kinds} == {case.operator.__name__ for case in ALL}


def test_what_is_not_given_is_not_sent(stub: Stub) -> None:
    operator = IMPORT_CASE.make(wait_for_completion=False, publish_attribution_metrics_to_s3=True)
    request = {**IMPORT_CASE.request, "publishAttributionMetricsToS3": True}
    expect(stub(operator), IMPORT_CASE._replace(request=request).created)
    assert operator.execute({}) == IMPORT_CASE.arn


def test_a_solution_takes_all_that_a_solution_can(stub: Stub) -> None:
    config = {"eventsConfig": {"eventParametersList": [{"eventType": "click", "weight": 0.5}]}}
    operator = SOLUTION_CASE.make(
        wait_for_completion=False, perform_hpo=True, event_type="click", solution_config=config, tags=[TAG]
    )
    more = {"performHPO": True, "eventType": "click", "solutionConfig": config, "tags": [TAG]}
    expect(stub(operator), SOLUTION_CASE._replace(request={**SOLUTION_CASE.request, **more}).created)
    assert operator.execute({}) == SOLUTION_CASE.arn


def test_a_tracker_pushes_its_tracking_id(stub: Stub) -> None:
    operator = TRACKER_CASE.make(wait_for_completion=False)
    expect(stub(operator), TRACKER_CASE.created, TRACKER_CASE.described("CREATE PENDING", trackingId="1f2e"))
    task_instance = Mock()
    operator.execute({"ti": task_instance})
    task_instance.xcom_push.assert_any_call(key="tracking_id", value="1f2e")


def test_a_found_campaign_is_left_as_it_is(stub: Stub) -> None:
    operator = CAMPAIGN_CASE.make(wait_for_completion=False)
    stubber = stub(operator)
    name_is_taken(stubber, CAMPAIGN_CASE)
    expect(stubber, listed(CAMPAIGN_CASE, CAMPAIGN_CASE.arn))
    assert operator.execute({}) == CAMPAIGN_CASE.arn


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InvalidInputException", FinalError),
        ("ResourceNotFoundException", FinalError),
        ("AccessDeniedException", FinalError),
        ("ResourceInUseException", RetryableError),
        ("LimitExceededException", RetryableError),
        ("ThrottlingException", RetryableError),
        ("InternalFailure", RetryableError),
        ("500", RetryableError),
    ],
)
def test_a_refused_call_says_what_was_tried_and_its_request_id(code: str, error: type[Exception], stub: Stub) -> None:
    operator = GROUP_CASE.make()
    stubber = stub(operator)
    stubber.add_client_error("create_dataset_group", code, "the text", response_meta={"RequestId": "r-1"})
    if code in ("ResourceInUseException", "LimitExceededException"):
        expect(stubber, listed(GROUP_CASE))
    with pytest.raises(error, match=rf"Creating dataset group run: .*{code}.*the text \(request id r-1\)"):
        operator.execute({})


@pytest.mark.parametrize("code", ["ResourceInUseException", "LimitExceededException"])
def test_what_is_refused_because_the_first_try_has_created_it_is_found(code: str, stub: Stub) -> None:
    operator = IMPORT_CASE.make(wait_for_completion=False)
    stubber = stub(operator)
    stubber.add_client_error("create_dataset_import_job", code)
    expect(stubber, *[listed(IMPORT_CASE, IMPORT_CASE.arn)] * 2, IMPORT_CASE.described("CREATE IN_PROGRESS"))
    assert operator.execute({}) == IMPORT_CASE.arn


def test_an_unknown_fault_of_the_service_may_be_retried(stub: Stub) -> None:
    operator = GROUP_CASE.make()
    stub(operator).add_client_error("create_dataset_group", "OddFault", http_status_code=507)
    with pytest.raises(RetryableError, match="OddFault"):
        operator.execute({})


def test_arguments_that_the_service_cannot_take_are_final() -> None:
    operator = GROUP_CASE.make(domain=7)
    with pytest.raises(FinalError, match="Creating dataset group run: Parameter validation failed"):
        operator.execute({})


def test_a_call_without_an_answer_may_be_retried(stub: Stub) -> None:
    operator = GROUP_CASE.make()
    operator.hook.conn.meta.events.register("before-call.personalize", _no_answer)
    with pytest.raises(RetryableError, match="Creating dataset group run: no answer"):
        operator.execute({})


def _no_answer(**_: Any) -> None:
    raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def test_steady_throttling_ends_a_wait_in_place(stub: Stub) -> None:
    operator = VERSION_CASE.make(waiter_max_attempts=3)
    stubber = stub(operator)
    expect(stubber, VERSION_CASE.created, VERSION_CASE.described("CREATE PENDING"))
    for _ in range(3):
        stubber.add_client_error("describe_solution_version", "ThrottlingException")
    with pytest.raises(RetryableError, match="max attempts"):
        operator.execute({})


def test_throttling_at_the_first_look_is_waited_out(stub: Stub) -> None:
    operator = VERSION_CASE.make()
    stubber = stub(operator)
    expect(stubber, VERSION_CASE.created)
    stubber.add_client_error("describe_solution_version", "ThrottlingException")
    expect(stubber, VERSION_CASE.described("ACTIVE"))
    assert operator.execute({}) == VERSION_CASE.arn


def test_a_look_without_an_answer_is_a_look(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = VERSION_CASE.make()
    expect(stub(operator), VERSION_CASE.created, *map(VERSION_CASE.described, ("CREATE PENDING", "ACTIVE")))
    looks = Mock(side_effect=[EndpointConnectionError(endpoint_url="http://x"), operator._wait_unless_lost])
    monkeypatch.setattr(operator, "_wait_unless_lost", lambda left: looks()(left))
    assert operator.execute({}) == VERSION_CASE.arn


def test_looks_without_an_answer_end_too(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = VERSION_CASE.make(waiter_max_attempts=2)
    expect(stub(operator), VERSION_CASE.created, VERSION_CASE.described("CREATE PENDING"))
    lost = Mock(side_effect=EndpointConnectionError(endpoint_url="http://x"))
    monkeypatch.setattr(operator, "_wait_unless_lost", lost)
    with pytest.raises(RetryableError, match="Could not connect"):
        operator.execute({})
    assert lost.call_count == 2


def test_a_killed_task_stops_its_training(stub: Stub) -> None:
    operator = VERSION_CASE.make(wait_for_completion=False)
    stopped: tuple[str, dict[str, Any], dict[str, Any]] = (
        "stop_solution_version_creation",
        {},
        {"solutionVersionArn": VERSION},
    )
    expect(stub(operator), VERSION_CASE.created, stopped)
    operator.execute({})
    operator.on_kill()


def test_a_training_that_has_ended_when_the_task_is_killed_is_no_error(
    stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    operator = VERSION_CASE.make(wait_for_completion=False)
    stubber = stub(operator)
    expect(stubber, VERSION_CASE.created)
    stubber.add_client_error("stop_solution_version_creation", "ResourceInUseException", "it is ACTIVE")
    operator.execute({})
    operator.on_kill()
    assert "StopSolutionVersionCreation failed: ResourceInUseException" in caplog.text


def test_a_killed_task_leaves_the_training_if_told_so(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = VERSION_CASE.make(wait_for_completion=False, stop_on_kill=False)
    expect(stub(operator), VERSION_CASE.created)
    operator.execute({})
    assert not _is_stopped_by(operator, monkeypatch)


def test_a_task_killed_before_it_created_anything_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _is_stopped_by(VERSION_CASE.make(), monkeypatch)


def _is_stopped_by(operator: Any, monkeypatch: pytest.MonkeyPatch) -> bool:
    stop = Mock()
    monkeypatch.setattr(operator.hook.conn, "stop_solution_version_creation", stop)
    operator.on_kill()
    return stop.called


@pytest.mark.parametrize("stop_on_kill", [True, False])
def test_a_deferred_training_tells_its_trigger_whether_to_stop(stop_on_kill: bool, stub: Stub) -> None:
    operator = VERSION_CASE.make(deferrable=True, stop_on_kill=stop_on_kill)
    expect(stub(operator), VERSION_CASE.created, VERSION_CASE.described("CREATE PENDING"))
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    assert deferred.value.trigger.serialize()[1]["stop_on_kill"] is stop_on_kill
