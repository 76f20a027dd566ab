"""
Operators that find or start a job: import, export, training, batch inference and segments, deletion of data.

A job cannot be deleted and keeps its name: one that has failed is followed by another of the next free suffix.
"""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from airflow_personalize.hooks.base_personalize import LOST
from airflow_personalize.operators.base_personalize import (
    PersonalizeJobOperator,
)
from airflow_personalize.triggers.personalize import (
    PersonalizeBatchInferenceJobActiveTrigger,
    PersonalizeBatchSegmentJobActiveTrigger,
    PersonalizeDataDeletionJobActiveTrigger,
    PersonalizeDatasetExportJobActiveTrigger,
    PersonalizeDatasetImportJobActiveTrigger,
    PersonalizeSolutionVersionActiveTrigger,
)
from personalize_kinds.kinds import (
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    DATA_DELETION_JOB,
    DATASET_EXPORT_JOB,
    DATASET_IMPORT_JOB,
    SOLUTION_VERSION,
)

if TYPE_CHECKING:
    pass


class PersonalizeCreateDatasetImportJobOperator(PersonalizeJobOperator):
    """
    Find or start a job that imports CSV files into a dataset; returns its ARN.

    :param name: Name of the job. (templated)
    :param dataset_arn: ARN of the dataset. (templated)
    :param data_location: S3 URI of a CSV file, or of a folder of them, ending in '/'. (templated)
    :param role_arn: ARN of the role by which Personalize reads the files. (templated)
    :param import_mode: FULL replaces what was imported in bulk before, INCREMENTAL adds to it. (default: FULL)
    :param publish_attribution_metrics_to_s3: Whether the metric attribution of the group reports on what an
        incremental import adds. (default: False)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = DATASET_IMPORT_JOB
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
        publish_attribution_metrics_to_s3: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset_arn = dataset_arn
        self.data_location = data_location
        self.role_arn = role_arn
        self.import_mode = import_mode
        self.publish_attribution_metrics_to_s3 = publish_attribution_metrics_to_s3

    def request(self) -> dict[str, Any]:
        return {
            "datasetArn": self.dataset_arn,
            "dataSource": {"dataLocation": self.data_location},
            "roleArn": self.role_arn,
            "importMode": self.import_mode,
            "publishAttributionMetricsToS3": self.publish_attribution_metrics_to_s3 or None,
        }


class PersonalizeCreateDatasetExportJobOperator(PersonalizeJobOperator):
    """
    Find or start a job that writes a dataset to S3 as CSV; returns its ARN.

    :param name: Name of the job. (templated)
    :param dataset_arn: ARN of the dataset. (templated)
    :param output_location: S3 URI of the folder for the files, ending in '/'. (templated)
    :param role_arn: ARN of the role by which Personalize writes. (templated)
    :param ingestion_mode: BULK for what was imported, PUT for what came record by record, ALL for both. (default: ALL)
    :param kms_key_arn: ARN of the key that encrypts the files. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = DATASET_EXPORT_JOB
    parent = "datasetArn"
    trigger_class = PersonalizeDatasetExportJobActiveTrigger
    template_fields: Sequence[str] = aws_template_fields(
        "name", "dataset_arn", "output_location", "role_arn", "kms_key_arn"
    )

    def __init__(
        self,
        *,
        dataset_arn: str,
        output_location: str,
        role_arn: str,
        ingestion_mode: Literal["BULK", "PUT", "ALL"] = "ALL",
        kms_key_arn: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset_arn = dataset_arn
        self.output_location = output_location
        self.role_arn = role_arn
        self.ingestion_mode = ingestion_mode
        self.kms_key_arn = kms_key_arn

    def request(self) -> dict[str, Any]:
        return {
            "datasetArn": self.dataset_arn,
            "ingestionMode": self.ingestion_mode,
            "jobOutput": {"s3DataDestination": _place(self.output_location, self.kms_key_arn)},
            "roleArn": self.role_arn,
        }


class PersonalizeCreateSolutionVersionOperator(PersonalizeJobOperator):
    """
    Find or train a version of a solution; returns its ARN.

    The version is named, so that a retry finds the training it has started instead of paying for a second one.

    :param name: Name of the version, unique in its solution. (templated)
    :param solution_arn: ARN of the solution. (templated)
    :param training_mode: FULL, or UPDATE for the recipes that have it. (default: FULL)
    :param stop_on_kill: Whether to stop the training when a user kills the task, running or deferred. What was
        trained until then is billed; a later try trains under the next suffix. (default: True)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = SOLUTION_VERSION
    name_member = "name"
    parent = "solutionArn"
    trigger_class = PersonalizeSolutionVersionActiveTrigger
    template_fields: Sequence[str] = aws_template_fields("name", "solution_arn")

    def __init__(
        self,
        *,
        solution_arn: str,
        training_mode: Literal["FULL", "UPDATE"] = "FULL",
        stop_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.solution_arn = solution_arn
        self.training_mode = training_mode
        self.stop_on_kill = stop_on_kill

    def request(self) -> dict[str, Any]:
        return {"solutionArn": self.solution_arn, "trainingMode": self.training_mode}

    def trigger_arguments(self) -> dict[str, Any]:
        """The trigger stops the training if the task is killed while it is deferred."""
        return super().trigger_arguments() | {"stop_on_kill": self.stop_on_kill}

    def on_kill(self) -> None:
        """Stop the training that this task waits for."""
        arn = getattr(self, "arn", None)
        if not (arn and self.stop_on_kill):
            return
        self.log.info("Stopping the training of %s", arn)
        try:
            self.hook.conn.stop_solution_version_creation(solutionVersionArn=arn)
        except (*LOST, self.hook.conn.exceptions.ClientError) as error:
            self.log.warning("The training of %s goes on, or has ended: %s", arn, error)


class PersonalizeBatchJobOperator(PersonalizeJobOperator):
    """
    Base of the operators that ask a model many questions at once.

    :param name: Name of the job. (templated)
    :param solution_version_arn: ARN of the model that answers. (templated)
    :param input_location: S3 URI of the JSON lines, or of a folder of them, ending in '/'. (templated)
    :param output_location: S3 URI of the folder for the answers, ending in '/'; not the input's. (templated)
    :param role_arn: ARN of the role by which Personalize reads and writes. (templated)
    :param num_results: Length of each list; the service's own default is 25. (default: 25)
    :param filter_arn: ARN of a filter of the same dataset group. (templated)
    :param kms_key_arn: ARN of the key of the input and the answers. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    parent = "solutionVersionArn"
    template_fields: Sequence[str] = aws_template_fields(
        "name", "solution_version_arn", "input_location", "output_location", "role_arn", "filter_arn", "kms_key_arn"
    )

    def __init__(
        self,
        *,
        solution_version_arn: str,
        input_location: str,
        output_location: str,
        role_arn: str,
        num_results: int = 25,
        filter_arn: str | None = None,
        kms_key_arn: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.solution_version_arn = solution_version_arn
        self.input_location = input_location
        self.output_location = output_location
        self.role_arn = role_arn
        self.num_results = num_results
        self.filter_arn = filter_arn
        self.kms_key_arn = kms_key_arn

    def request(self) -> dict[str, Any]:
        return {
            "solutionVersionArn": self.solution_version_arn,
            "jobInput": {"s3DataSource": _place(self.input_location, self.kms_key_arn)},
            "jobOutput": {"s3DataDestination": _place(self.output_location, self.kms_key_arn)},
            "roleArn": self.role_arn,
            "numResults": self.num_results,
            "filterArn": self.filter_arn or None,
        }


class PersonalizeCreateBatchInferenceJobOperator(PersonalizeBatchJobOperator):
    """
    Find or start a batch inference job, which recommends items for users or items; returns its ARN.

    :param job_config: The `batchInferenceJobConfig`, for example of item exploration. (templated)
    :param job_mode: BATCH_INFERENCE, or THEME_GENERATION, which names what similar items have in common. (templated)
    :param theme_generation_config: The `themeGenerationConfig`. (templated)

    The other parameters: see `PersonalizeBatchJobOperator`.
    """

    resource = BATCH_INFERENCE_JOB
    trigger_class = PersonalizeBatchInferenceJobActiveTrigger
    template_fields: Sequence[str] = (
        *PersonalizeBatchJobOperator.template_fields,
        "job_config",
        "job_mode",
        "theme_generation_config",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"job_config": "json", "theme_generation_config": "json"}

    def __init__(
        self,
        *,
        job_config: dict[str, Any] | None = None,
        job_mode: str | None = None,
        theme_generation_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_config = job_config
        self.job_mode = job_mode
        self.theme_generation_config = theme_generation_config

    def request(self) -> dict[str, Any]:
        return super().request() | {
            "batchInferenceJobConfig": self.job_config or None,
            "batchInferenceJobMode": self.job_mode,
            "themeGenerationConfig": self.theme_generation_config,
        }


class PersonalizeCreateBatchSegmentJobOperator(PersonalizeBatchJobOperator):
    """
    Find or start a batch segment job, which finds users for items or attributes; returns its ARN.

    The parameters: see `PersonalizeBatchJobOperator`; `num_results` is the number of users.
    """

    resource = BATCH_SEGMENT_JOB
    trigger_class = PersonalizeBatchSegmentJobActiveTrigger


class PersonalizeCreateDataDeletionJobOperator(PersonalizeJobOperator):
    """
    Find or start a job that removes users from the datasets and models of a dataset group; returns its ARN.

    :param name: Name of the job. (templated)
    :param dataset_group_arn: ARN of the dataset group. (templated)
    :param data_location: S3 URI of a CSV file of the one column USER_ID, or of a folder of them and of folders of
        them, ending in '/'. (templated)
    :param role_arn: ARN of the role by which Personalize reads the files. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = DATA_DELETION_JOB
    parent = "datasetGroupArn"
    trigger_class = PersonalizeDataDeletionJobActiveTrigger
    template_fields: Sequence[str] = aws_template_fields("name", "dataset_group_arn", "data_location", "role_arn")

    def __init__(self, *, dataset_group_arn: str, data_location: str, role_arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dataset_group_arn = dataset_group_arn
        self.data_location = data_location
        self.role_arn = role_arn

    def request(self) -> dict[str, Any]:
        return {
            "datasetGroupArn": self.dataset_group_arn,
            "dataSource": {"dataLocation": self.data_location},
            "roleArn": self.role_arn,
        }


def _place(path: str, kms_key_arn: str | None) -> dict[str, str]:
    """A place on S3, as the service takes it."""
    return {"path": path, "kmsKeyArn": kms_key_arn} if kms_key_arn else {"path": path}
