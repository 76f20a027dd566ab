"""Operators of Amazon Personalize. What they share, and how they find what exists: see `base_personalize`."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from aisle.aws.hooks.personalize import (
    BATCH_INFERENCE_JOB,
    DATASET,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    SCHEMA,
    SOLUTION,
    SOLUTION_VERSION,
)
from aisle.aws.operators.base_personalize import (
    PersonalizeBaseOperator,
    PersonalizeJobOperator,
    PersonalizeWaitingOperator,
)
from aisle.aws.triggers.personalize import (
    PersonalizeBatchInferenceJobActiveTrigger,
    PersonalizeDatasetActiveTrigger,
    PersonalizeDatasetGroupActiveTrigger,
    PersonalizeDatasetImportJobActiveTrigger,
    PersonalizeSolutionActiveTrigger,
    PersonalizeSolutionVersionActiveTrigger,
)


class PersonalizeCreateSchemaOperator(PersonalizeBaseOperator):
    """
    Find or create a schema; returns its ARN. A schema is usable at once, so there is nothing to wait for.

    A schema cannot be changed: let its name carry a hash of its text.

    :param name: Name of the schema. (templated)
    :param schema: The Avro schema, as JSON. (templated)

    Tags: see `PersonalizeBaseOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = SCHEMA
    unchangeable = ("schema",)
    template_fields: Sequence[str] = aws_template_fields("name", "schema")
    template_fields_renderers: ClassVar[dict[str, str]] = {"schema": "json"}

    def __init__(self, *, schema: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.schema = schema

    def request(self) -> dict[str, Any]:
        return {"schema": self.schema}


class PersonalizeCreateDatasetGroupOperator(PersonalizeWaitingOperator):
    """
    Find or create a custom dataset group; returns its ARN.

    :param name: Name of the dataset group. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = DATASET_GROUP
    trigger_class = PersonalizeDatasetGroupActiveTrigger

    def request(self) -> dict[str, Any]:
        return {}


class PersonalizeCreateDatasetOperator(PersonalizeWaitingOperator):
    """
    Find or create the dataset of one type in a dataset group, which holds one of each; returns its ARN.

    :param name: Name of the dataset. (templated)
    :param dataset_group_arn: ARN of the dataset group. (templated)
    :param dataset_type: Interactions, Items, Users, Actions or Action_Interactions. (templated)
    :param schema_arn: ARN of the schema. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = DATASET
    parent = "datasetGroupArn"
    unchangeable = ("schemaArn",)
    trigger_class = PersonalizeDatasetActiveTrigger
    template_fields: Sequence[str] = aws_template_fields("name", "dataset_group_arn", "dataset_type", "schema_arn")

    def __init__(self, *, dataset_group_arn: str, dataset_type: str, schema_arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dataset_group_arn = dataset_group_arn
        self.dataset_type = dataset_type
        self.schema_arn = schema_arn

    def request(self) -> dict[str, Any]:
        return {
            "datasetGroupArn": self.dataset_group_arn,
            "datasetType": self.dataset_type,
            "schemaArn": self.schema_arn,
        }

    def arn_tail(self, name: str) -> str:
        """The ARN of a dataset carries its type, not its name."""
        return self.dataset_type.upper()


class PersonalizeCreateDatasetImportJobOperator(PersonalizeJobOperator):
    """
    Find or start a job that imports CSV files into a dataset; returns its ARN.

    :param name: Name of the job. (templated)
    :param dataset_arn: ARN of the dataset. (templated)
    :param data_location: S3 URI of a CSV file, or of a folder of them, ending in '/'. (templated)
    :param role_arn: ARN of the role by which Personalize reads the files. (templated)
    :param import_mode: FULL replaces what was imported in bulk before, INCREMENTAL adds to it. (default: FULL)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = DATASET_IMPORT_JOB
    name_member = "jobName"
    parent = "datasetArn"
    trigger_class = PersonalizeDatasetImportJobActiveTrigger
    template_fields: Sequence[str] = aws_template_fields("name", "dataset_arn", "data_location", "role_arn")

    def __init__(
        self,
        *,
        dataset_arn: str,
        data_location: str,
        role_arn: str,
        import_mode: Literal["FULL", "INCREMENTAL"] = "FULL",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset_arn = dataset_arn
        self.data_location = data_location
        self.role_arn = role_arn
        self.import_mode = import_mode

    def request(self) -> dict[str, Any]:
        return {
            "datasetArn": self.dataset_arn,
            "dataSource": {"dataLocation": self.data_location},
            "roleArn": self.role_arn,
            "importMode": self.import_mode,
        }


class PersonalizeCreateSolutionOperator(PersonalizeWaitingOperator):
    """
    Find or create a solution, a recipe set up for a dataset group; returns its ARN. Trains nothing.

    :param name: Name of the solution. (templated)
    :param dataset_group_arn: ARN of the dataset group. (templated)
    :param recipe_arn: ARN of the recipe. (templated)
    :param solution_config: Configuration of the solution. (templated)
    :param perform_auto_training: Whether the service trains and bills new versions by its own clock. The service's
        own default is True; ours is False, and it is always sent. (default: False)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = SOLUTION
    parent = "datasetGroupArn"
    unchangeable = ("recipeArn", "performAutoTraining")
    trigger_class = PersonalizeSolutionActiveTrigger
    template_fields: Sequence[str] = aws_template_fields("name", "dataset_group_arn", "recipe_arn", "solution_config")
    template_fields_renderers: ClassVar[dict[str, str]] = {"solution_config": "json"}

    def __init__(
        self,
        *,
        dataset_group_arn: str,
        recipe_arn: str,
        solution_config: dict[str, Any] | None = None,
        perform_auto_training: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset_group_arn = dataset_group_arn
        self.recipe_arn = recipe_arn
        self.solution_config = solution_config
        self.perform_auto_training = perform_auto_training

    def request(self) -> dict[str, Any]:
        request = {
            "datasetGroupArn": self.dataset_group_arn,
            "recipeArn": self.recipe_arn,
            "performAutoTraining": self.perform_auto_training,
        }
        return {**request, "solutionConfig": self.solution_config} if self.solution_config else request


class PersonalizeCreateSolutionVersionOperator(PersonalizeJobOperator):
    """
    Find or train a version of a solution; returns its ARN.

    The version is named, so that a retry finds the training it has started instead of paying for a second one.

    :param name: Name of the version, unique in its solution. (templated)
    :param solution_arn: ARN of the solution. (templated)
    :param training_mode: FULL, or UPDATE for the recipes that have it. (default: FULL)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = SOLUTION_VERSION
    parent = "solutionArn"
    trigger_class = PersonalizeSolutionVersionActiveTrigger
    template_fields: Sequence[str] = aws_template_fields("name", "solution_arn")

    def __init__(self, *, solution_arn: str, training_mode: Literal["FULL", "UPDATE"] = "FULL", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.solution_arn = solution_arn
        self.training_mode = training_mode

    def request(self) -> dict[str, Any]:
        return {"solutionArn": self.solution_arn, "trainingMode": self.training_mode}


class PersonalizeCreateBatchInferenceJobOperator(PersonalizeJobOperator):
    """
    Find or start a batch inference job; returns its ARN.

    :param name: Name of the job. (templated)
    :param solution_version_arn: ARN of the model that answers. (templated)
    :param input_location: S3 URI of the JSON lines, or of a folder of them, ending in '/'. (templated)
    :param output_location: S3 URI of the folder for the answers, ending in '/'; not the input's. (templated)
    :param role_arn: ARN of the role by which Personalize reads and writes. (templated)
    :param num_results: Length of each list; the service's own default is 25. (default: 25)
    :param filter_arn: ARN of a filter of the same dataset group. (templated)
    :param job_config: The `batchInferenceJobConfig`, for example of item exploration. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = BATCH_INFERENCE_JOB
    name_member = "jobName"
    parent = "solutionVersionArn"
    trigger_class = PersonalizeBatchInferenceJobActiveTrigger
    template_fields: Sequence[str] = aws_template_fields(
        "name", "solution_version_arn", "input_location", "output_location", "role_arn", "filter_arn", "job_config"
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"job_config": "json"}

    def __init__(
        self,
        *,
        solution_version_arn: str,
        input_location: str,
        output_location: str,
        role_arn: str,
        num_results: int = 25,
        filter_arn: str | None = None,
        job_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.solution_version_arn = solution_version_arn
        self.input_location = input_location
        self.output_location = output_location
        self.role_arn = role_arn
        self.num_results = num_results
        self.filter_arn = filter_arn
        self.job_config = job_config

    def request(self) -> dict[str, Any]:
        request = {
            "solutionVersionArn": self.solution_version_arn,
            "jobInput": {"s3DataSource": {"path": self.input_location}},
            "jobOutput": {"s3DataDestination": {"path": self.output_location}},
            "roleArn": self.role_arn,
            "numResults": self.num_results,
        }
        optional = {"filterArn": self.filter_arn, "batchInferenceJobConfig": self.job_config}
        return request | {member: value for member, value in optional.items() if value}
