"""Operators of Amazon Personalize. What they share, and how they find what exists: see `base_personalize`."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from airflow_personalize.operators.base_personalize import (
    PersonalizeCreateOperator,
    PersonalizeCreateWaitingOperator,
)
from airflow_personalize.operators.personalize_change import (
    PersonalizeDeleteCampaignOperator,
    PersonalizeDeleteDatasetGroupOperator,
    PersonalizeDeleteDatasetOperator,
    PersonalizeDeleteEventTrackerOperator,
    PersonalizeDeleteFilterOperator,
    PersonalizeDeleteMetricAttributionOperator,
    PersonalizeDeleteSchemaOperator,
    PersonalizeDeleteSolutionOperator,
    PersonalizeStopSolutionVersionCreationOperator,
    PersonalizeUpdateCampaignOperator,
    PersonalizeUpdateDatasetOperator,
    PersonalizeUpdateMetricAttributionOperator,
    PersonalizeUpdateSolutionOperator,
)
from airflow_personalize.operators.personalize_data import (
    PersonalizeGetSolutionMetricsOperator,
    PersonalizePutEventsOperator,
)
from airflow_personalize.operators.personalize_jobs import (
    PersonalizeCreateBatchInferenceJobOperator,
    PersonalizeCreateBatchSegmentJobOperator,
    PersonalizeCreateDataDeletionJobOperator,
    PersonalizeCreateDatasetExportJobOperator,
    PersonalizeCreateDatasetImportJobOperator,
    PersonalizeCreateSolutionVersionOperator,
)
from airflow_personalize.triggers.personalize import (
    PersonalizeCampaignActiveTrigger,
    PersonalizeDatasetActiveTrigger,
    PersonalizeDatasetGroupActiveTrigger,
    PersonalizeEventTrackerActiveTrigger,
    PersonalizeFilterActiveTrigger,
    PersonalizeMetricAttributionActiveTrigger,
    PersonalizeSolutionActiveTrigger,
)
from personalize_kinds.kinds import (
    CAMPAIGN,
    DATASET,
    DATASET_GROUP,
    EVENT_TRACKER,
    FILTER,
    METRIC_ATTRIBUTION,
    SCHEMA,
    SOLUTION,
)

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = [
    "PersonalizeCreateBatchInferenceJobOperator",
    "PersonalizeCreateBatchSegmentJobOperator",
    "PersonalizeCreateCampaignOperator",
    "PersonalizeCreateDataDeletionJobOperator",
    "PersonalizeCreateDatasetExportJobOperator",
    "PersonalizeCreateDatasetGroupOperator",
    "PersonalizeCreateDatasetImportJobOperator",
    "PersonalizeCreateDatasetOperator",
    "PersonalizeCreateEventTrackerOperator",
    "PersonalizeCreateFilterOperator",
    "PersonalizeCreateMetricAttributionOperator",
    "PersonalizeCreateSchemaOperator",
    "PersonalizeCreateSolutionOperator",
    "PersonalizeCreateSolutionVersionOperator",
    "PersonalizeDeleteCampaignOperator",
    "PersonalizeDeleteDatasetGroupOperator",
    "PersonalizeDeleteDatasetOperator",
    "PersonalizeDeleteEventTrackerOperator",
    "PersonalizeDeleteFilterOperator",
    "PersonalizeDeleteMetricAttributionOperator",
    "PersonalizeDeleteSchemaOperator",
    "PersonalizeDeleteSolutionOperator",
    "PersonalizeGetSolutionMetricsOperator",
    "PersonalizePutEventsOperator",
    "PersonalizeStopSolutionVersionCreationOperator",
    "PersonalizeUpdateCampaignOperator",
    "PersonalizeUpdateDatasetOperator",
    "PersonalizeUpdateMetricAttributionOperator",
    "PersonalizeUpdateSolutionOperator",
]


class PersonalizeCreateSchemaOperator(PersonalizeCreateOperator):
    """
    Find or create a schema; returns its ARN. A schema is usable at once, so there is nothing to wait for.

    A schema cannot be changed: let its name carry a hash of its text.

    :param name: Name of the schema. (templated)
    :param schema: The Avro schema, as JSON. (templated)
    :param domain: The domain of the dataset groups it is for, if they have one. (templated)

    AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = SCHEMA
    unchangeable = ("schema",)
    template_fields: Sequence[str] = aws_template_fields("name", "schema", "domain")
    template_fields_renderers: ClassVar[dict[str, str]] = {"schema": "json"}

    def __init__(self, *, schema: str, domain: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.schema = schema
        self.domain = domain

    def request(self) -> dict[str, Any]:
        return {"schema": self.schema, "domain": self.domain}


class PersonalizeCreateDatasetGroupOperator(PersonalizeCreateWaitingOperator):
    """
    Find or create a dataset group; returns its ARN.

    :param name: Name of the dataset group. (templated)
    :param domain: ECOMMERCE or VIDEO_ON_DEMAND; a custom group has none. (templated)
    :param kms_key_arn: ARN of the key that encrypts its data. (templated)
    :param role_arn: ARN of the role that may use the key. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = DATASET_GROUP
    trigger_class = PersonalizeDatasetGroupActiveTrigger
    template_fields: Sequence[str] = aws_template_fields("name", "domain", "kms_key_arn", "role_arn")

    def __init__(
        self,
        *,
        domain: str | None = None,
        kms_key_arn: str | None = None,
        role_arn: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.domain = domain
        self.kms_key_arn = kms_key_arn
        self.role_arn = role_arn

    def request(self) -> dict[str, Any]:
        return {"domain": self.domain, "kmsKeyArn": self.kms_key_arn, "roleArn": self.role_arn}


class PersonalizeCreateDatasetOperator(PersonalizeCreateWaitingOperator):
    """
    Find or create the dataset of one type in a dataset group, which holds one of each; returns its ARN.

    :param name: Name of the dataset. (templated)
    :param dataset_group_arn: ARN of the dataset group. (templated)
    :param dataset_type: Interactions, Items, Users, Actions or Action_Interactions. (templated)
    :param schema_arn: ARN of the schema. (templated)
    :param is_updated_next: Whether a dataset that is found may have another schema, because a
        `PersonalizeUpdateDatasetOperator` follows. (default: False)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = DATASET
    parent = "datasetGroupArn"
    unchangeable = ("schemaArn",)
    trigger_class = PersonalizeDatasetActiveTrigger
    template_fields: Sequence[str] = aws_template_fields("name", "dataset_group_arn", "dataset_type", "schema_arn")

    def __init__(
        self,
        *,
        dataset_group_arn: str,
        dataset_type: str,
        schema_arn: str,
        is_updated_next: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset_group_arn = dataset_group_arn
        self.dataset_type = dataset_type
        self.schema_arn = schema_arn
        self.is_updated_next = is_updated_next

    def request(self) -> dict[str, Any]:
        return {
            "datasetGroupArn": self.dataset_group_arn,
            "datasetType": self.dataset_type,
            "schemaArn": self.schema_arn,
        }

    def find(self, name: str, **parent: str) -> str | None:
        """The ARN of a dataset carries its type, not its name."""
        return super().find(self.dataset_type.upper(), **parent)

    def _check_same(self, arn: str, request: dict[str, Any]) -> None:
        if not self.is_updated_next:
            super()._check_same(arn, request)


class PersonalizeCreateSolutionOperator(PersonalizeCreateWaitingOperator):
    """
    Find or create a solution, a recipe set up for a dataset group; returns its ARN. Trains nothing.

    :param name: Name of the solution. (templated)
    :param dataset_group_arn: ARN of the dataset group. (templated)
    :param recipe_arn: ARN of the recipe. (templated)
    :param solution_config: Configuration of the solution: `hpoConfig`, `algorithmHyperParameters`, `eventsConfig`,
        `trainingDataConfig` … (templated)
    :param perform_auto_training: Whether the service trains and bills new versions by its own clock. The service's
        own default is True; ours is False, and it is always sent. (default: False)
    :param perform_hpo: Whether each training searches for the best hyperparameters. (default: False)
    :param perform_incremental_update: Whether the service adds new items to the model between trainings; for
        aws-semantic-similarity. (default: False)
    :param event_type: The only event type to learn from. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = SOLUTION
    parent = "datasetGroupArn"
    unchangeable = ("recipeArn", "performAutoTraining")
    trigger_class = PersonalizeSolutionActiveTrigger
    template_fields: Sequence[str] = aws_template_fields(
        "name", "dataset_group_arn", "recipe_arn", "solution_config", "event_type"
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"solution_config": "json"}

    def __init__(
        self,
        *,
        dataset_group_arn: str,
        recipe_arn: str,
        solution_config: dict[str, Any] | None = None,
        perform_auto_training: bool = False,
        perform_hpo: bool = False,
        perform_incremental_update: bool = False,
        event_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset_group_arn = dataset_group_arn
        self.recipe_arn = recipe_arn
        self.solution_config = solution_config
        self.perform_auto_training = perform_auto_training
        self.perform_hpo = perform_hpo
        self.perform_incremental_update = perform_incremental_update
        self.event_type = event_type

    def request(self) -> dict[str, Any]:
        return {
            "datasetGroupArn": self.dataset_group_arn,
            "recipeArn": self.recipe_arn,
            "performAutoTraining": self.perform_auto_training,
            "performHPO": self.perform_hpo or None,
            "performIncrementalUpdate": self.perform_incremental_update or None,
            "eventType": self.event_type,
            "solutionConfig": self.solution_config or None,
        }


class PersonalizeCreateCampaignOperator(PersonalizeCreateWaitingOperator):
    """
    Find or create a campaign, which serves a solution version in real time; returns its ARN. It is billed by the hour.

    A campaign that is found is left as it is, whatever it serves: `PersonalizeUpdateCampaignOperator` changes it.

    :param name: Name of the campaign. (templated)
    :param solution_version_arn: ARN of the model, or `<solution ARN>/$LATEST`. (templated)
    :param min_provisioned_tps: Requests per second that are paid for at least. (default: the service's own, 1)
    :param campaign_config: The `campaignConfig`, for example of item exploration. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = CAMPAIGN
    trigger_class = PersonalizeCampaignActiveTrigger
    template_fields: Sequence[str] = aws_template_fields("name", "solution_version_arn", "campaign_config")
    template_fields_renderers: ClassVar[dict[str, str]] = {"campaign_config": "json"}

    def __init__(
        self,
        *,
        solution_version_arn: str,
        min_provisioned_tps: int | None = None,
        campaign_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.solution_version_arn = solution_version_arn
        self.min_provisioned_tps = min_provisioned_tps
        self.campaign_config = campaign_config

    def request(self) -> dict[str, Any]:
        return {
            "solutionVersionArn": self.solution_version_arn,
            "minProvisionedTPS": self.min_provisioned_tps,
            "campaignConfig": self.campaign_config,
        }


class PersonalizeCreateEventTrackerOperator(PersonalizeCreateWaitingOperator):
    """
    Find or create the event tracker of a dataset group, which has one at most; returns its ARN.

    Its tracking id, which PutEvents takes, is pushed to XCom as `tracking_id`.

    :param name: Name of the event tracker. (templated)
    :param dataset_group_arn: ARN of the dataset group. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = EVENT_TRACKER
    parent = "datasetGroupArn"
    trigger_class = PersonalizeEventTrackerActiveTrigger
    template_fields: Sequence[str] = aws_template_fields("name", "dataset_group_arn")

    def __init__(self, *, dataset_group_arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dataset_group_arn = dataset_group_arn

    def request(self) -> dict[str, Any]:
        return {"datasetGroupArn": self.dataset_group_arn}

    def act(self, context: Context) -> bool:
        super().act(context)
        if self.do_xcom_push and "ti" in context:
            tracking_id = self.hook.describe(self.resource, self.arn)["trackingId"]
            context["ti"].xcom_push(key="tracking_id", value=tracking_id)
        return True

    def find(self, name: str, **parent: str) -> str | None:
        """The one of the group, whatever its name; its ARN does not tell."""
        return next((each["eventTrackerArn"] for each in self.hook.summaries(self.resource, **parent)), None)


class PersonalizeCreateFilterOperator(PersonalizeCreateWaitingOperator):
    """
    Find or create a filter; returns its ARN.

    :param name: Name of the filter. (templated)
    :param dataset_group_arn: ARN of the dataset group. (templated)
    :param filter_expression: What to include or exclude. It cannot be changed. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = FILTER
    parent = "datasetGroupArn"
    unchangeable = ("filterExpression",)
    trigger_class = PersonalizeFilterActiveTrigger
    template_fields: Sequence[str] = aws_template_fields("name", "dataset_group_arn", "filter_expression")

    def __init__(self, *, dataset_group_arn: str, filter_expression: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dataset_group_arn = dataset_group_arn
        self.filter_expression = filter_expression

    def request(self) -> dict[str, Any]:
        return {"datasetGroupArn": self.dataset_group_arn, "filterExpression": self.filter_expression}


class PersonalizeCreateMetricAttributionOperator(PersonalizeCreateWaitingOperator):
    """
    Find or create the metric attribution of a dataset group, which has one at most; returns its ARN.

    One that is found is left as it is: `PersonalizeUpdateMetricAttributionOperator` changes it.

    :param name: Name of the metric attribution. (templated)
    :param dataset_group_arn: ARN of the dataset group. (templated)
    :param metrics: At most ten of `{"eventType", "metricName", "expression"}`. (templated)
    :param role_arn: ARN of the role by which Personalize writes the reports. (templated)
    :param output_location: S3 URI of the folder for the reports; without it they go to CloudWatch only. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = METRIC_ATTRIBUTION
    parent = "datasetGroupArn"
    trigger_class = PersonalizeMetricAttributionActiveTrigger
    template_fields: Sequence[str] = aws_template_fields(
        "name", "dataset_group_arn", "metrics", "role_arn", "output_location"
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"metrics": "json"}

    def __init__(
        self,
        *,
        dataset_group_arn: str,
        metrics: list[dict[str, str]],
        role_arn: str,
        output_location: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset_group_arn = dataset_group_arn
        self.metrics = metrics
        self.role_arn = role_arn
        self.output_location = output_location

    def request(self) -> dict[str, Any]:
        place = {"s3DataDestination": {"path": self.output_location}} if self.output_location else {}
        return {
            "datasetGroupArn": self.dataset_group_arn,
            "metrics": self.metrics,
            "metricsOutputConfig": {"roleArn": self.role_arn, **place},
        }
