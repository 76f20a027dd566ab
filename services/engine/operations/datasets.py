"""Dataset groups, schemas and datasets."""

from __future__ import annotations

from personalize_kinds.kinds import (
    DATA_DELETION_JOB,
    DATASET,
    DATASET_EXPORT_JOB,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    EVENT_TRACKER,
    FILTER,
    METRIC_ATTRIBUTION,
    RECOMMENDER,
    SCHEMA,
    SOLUTION,
    SOLUTION_VERSION,
)
from services.engine.errors import AlreadyExists, InUse, InvalidInput
from services.engine.operations.base import Answer, Call, Operations
from services.engine.resources import Resource
from services.engine.schemas import REQUIRED_COLUMNS, DatasetSchema, parse_schema

UPDATABLE_TYPES = ("ITEMS", "USERS")


class DatasetOperations(Operations):
    """Operations on dataset groups, schemas and datasets."""

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
        within = (RECOMMENDER, SOLUTION, EVENT_TRACKER, FILTER, METRIC_ATTRIBUTION, DATASET)
        self.refuse_if_used(group, *((kind, DATASET_GROUP.arn_member) for kind in within))
        return self.delete(group)

    def create_schema(self, call: Call) -> Answer:
        parse_schema(call["schema"], call.get("domain"))
        schema = Resource.create(SCHEMA, call.region, call["name"], call.only("name", "schema", "domain"))
        self.quotas.check(self.store, schema)
        self.store.add(schema)
        return {SCHEMA.arn_member: schema.arn}

    def describe_schema(self, call: Call) -> Answer:
        return self.describe(SCHEMA, call)

    def list_schemas(self, call: Call) -> Answer:
        return self.list(SCHEMA, call)

    def delete_schema(self, call: Call) -> Answer:
        schema = self.find(SCHEMA, call)
        self.refuse_if_used(schema, (DATASET, SCHEMA.arn_member))
        for dataset in self.store.page(DATASET):
            if dataset.updating and dataset.update.get(SCHEMA.arn_member) == schema.arn:
                raise InUse(f"{dataset.arn} is being updated to {schema.arn}; wait until that has ended")
        self.store.remove(schema)
        return {}

    def create_dataset(self, call: Call) -> Answer:
        group = self.find_active(DATASET_GROUP, call)
        schema = self.find(SCHEMA, call)
        dataset_type = call["datasetType"].upper()
        _check_schema_fits(dataset_type, schema, group)
        body = call.only("name", "datasetGroupArn", "schemaArn") | {"datasetType": dataset_type}
        dataset = Resource.create(DATASET, call.region, f"{group.tail}/{dataset_type}", body)
        if self.store.exists(dataset.arn):
            raise AlreadyExists(
                f"The dataset group {group.arn} already has a dataset of type {dataset_type}: {dataset.arn}; use it"
            )
        return self.create(dataset, call)

    def update_dataset(self, call: Call) -> Answer:
        """Replace the schema of items or users by one with further columns."""
        dataset = self.find_active(DATASET, call)
        schema = self.find(SCHEMA, call)
        if dataset.body["datasetType"] not in UPDATABLE_TYPES:
            raise InvalidInput(f"{dataset.arn} cannot be updated; only the schemas of Items and Users can be replaced")
        group = self.store.get(DATASET_GROUP, dataset.body["datasetGroupArn"])
        _check_schema_fits(dataset.body["datasetType"], schema, group)
        present = self.store.get(SCHEMA, dataset.body["schemaArn"])
        _check_extends(parse_schema(present.body["schema"]), parse_schema(schema.body["schema"]))
        self.refuse_if_busy(dataset, (DATASET_IMPORT_JOB, DATASET.arn_member), (DATASET_EXPORT_JOB, DATASET.arn_member))
        self.lifecycle.update(dataset, {"schemaArn": schema.arn})
        return {DATASET.arn_member: dataset.arn}

    def describe_dataset(self, call: Call) -> Answer:
        return self.describe(DATASET, call)

    def list_datasets(self, call: Call) -> Answer:
        return self.list(DATASET, call, parent=DATASET_GROUP)

    def delete_dataset(self, call: Call) -> Answer:
        dataset = self.find(DATASET, call)
        self.refuse_if_busy(dataset, (DATASET_IMPORT_JOB, DATASET.arn_member), (DATASET_EXPORT_JOB, DATASET.arn_member))
        group = self.store.get(DATASET_GROUP, dataset.body["datasetGroupArn"])
        within = (SOLUTION_VERSION, DATASET_GROUP.arn_member), (DATA_DELETION_JOB, DATASET_GROUP.arn_member)
        self.refuse_if_busy(group, *within)
        return self.delete(dataset)


def _check_schema_fits(dataset_type: str, schema: Resource, group: Resource) -> None:
    if dataset_type not in REQUIRED_COLUMNS:
        raise InvalidInput(
            f"There is no dataset type '{dataset_type}'; use one of Interactions, Items, Users, Actions, "
            "Action_Interactions"
        )
    made_for = parse_schema(schema.body["schema"]).dataset_type
    if made_for != dataset_type:
        raise InvalidInput(
            f"The schema {schema.arn} is for {made_for}, the dataset is of type {dataset_type}; pass a schema for it"
        )
    if schema.body.get("domain") != group.body.get("domain"):
        raise InvalidInput(
            f"The schema {schema.arn} has domain {schema.body.get('domain')}, the dataset group "
            f"{group.body.get('domain')}; both must be of the same domain, or of none"
        )


def _check_extends(present: DatasetSchema, proposed: DatasetSchema) -> None:
    """Raise InvalidInput unless imported rows fit: columns stay and allow null as before; new ones allow null."""
    columns = {column.name: column for column in proposed.columns}
    for column in present.columns:
        kept = columns.pop(column.name, None)
        if kept is None or kept.type != column.type or column.nullable > kept.nullable:
            raise InvalidInput(
                f"The new schema has no column {column.name} for the existing values ({column.type}"
                f"{' or null' if column.nullable else ''}); keep every column and add others"
            )
    for name, added in columns.items():
        if not added.nullable:
            raise InvalidInput(f"The new schema adds {name}, which must allow null: existing rows have no value for it")
