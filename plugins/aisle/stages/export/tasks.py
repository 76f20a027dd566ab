"""Tasks of the export stage: for each dataset a CSV file; then, after the gate, schema, dataset, import job."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import task, task_group

from airflow_personalize.hooks.personalize import PersonalizeHook
from airflow_personalize.operators.personalize import (
    PersonalizeCreateDatasetGroupOperator,
    PersonalizeCreateDatasetImportJobOperator,
    PersonalizeCreateDatasetOperator,
    PersonalizeCreateSchemaOperator,
    PersonalizeUpdateDatasetOperator,
)
from airflow_postgres_s3.copy_to_s3 import Copied
from aisle.contracts.personalize import DATASETS, Dataset
from aisle.dag.assets import MARTS, PERSONALIZE_INPUT
from aisle.dag.defaults import run_key_of_context, waiting
from aisle.dag.groups import asset_of, group_of_context
from aisle.dag.xcom import from_xcom, to_xcom
from aisle.groups.dataset_group import DatasetGroup
from aisle.ops.jobs import Job, Plan, plan_job, record_job
from aisle.ops.receipts import receipt
from aisle.settings import get_settings
from aisle.stages.export.dataset_csv import check_size, export_dataset
from aisle.warehouse import connect
from personalize_kinds.kinds import DATASET as DATASET_RESOURCE

_DATASETS = {dataset.name: dataset for dataset in DATASETS}


def make_group(group: DatasetGroup) -> Any:
    """Create the task that finds or creates the dataset group."""
    described = group.described
    return PersonalizeCreateDatasetGroupOperator(
        task_id="dataset_group",
        name=group.name,
        domain=described.domain,
        kms_key_arn=described.kms_key_arn,
        role_arn=described.role_arn,
        **waiting(),
    )


def write(dataset: Dataset) -> Any:
    """Create the task `write_<dataset>`, which returns the file with a group's rows of one mart."""
    return write_csv.override(task_id=f"write_{dataset.name}")(dataset.name)


def import_dataset(group: DatasetGroup, dataset: Dataset, csv: Any, dataset_group_arn: Any) -> Any:
    """Create the tasks that import the file of one dataset into Personalize."""

    @task_group(group_id=dataset.name)
    def steps() -> None:
        dataset_arn = _dataset_in_service(group, dataset, dataset_group_arn)
        plan = plan_import(dataset.name, csv, dataset_arn)
        job = PersonalizeCreateDatasetImportJobOperator(
            task_id="import_job",
            name=plan["job_name"],
            dataset_arn=dataset_arn,
            data_location=csv["uri"],
            role_arn=get_settings().personalize.role_arn,
            **waiting(),
        )
        record_import(dataset.name, plan, job.output)

    return steps()


def _dataset_in_service(group: DatasetGroup, dataset: Dataset, dataset_group_arn: Any) -> Any:
    """Create the tasks that ensure a dataset with its current schema; return its ARN."""
    schema = PersonalizeCreateSchemaOperator(
        task_id="schema",
        name=group.schema_name(dataset),
        schema=dataset.avro_schema,
        domain=group.described.domain,
    )
    created = PersonalizeCreateDatasetOperator(
        task_id="dataset",
        name=group.dataset_name(dataset),
        dataset_group_arn=dataset_group_arn,
        dataset_type=dataset.type,
        schema_arn=schema.output,
        allow_schema_change=dataset.takes_new_columns,
        **waiting(),
    )
    if not dataset.takes_new_columns:
        return created.output
    current = PersonalizeUpdateDatasetOperator(
        task_id="dataset_schema", arn=created.output, schema_arn=schema.output, **waiting()
    )
    return current.output


@task(multiple_outputs=True)
def write_csv(dataset_name: str) -> dict[str, Any]:
    """Stream the group's rows of the mart to S3. Return uri, n_rows, n_bytes and sha256."""
    group, dataset, run_key = group_of_context(), _DATASETS[dataset_name], run_key_of_context()
    with receipt(run_key, "export", group.key(dataset_name)) as slip:
        with connect() as connection:
            bucket = get_settings().storage.bucket
            copied = export_dataset(connection, S3Hook().get_conn(), bucket, group, dataset, run_key)
        check_size(group, dataset, copied)
        slip.rows_in = slip.rows_out = copied.n_rows
        slip.bytes = copied.n_bytes
        slip.details = {"uri": copied.uri, "sha256": copied.sha256}
    return to_xcom(copied)


@task(multiple_outputs=True)
def plan_import(dataset_name: str, csv: dict[str, Any], dataset_arn: str) -> dict[str, Any]:
    """Name the import job: that of the newest import if the bytes and the dataset are the same."""
    group = group_of_context()
    held = PersonalizeHook().describe(DATASET_RESOURCE, dataset_arn)
    inputs = {
        "sha256": from_xcom(csv, Copied).sha256,
        "schema": _DATASETS[dataset_name].avro_schema,
        "dataset": dataset_arn,
        "dataset_created_at": held["creationDateTime"].timestamp(),  # a recreated dataset has the old ARN, and is empty
    }
    name = group.resource_name(dataset_name, run_key_of_context())
    return to_xcom(plan_job(group.key(f"import-{dataset_name}"), name, inputs))


@task
def record_import(dataset_name: str, plan: dict[str, Any], job_arn: str) -> None:
    """Record the import."""
    group, run_key, planned = group_of_context(), run_key_of_context(), from_xcom(plan, Plan)
    with receipt(run_key, "export", group.key(f"{dataset_name}-import")) as slip:
        record_job(group.key(f"import-{dataset_name}"), Job(planned.fingerprint, job_arn, run_key))
        slip.details = {"job": job_arn, "reused": planned.reused}


def announce(group: DatasetGroup) -> Any:
    """Create the task that announces that Personalize has the newest data of the group."""
    asset = asset_of(group, PERSONALIZE_INPUT)

    @task(inlets=[MARTS], outlets=[asset])
    def announce(outlet_events: Any = None) -> None:
        outlet_events[asset].extra = {"run_key": run_key_of_context()}

    return announce()
