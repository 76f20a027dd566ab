"""Dataset groups, schemas, datasets and their imports."""

from __future__ import annotations

from services.engine import s3
from services.engine.errors import AlreadyExists, InvalidInput
from services.engine.operations.base import Answer, Call, Operations
from services.engine.resources import (
    DATASET,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    SCHEMA,
    SOLUTION,
    SOLUTION_VERSION,
    Resource,
)
from services.engine.schemas import REQUIRED_COLUMNS, parse_schema


class DatasetOperations(Operations):
    """Where data is kept and how it gets in."""

    def create_dataset_group(self, call: Call) -> Answer:
        if "kmsKeyArn" in call.request and "roleArn" not in call.request:
            raise InvalidInput(
                "A dataset group with a kmsKeyArn needs a roleArn too; pass the role that may use the key"
            )
        body = call.only("name", "roleArn", "kmsKeyArn", "domain")
        return self.create(Resource.create(DATASET_GROUP, call.region, call["name"], body), call) | call.only("domain")

    def describe_dataset_group(self, call: Call) -> Answer:
        return self.describe(DATASET_GROUP, call)

    def list_dataset_groups(self, call: Call) -> Answer:
        return self.list(DATASET_GROUP, call)

    def delete_dataset_group(self, call: Call) -> Answer:
        group = self.find(DATASET_GROUP, call)
        self.refuse_if_used(group, (DATASET, DATASET_GROUP.arn_member), (SOLUTION, DATASET_GROUP.arn_member))
        return self.delete(group)

    def create_schema(self, call: Call) -> Answer:
        parse_schema(call["schema"])
        schema = Resource.create(SCHEMA, call.region, call["name"], call.only("name", "schema", "domain"))
        self.store.add(schema)
        return {SCHEMA.arn_member: schema.arn}

    def describe_schema(self, call: Call) -> Answer:
        return self.describe(SCHEMA, call)

    def list_schemas(self, call: Call) -> Answer:
        return self.list(SCHEMA, call)

    def delete_schema(self, call: Call) -> Answer:
        schema = self.find(SCHEMA, call)
        self.refuse_if_used(schema, (DATASET, SCHEMA.arn_member))
        self.store.remove(schema)
        return {}

    def create_dataset(self, call: Call) -> Answer:
        group = self.find_active(DATASET_GROUP, call)
        schema = self.find(SCHEMA, call)
        dataset_type = call["datasetType"].upper()
        self._check_schema_fits(dataset_type, schema, group)
        body = call.only("name", "datasetGroupArn", "schemaArn") | {"datasetType": dataset_type}
        dataset = Resource.create(DATASET, call.region, f"{group.tail}/{dataset_type}", body)
        if self.store.exists(dataset.arn):
            raise AlreadyExists(
                f"The dataset group {group.arn} already has a dataset of type {dataset_type}: {dataset.arn}; use it"
            )
        return self.create(dataset, call)

    def describe_dataset(self, call: Call) -> Answer:
        return self.describe(DATASET, call)

    def list_datasets(self, call: Call) -> Answer:
        return self.list(DATASET, call, parent=DATASET_GROUP)

    def delete_dataset(self, call: Call) -> Answer:
        dataset = self.find(DATASET, call)
        self.refuse_if_busy(dataset, (DATASET_IMPORT_JOB, DATASET.arn_member))
        group = self.store.get(DATASET_GROUP, dataset.body["datasetGroupArn"])
        self.refuse_if_busy(group, (SOLUTION_VERSION, DATASET_GROUP.arn_member))
        return self.delete(dataset)

    def create_dataset_import_job(self, call: Call) -> Answer:
        dataset = self.find_active(DATASET, call)
        if s3.parse_location(call["dataSource"].get("dataLocation", "")) is None:
            raise InvalidInput("Invalid Data location. Pass dataSource.dataLocation as s3://bucket/folder/ or a file.")
        self.refuse_if_busy(dataset, (DATASET_IMPORT_JOB, DATASET.arn_member))
        mode = call.get("importMode", "FULL")
        if mode == "INCREMENTAL" and not dataset.inner.get("parts"):
            raise InvalidInput(f"The first import of {dataset.arn} must be FULL; importMode was INCREMENTAL")
        body = call.only("jobName", "datasetArn", "dataSource", "roleArn", "publishAttributionMetricsToS3")
        body["importMode"] = mode
        return self.create(Resource.create(DATASET_IMPORT_JOB, call.region, call["jobName"], body), call)

    def describe_dataset_import_job(self, call: Call) -> Answer:
        return self.describe(DATASET_IMPORT_JOB, call)

    def list_dataset_import_jobs(self, call: Call) -> Answer:
        return self.list(DATASET_IMPORT_JOB, call, parent=DATASET)

    def _check_schema_fits(self, dataset_type: str, schema: Resource, group: Resource) -> None:
        if dataset_type not in REQUIRED_COLUMNS:
            raise InvalidInput(
                f"There is no dataset type '{dataset_type}'; use one of Interactions, Items, Users, Actions, "
                "Action_Interactions"
            )
        made_for = parse_schema(schema.body["schema"]).dataset_type
        if made_for != dataset_type:
            raise InvalidInput(
                f"The schema {schema.arn} is for {made_for}, the dataset for {dataset_type}; pass its own"
            )
        if schema.body.get("domain") != group.body.get("domain"):
            raise InvalidInput(
                f"The schema {schema.arn} has domain {schema.body.get('domain')}, the dataset group "
                f"{group.body.get('domain')}; both must be of the same domain, or of none"
            )
