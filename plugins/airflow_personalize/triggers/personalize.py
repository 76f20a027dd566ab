# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#   http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Triggers of Amazon Personalize: one per kind of resource and outcome."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from airflow.providers.amazon.aws.exceptions import WaiterMaxAttemptsError, WaiterTerminalFailure
from airflow.providers.amazon.aws.triggers.base import AwsBaseWaiterTrigger
from airflow.providers.amazon.aws.utils.waiter_with_logging import async_wait
from airflow.providers.common.compat.sdk import AirflowException
from airflow.triggers.base import TriggerEvent

from airflow_personalize.hooks.personalize import LOST, PersonalizeHook
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
from personalize_kinds.statuses import Outcome
from personalize_kinds.waiters import waiter_name


class PersonalizeBaseTrigger(AwsBaseWaiterTrigger):
    """
    Base of the triggers: wait until an outcome has come about, or is no longer possible.

    If it is no longer possible, ``is_final`` of the event is True; it is False if only the attempts are used
    up.

    :param arn: ARN of the resource.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    aws_hook_class = PersonalizeHook
    resource: ClassVar[Kind]
    outcome: ClassVar[Outcome] = "active"

    def __init__(
        self, *, arn: str, waiter_delay: int = 60, waiter_max_attempts: int = 720, **kwargs: Any
    ) -> None:
        path = self.resource.status_path(self.outcome)
        super().__init__(
            serialized_fields={"arn": arn},
            waiter_name=waiter_name(self.resource, self.outcome),
            waiter_args={self.resource.arn_member: arn},
            failure_message=f"The {self.resource.title} {arn} did not end as it should",
            status_message=f"Status of {self.resource.title} {arn} is",
            status_queries=[path, path.replace("status", "failureReason")],
            return_key="arn",
            return_value=arn,
            waiter_delay=waiter_delay,
            waiter_max_attempts=waiter_max_attempts,
            **kwargs,
        )
        self.arn = arn

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """
        Poll until the outcome is known or the attempts are used up.

        Unlike in the base class, a poll without a response is an attempt too, and the event tells a final
        failure from used-up attempts.
        """
        event = {"status": "error", self.return_key: self.return_value}
        try:
            await self._wait()
        except WaiterTerminalFailure as error:
            yield TriggerEvent(event | {"message": str(error), "is_final": True})
        except (AirflowException, *LOST) as error:
            yield TriggerEvent(event | {"message": str(error), "is_final": False})
        else:
            yield TriggerEvent(event | {"status": "success"})

    async def _wait(self) -> None:
        hook = self.hook()
        async with await hook.get_async_conn() as client:
            waiter = hook.get_async_waiter(self.waiter_name, client)
            for attempts_left in reversed(range(self.attempts)):
                try:
                    await async_wait(
                        waiter=waiter,
                        waiter_delay=self.waiter_delay,
                        waiter_max_attempts=1,
                        args=self.waiter_args,
                        failure_message=self.failure_message,
                        status_message=self.status_message,
                        status_args=self.status_queries,
                    )
                except (WaiterMaxAttemptsError, *LOST) as error:
                    if not attempts_left:
                        raise
                    if not isinstance(error, WaiterMaxAttemptsError):
                        self.log.warning("No response about %s %s: %s", self.resource.title, self.arn, error)
                else:
                    return
                await asyncio.sleep(self.waiter_delay)


class PersonalizeDatasetGroupActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a dataset group is ACTIVE.

    :param arn: ARN of the dataset group.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = DATASET_GROUP


class PersonalizeDatasetActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a dataset is ACTIVE.

    :param arn: ARN of the dataset.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = DATASET


class PersonalizeDatasetImportJobActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a dataset import job has succeeded.

    :param arn: ARN of the dataset import job.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = DATASET_IMPORT_JOB


class PersonalizeDatasetExportJobActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a dataset export job has succeeded.

    :param arn: ARN of the dataset export job.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = DATASET_EXPORT_JOB


class PersonalizeSolutionActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a solution is ACTIVE.

    :param arn: ARN of the solution.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = SOLUTION


class PersonalizeSolutionVersionActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a solution version is trained.

    :param arn: ARN of the solution version.
    :param stop_on_kill: If True, stop the training when a user ends or clears the deferred task. A triggerer
        that is restarted stops nothing. (default: False)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = SOLUTION_VERSION

    def __init__(self, *, stop_on_kill: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stop_on_kill = stop_on_kill
        self.serialized_fields["stop_on_kill"] = stop_on_kill

    async def on_kill(self) -> None:
        """Stop the training."""
        if not self.stop_on_kill:
            return
        self.log.info("Stopping the training of %s", self.arn)
        async with await self.hook().get_async_conn() as client:
            await client.stop_solution_version_creation(solutionVersionArn=self.arn)


class PersonalizeCampaignActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a campaign is ACTIVE.

    :param arn: ARN of the campaign.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = CAMPAIGN


class PersonalizeEventTrackerActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when an event tracker is ACTIVE.

    :param arn: ARN of the event tracker.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = EVENT_TRACKER


class PersonalizeFilterActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a filter is ACTIVE.

    :param arn: ARN of the filter.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = FILTER


class PersonalizeBatchInferenceJobActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a batch inference job has succeeded.

    :param arn: ARN of the batch inference job.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = BATCH_INFERENCE_JOB


class PersonalizeBatchSegmentJobActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a batch segment job has succeeded.

    :param arn: ARN of the batch segment job.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = BATCH_SEGMENT_JOB


class PersonalizeMetricAttributionActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a metric attribution is ACTIVE.

    :param arn: ARN of the metric attribution.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = METRIC_ATTRIBUTION


class PersonalizeDataDeletionJobActiveTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a data deletion job has succeeded: its status for that is COMPLETED.

    :param arn: ARN of the data deletion job.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = DATA_DELETION_JOB


class PersonalizeCampaignUpdatedTrigger(PersonalizeBaseTrigger):
    """
    Trigger when the latest update of a campaign is in force.

    :param arn: ARN of the campaign.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = CAMPAIGN
    outcome = "updated"


class PersonalizeDatasetUpdatedTrigger(PersonalizeBaseTrigger):
    """
    Trigger when the latest update of a dataset is in force.

    :param arn: ARN of the dataset.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = DATASET
    outcome = "updated"


class PersonalizeSolutionUpdatedTrigger(PersonalizeBaseTrigger):
    """
    Trigger when the latest update of a solution is in force.

    :param arn: ARN of the solution.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = SOLUTION
    outcome = "updated"


class PersonalizeSolutionVersionStoppedTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a training has been stopped.

    :param arn: ARN of the solution version.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = SOLUTION_VERSION
    outcome = "stopped"


class PersonalizeDatasetGroupDeletedTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a dataset group is gone.

    :param arn: ARN of the dataset group.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = DATASET_GROUP
    outcome = "deleted"


class PersonalizeDatasetDeletedTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a dataset is gone.

    :param arn: ARN of the dataset.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = DATASET
    outcome = "deleted"


class PersonalizeSolutionDeletedTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a solution is gone, and its versions with it.

    :param arn: ARN of the solution.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = SOLUTION
    outcome = "deleted"


class PersonalizeCampaignDeletedTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a campaign is gone.

    :param arn: ARN of the campaign.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = CAMPAIGN
    outcome = "deleted"


class PersonalizeEventTrackerDeletedTrigger(PersonalizeBaseTrigger):
    """
    Trigger when an event tracker is gone.

    :param arn: ARN of the event tracker.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = EVENT_TRACKER
    outcome = "deleted"


class PersonalizeFilterDeletedTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a filter is gone.

    :param arn: ARN of the filter.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = FILTER
    outcome = "deleted"


class PersonalizeMetricAttributionDeletedTrigger(PersonalizeBaseTrigger):
    """
    Trigger when a metric attribution is gone.

    :param arn: ARN of the metric attribution.
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param aws_conn_id: Airflow connection with the AWS credentials. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle.
    :param botocore_config: Arguments of botocore's ``Config`` for the client.
    """

    resource = METRIC_ATTRIBUTION
    outcome = "deleted"
