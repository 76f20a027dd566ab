"""Sensors of Amazon Personalize: wait for a resource that somebody else has created."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.amazon.aws.sensors.base_aws import AwsBaseSensor
from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import conf

from airflow_personalize.hooks.base_personalize import service_errors
from airflow_personalize.hooks.personalize import PersonalizeHook, wait_failed
from airflow_personalize.triggers.personalize import (
    PersonalizeBaseTrigger,
    PersonalizeBatchInferenceJobActiveTrigger,
    PersonalizeBatchSegmentJobActiveTrigger,
    PersonalizeCampaignActiveTrigger,
    PersonalizeDataDeletionJobActiveTrigger,
    PersonalizeDatasetActiveTrigger,
    PersonalizeDatasetExportJobActiveTrigger,
    PersonalizeDatasetGroupActiveTrigger,
    PersonalizeDatasetImportJobActiveTrigger,
    PersonalizeEventTrackerActiveTrigger,
    PersonalizeFilterActiveTrigger,
    PersonalizeMetricAttributionActiveTrigger,
    PersonalizeSolutionActiveTrigger,
    PersonalizeSolutionVersionActiveTrigger,
)
from personalize_kinds.kinds import (
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    CAMPAIGN,
    DATA_DELETION_JOB,
    DATASET,
    DATASET_EXPORT_JOB,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    EVENT_TRACKER,
    FILTER,
    METRIC_ATTRIBUTION,
    SOLUTION,
    SOLUTION_VERSION,
    Kind,
)

if TYPE_CHECKING:
    from airflow.sdk import Context


class PersonalizeBaseSensor(AwsBaseSensor[PersonalizeHook]):
    """
    Base of the sensors: pokes until a resource is ACTIVE, and fails with its reason if it never will be.

    The statuses are those of the waiter file; there is no second list of them here.

    :param arn: ARN of the resource. (templated)
    :param poke_interval: Seconds between two looks. (default: 60)
    :param max_retries: Number of looks when deferrable. (default: 720)
    :param deferrable: If True, the sensor waits asynchronously. This mode requires the aiobotocore module.
        (default: False, but can be overridden in config file by setting default_deferrable to True)

    AWS connection parameters: see `AwsBaseSensor`.
    """

    aws_hook_class = PersonalizeHook
    resource: ClassVar[Kind]
    trigger_class: ClassVar[type[PersonalizeBaseTrigger]]

    template_fields: Sequence[str] = aws_template_fields("arn")

    def __init__(
        self,
        *,
        arn: str,
        poke_interval: int = 60,
        max_retries: int = 720,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.arn = arn
        self.max_retries = max_retries
        self.deferrable = deferrable

    def execute(self, context: Context) -> None:
        if not self.deferrable:
            super().execute(context)
        elif not self.poke(context):
            self.defer(
                trigger=self.trigger_class(
                    arn=self.arn,
                    waiter_delay=int(self.poke_interval),
                    waiter_max_attempts=self.max_retries,
                    aws_conn_id=self.aws_conn_id,
                    region_name=self.region_name,
                    verify=self.verify,
                    botocore_config=self.botocore_config,
                ),
                method_name="execute_complete",
                timeout=timedelta(seconds=self.timeout),
            )

    def poke(self, context: Context) -> bool:
        with service_errors(f"Looking at {self.resource.title} {self.arn}"):
            look = self.hook.poll(self.resource, self.arn)
        self.log.info("Status of %s %s is %s", self.resource.title, self.arn, look)
        if look.state == "failure":
            raise wait_failed(self.resource, self.arn, look, is_final=True)
        return bool(look.state == "success")

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> None:
        """
        What the deferred sensor comes back to. Failure arrives as an event too: only the status tells.

        :param event: the trigger's event.
        """
        outcome = validate_execute_complete_event(event)
        if outcome["status"] != "success":
            raise wait_failed(self.resource, self.arn, outcome["message"], is_final=outcome.get("is_final", True))


class PersonalizeDatasetGroupSensor(PersonalizeBaseSensor):
    """Wait until a dataset group is ACTIVE."""

    resource = DATASET_GROUP
    trigger_class = PersonalizeDatasetGroupActiveTrigger


class PersonalizeDatasetSensor(PersonalizeBaseSensor):
    """Wait until a dataset is ACTIVE, updates included."""

    resource = DATASET
    trigger_class = PersonalizeDatasetActiveTrigger


class PersonalizeDatasetImportJobSensor(PersonalizeBaseSensor):
    """Wait until a dataset import job has ended well."""

    resource = DATASET_IMPORT_JOB
    trigger_class = PersonalizeDatasetImportJobActiveTrigger


class PersonalizeDatasetExportJobSensor(PersonalizeBaseSensor):
    """Wait until a dataset export job has ended well."""

    resource = DATASET_EXPORT_JOB
    trigger_class = PersonalizeDatasetExportJobActiveTrigger


class PersonalizeSolutionSensor(PersonalizeBaseSensor):
    """Wait until a solution is ACTIVE."""

    resource = SOLUTION
    trigger_class = PersonalizeSolutionActiveTrigger


class PersonalizeSolutionVersionSensor(PersonalizeBaseSensor):
    """Wait until a solution version is trained."""

    resource = SOLUTION_VERSION
    trigger_class = PersonalizeSolutionVersionActiveTrigger


class PersonalizeCampaignSensor(PersonalizeBaseSensor):
    """Wait until a campaign is ACTIVE; it stays so while it is updated."""

    resource = CAMPAIGN
    trigger_class = PersonalizeCampaignActiveTrigger


class PersonalizeEventTrackerSensor(PersonalizeBaseSensor):
    """Wait until an event tracker is ACTIVE."""

    resource = EVENT_TRACKER
    trigger_class = PersonalizeEventTrackerActiveTrigger


class PersonalizeFilterSensor(PersonalizeBaseSensor):
    """Wait until a filter is ACTIVE."""

    resource = FILTER
    trigger_class = PersonalizeFilterActiveTrigger


class PersonalizeBatchInferenceJobSensor(PersonalizeBaseSensor):
    """Wait until a batch inference job has ended well."""

    resource = BATCH_INFERENCE_JOB
    trigger_class = PersonalizeBatchInferenceJobActiveTrigger


class PersonalizeBatchSegmentJobSensor(PersonalizeBaseSensor):
    """Wait until a batch segment job has ended well."""

    resource = BATCH_SEGMENT_JOB
    trigger_class = PersonalizeBatchSegmentJobActiveTrigger


class PersonalizeMetricAttributionSensor(PersonalizeBaseSensor):
    """Wait until a metric attribution is ACTIVE."""

    resource = METRIC_ATTRIBUTION
    trigger_class = PersonalizeMetricAttributionActiveTrigger


class PersonalizeDataDeletionJobSensor(PersonalizeBaseSensor):
    """Wait until a data deletion job has ended well."""

    resource = DATA_DELETION_JOB
    trigger_class = PersonalizeDataDeletionJobActiveTrigger
