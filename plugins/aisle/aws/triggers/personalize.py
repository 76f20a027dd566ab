"""Triggers of Amazon Personalize: one per kind of resource that takes time."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from typing import Any, ClassVar

from airflow.providers.amazon.aws.exceptions import WaiterTerminalFailure
from airflow.providers.amazon.aws.triggers.base import AwsBaseWaiterTrigger
from airflow.triggers.base import TriggerEvent

from aisle.aws.hooks.personalize import (
    BATCH_INFERENCE_JOB,
    DATASET,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    SOLUTION,
    SOLUTION_VERSION,
    PersonalizeHook,
    PersonalizeResource,
)


class PersonalizeActiveTrigger(AwsBaseWaiterTrigger):
    """
    Base of the triggers: fires when a resource is ACTIVE, or will never be.

    The event of a resource that will never be ACTIVE has `is_final`; without it the wait only came to an end.

    :param arn: ARN of the resource.
    :param waiter_delay: Seconds between two looks. (default: 60)
    :param waiter_max_attempts: Number of looks. (default: 720)

    AWS connection parameters: see `AwsBaseWaiterTrigger`.
    """

    aws_hook_class = PersonalizeHook
    resource: ClassVar[PersonalizeResource]

    def __init__(self, *, arn: str, waiter_delay: int = 60, waiter_max_attempts: int = 720, **kwargs: Any) -> None:
        super().__init__(
            serialized_fields={"arn": arn},
            waiter_name=self.resource.waiter,
            waiter_args={self.resource.arn_member: arn},
            failure_message=f"The {self.resource.title} {arn} did not become ACTIVE",
            status_message=f"Status of {self.resource.title} {arn} is",
            status_queries=[f"{self.resource.member}.status", f"{self.resource.member}.failureReason"],
            return_key="arn",
            return_value=arn,
            waiter_delay=waiter_delay,
            waiter_max_attempts=waiter_max_attempts,
            **kwargs,
        )

    def _event_from_exception(self, error: Exception) -> TriggerEvent:
        event: TriggerEvent = super()._event_from_exception(error)
        event.payload["is_final"] = isinstance(error, WaiterTerminalFailure)
        return event


class PersonalizeDatasetGroupActiveTrigger(PersonalizeActiveTrigger):
    """Trigger when a dataset group is ACTIVE."""

    resource = DATASET_GROUP


class PersonalizeDatasetActiveTrigger(PersonalizeActiveTrigger):
    """Trigger when a dataset is ACTIVE."""

    resource = DATASET


class PersonalizeDatasetImportJobActiveTrigger(PersonalizeActiveTrigger):
    """Trigger when a dataset import job has ended well."""

    resource = DATASET_IMPORT_JOB


class PersonalizeSolutionActiveTrigger(PersonalizeActiveTrigger):
    """Trigger when a solution is ACTIVE."""

    resource = SOLUTION


class PersonalizeSolutionVersionActiveTrigger(PersonalizeActiveTrigger):
    """Trigger when a solution version is trained."""

    resource = SOLUTION_VERSION


class PersonalizeBatchInferenceJobActiveTrigger(PersonalizeActiveTrigger):
    """Trigger when a batch inference job has ended well."""

    resource = BATCH_INFERENCE_JOB
