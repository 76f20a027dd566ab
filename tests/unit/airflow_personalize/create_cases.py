"""The create operators as a table: arguments, the request that is sent, and the calls around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.stub import Stubber

from airflow_personalize.operators import personalize as operators
from airflow_personalize.operators.personalize import PersonalizeCreateOperator, PersonalizeWaitingOperator
from personalize_kinds.kinds import DATA_DELETION_JOB, Kind

Stub = Callable[[Any], Stubber]
#: An operation of the service, its answer, and the request that it must get.
Call = tuple[str, dict[str, Any], dict[str, Any]]

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


def public_operators() -> list[str]:
    """Names of the operators that people use: all but the base classes."""
    classes = [
        value
        for value in vars(operators).values()
        if isinstance(value, type) and value.__module__ == operators.__name__
    ]
    bases = {base for operator in classes for base in operator.__mro__[1:]}
    return sorted(operator.__name__ for operator in classes if operator not in bases)


@dataclass(frozen=True, slots=True)
class Case:
    """One operator, its own arguments, the request that is sent, and the end of the ARN."""

    operator: type[PersonalizeCreateOperator]
    arguments: dict[str, Any]
    request: dict[str, Any]
    arn: str

    @property
    def resource(self) -> Kind:
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


def expect(stubber: Stubber, *calls: Call) -> None:
    for operation, answer, request in calls:
        stubber.add_response(operation, answer, request)


def name_is_taken(stubber: Stubber, case: Case, name: str = "run") -> None:
    request = {**case.request, case.operator.name_member: name}
    stubber.add_client_error(f"create_{case.resource.name}", "ResourceAlreadyExistsException", expected_params=request)


def listed(case: Case, *arns: str) -> Call:
    parent = case.operator.parent
    answer = {case.resource.list_member: [{case.resource.arn_member: arn} for arn in arns]}
    return (f"list_{case.resource.name}s", answer, {parent: case.request[parent]} if parent else {})
