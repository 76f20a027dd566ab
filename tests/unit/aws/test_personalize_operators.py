"""Each operator by the table no_wait, wait, defer; then what all have in common: find or create."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from airflow.exceptions import TaskDeferred
from airflow.providers.amazon.aws.exceptions import WaiterMaxAttemptsError
from botocore.stub import Stubber

from aisle.aws.hooks.personalize import PersonalizeResource
from aisle.aws.operators import personalize as operators
from aisle.aws.operators.base_personalize import PersonalizeBaseOperator, PersonalizeWaitingOperator
from aisle.errors import ContractBroken, PersonalizeJobFailed, RetryableError

Stub = Callable[[Any], Stubber]

ACCOUNT = "arn:aws:personalize:us-east-1:000000000000"
GROUP = f"{ACCOUNT}:dataset-group/aisle"
DATASET = f"{ACCOUNT}:dataset/aisle/ITEMS"
SCHEMA = f"{ACCOUNT}:schema/items"
SOLUTION = f"{ACCOUNT}:solution/sims"
VERSION = f"{ACCOUNT}:solution/sims/run"
RECIPE = "arn:aws:personalize:::recipe/aws-sims"
ROLE = "arn:aws:iam::000000000000:role/aisle"


class Case(NamedTuple):
    """One operator, its own arguments, what goes over the wire, and what the ARN ends with."""

    operator: type[PersonalizeBaseOperator]
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
]
SCHEMA_CASE = Case(
    operators.PersonalizeCreateSchemaOperator,
    {"schema": '{"type": "record"}'},
    {"name": "run", "schema": '{"type": "record"}'},
    f"{ACCOUNT}:schema/run",
)
ALL = [*WAITING, SCHEMA_CASE]
GROUP_CASE, DATASET_CASE, IMPORT_CASE, SOLUTION_CASE, VERSION_CASE, BATCH_CASE = WAITING

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
    answer = {f"{case.resource.member}s": [{case.resource.arn_member: arn} for arn in arns]}
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
    expect(stub(operator), case.created, *map(case.described, ("CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE")))
    assert operator.execute({}) == case.arn


@by_waiting_operator
def test_defer_hands_the_wait_to_its_trigger(case: Case, stub: Stub) -> None:
    operator = case.make(deferrable=True, waiter_delay=30, waiter_max_attempts=10)
    expect(stub(operator), case.created, case.described("CREATE PENDING"))
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute({})
    assert type(deferred.value.trigger) is case.operator.trigger_class  # type: ignore[attr-defined]
    assert deferred.value.trigger.serialize()[1]["arn"] == case.arn
    assert deferred.value.trigger.waiter_delay == 30
    assert deferred.value.method_name == "execute_complete"
    assert deferred.value.timeout.total_seconds() == 360


@by_waiting_operator
def test_what_is_active_already_is_not_deferred_for(case: Case, stub: Stub) -> None:
    operator = case.make(deferrable=True)
    expect(stub(operator), case.created, case.described("ACTIVE"))
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
    expect(stub(operator), VERSION_CASE.created, VERSION_CASE.described("CREATE PENDING"), failed, failed)
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
    expect(stubber, listed(case, f"{ACCOUNT}:other/thing", case.arn))
    looks = bool(case.operator.unchangeable) + isinstance(operator, operators.PersonalizeJobOperator) + 1
    expect(stubber, *[case.described("ACTIVE")] * looks)
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
    ],
    ids=["schema", "dataset", "solution of another recipe", "solution that trains by itself"],
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
