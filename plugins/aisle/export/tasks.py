"""Steps of the export leg: for each dataset CSV, schema, dataset, import job."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import hashlib
from typing import Any

from airflow.sdk import task, task_group

from aisle.assets import MARTS, PERSONALIZE_INPUT
from aisle.aws.hooks.personalize import DATASET as DATASET_RESOURCE
from aisle.aws.hooks.personalize import PersonalizeHook
from aisle.aws.operators.personalize import (
    PersonalizeCreateDatasetGroupOperator,
    PersonalizeCreateDatasetImportJobOperator,
    PersonalizeCreateDatasetOperator,
    PersonalizeCreateSchemaOperator,
    PersonalizeUpdateDatasetOperator,
)
from aisle.contracts.personalize import DATASETS, Dataset
from aisle.dag_defaults import run_key_of_context
from aisle.export.dataset_csv import export_dataset
from aisle.jobs import Job, plan_job, record_job, waiting
from aisle.personalize import resource_name
from aisle.receipts import receipt
from aisle.settings import get_settings
from aisle.warehouse import connect

_DATASETS = {dataset.name: dataset for dataset in DATASETS}


def dataset_group() -> Any:
    """The task that makes sure of the dataset group."""
    return PersonalizeCreateDatasetGroupOperator(
        task_id="dataset_group", name=get_settings().personalize.dataset_group, **waiting()
    )


def import_dataset(dataset: Dataset, dataset_group_arn: Any) -> Any:
    """The tasks that bring one dataset from its mart into Personalize."""

    @task_group(group_id=dataset.name)
    def steps() -> None:
        dataset_arn = _dataset_in_service(dataset, dataset_group_arn)
        csv = write_csv(dataset.name)
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


def _dataset_in_service(dataset: Dataset, dataset_group_arn: Any) -> Any:
    """The tasks that make sure of a dataset with its present schema; gives its ARN."""
    schema = PersonalizeCreateSchemaOperator(task_id="schema", name=schema_name(dataset), schema=dataset.avro_schema)
    found = PersonalizeCreateDatasetOperator(
        task_id="dataset",
        name=resource_name(dataset.name),
        dataset_group_arn=dataset_group_arn,
        dataset_type=dataset.type,
        schema_arn=schema.output,
        is_updated_next=dataset.takes_new_columns,
        **waiting(),
    )
    if not dataset.takes_new_columns:
        return found.output
    current = PersonalizeUpdateDatasetOperator(
        task_id="dataset_schema", arn=found.output, schema_arn=schema.output, **waiting()
    )
    return current.output


def schema_name(dataset: Dataset) -> str:
    """Name of the dataset's schema. Schemas cannot be changed, so it carries a hash of the text."""
    return resource_name(dataset.name, hashlib.sha256(dataset.avro_schema.encode()).hexdigest()[:8])


@task(multiple_outputs=True)
def write_csv(dataset_name: str) -> dict[str, Any]:
    """Stream the mart to S3. Gives uri, n_rows, n_bytes and sha256."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    run_key, bucket = run_key_of_context(), get_settings().storage.bucket
    with receipt(run_key, "export", dataset_name) as slip:
        with connect() as connection:
            copied = export_dataset(connection, S3Hook().get_conn(), bucket, _DATASETS[dataset_name], run_key)
        slip.rows_in = slip.rows_out = copied.n_rows
        slip.bytes = copied.n_bytes
        slip.details = {"uri": copied.uri, "sha256": copied.sha256}
    return copied._asdict()


@task(multiple_outputs=True)
def plan_import(dataset_name: str, csv: dict[str, Any], dataset_arn: str) -> dict[str, Any]:
    """Name the import job: that of the newest import, if the same bytes would go into the same dataset again."""
    held = PersonalizeHook().describe(DATASET_RESOURCE, dataset_arn)
    inputs = {
        "sha256": csv["sha256"],
        "schema": _DATASETS[dataset_name].avro_schema,
        "dataset": dataset_arn,
        "dataset_created_at": held["creationDateTime"].timestamp(),  # one made anew under its old ARN is empty
    }
    name = resource_name(dataset_name, run_key_of_context())
    return plan_job(f"import-{dataset_name}", name, inputs)._asdict()


@task
def record_import(dataset_name: str, plan: dict[str, Any], job_arn: str) -> None:
    """Remember what was imported."""
    run_key = run_key_of_context()
    with receipt(run_key, "export", f"{dataset_name}-import") as slip:
        record_job(f"import-{dataset_name}", Job(plan["fingerprint"], job_arn, run_key))
        slip.details = {"job": job_arn, "reused": plan["reused"]}


@task(inlets=[MARTS], outlets=[PERSONALIZE_INPUT])
def announce(outlet_events: Any = None) -> None:
    """Tell that Personalize holds the newest data."""
    outlet_events[PERSONALIZE_INPUT].extra = {"run_key": run_key_of_context()}
