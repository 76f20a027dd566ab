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
"""Sensors of Amazon Personalize: wait for a resource that something else creates."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.amazon.aws.sensors.base_aws import AwsBaseSensor
from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import conf

from airflow_personalize.hooks.personalize import PersonalizeHook, service_errors, wait_failed
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
    Base of the sensors: poke until a resource is ACTIVE; fail, with its reason, if it cannot become ACTIVE.

    See ``personalize_kinds/statuses.py`` for the meaning of each status.
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
            poll = self.hook.poll(self.resource, self.arn)
        self.log.info("Status of %s %s is %s", self.resource.title, self.arn, poll)
        if poll.state == "failure":
            raise wait_failed(self.resource, self.arn, poll, is_final=True)
        return bool(poll.state == "success")

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> None:
        """
        Return if the wait succeeded, or raise. A failure arrives as an event too.

        :param context: Context of the task.
        :param event: Event of the trigger.
        """
        result = validate_execute_complete_event(event)
        if result["status"] != "success":
            raise wait_failed(
                self.resource, self.arn, result["message"], is_final=result.get("is_final", True)
            )


class PersonalizeDatasetGroupSensor(PersonalizeBaseSensor):
    """
    Wait until a dataset group is ACTIVE.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeDatasetGroupSensor`

    :param arn: ARN of the dataset group. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = DATASET_GROUP
    trigger_class = PersonalizeDatasetGroupActiveTrigger


class PersonalizeDatasetSensor(PersonalizeBaseSensor):
    """
    Wait until a dataset is ACTIVE and no update of it is in progress.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeDatasetSensor`

    :param arn: ARN of the dataset. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = DATASET
    trigger_class = PersonalizeDatasetActiveTrigger


class PersonalizeDatasetImportJobSensor(PersonalizeBaseSensor):
    """
    Wait until a dataset import job has succeeded.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeDatasetImportJobSensor`

    :param arn: ARN of the dataset import job. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = DATASET_IMPORT_JOB
    trigger_class = PersonalizeDatasetImportJobActiveTrigger


class PersonalizeDatasetExportJobSensor(PersonalizeBaseSensor):
    """
    Wait until a dataset export job has succeeded.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeDatasetExportJobSensor`

    :param arn: ARN of the dataset export job. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = DATASET_EXPORT_JOB
    trigger_class = PersonalizeDatasetExportJobActiveTrigger


class PersonalizeSolutionSensor(PersonalizeBaseSensor):
    """
    Wait until a solution is ACTIVE.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeSolutionSensor`

    :param arn: ARN of the solution. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = SOLUTION
    trigger_class = PersonalizeSolutionActiveTrigger


class PersonalizeSolutionVersionSensor(PersonalizeBaseSensor):
    """
    Wait until a solution version is trained.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeSolutionVersionSensor`

    :param arn: ARN of the solution version. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = SOLUTION_VERSION
    trigger_class = PersonalizeSolutionVersionActiveTrigger


class PersonalizeCampaignSensor(PersonalizeBaseSensor):
    """
    Wait until a campaign is ACTIVE; it stays ACTIVE while it is updated.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeCampaignSensor`

    :param arn: ARN of the campaign. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = CAMPAIGN
    trigger_class = PersonalizeCampaignActiveTrigger


class PersonalizeEventTrackerSensor(PersonalizeBaseSensor):
    """
    Wait until an event tracker is ACTIVE.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeEventTrackerSensor`

    :param arn: ARN of the event tracker. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = EVENT_TRACKER
    trigger_class = PersonalizeEventTrackerActiveTrigger


class PersonalizeFilterSensor(PersonalizeBaseSensor):
    """
    Wait until a filter is ACTIVE.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeFilterSensor`

    :param arn: ARN of the filter. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = FILTER
    trigger_class = PersonalizeFilterActiveTrigger


class PersonalizeBatchInferenceJobSensor(PersonalizeBaseSensor):
    """
    Wait until a batch inference job has succeeded.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeBatchInferenceJobSensor`

    :param arn: ARN of the batch inference job. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = BATCH_INFERENCE_JOB
    trigger_class = PersonalizeBatchInferenceJobActiveTrigger


class PersonalizeBatchSegmentJobSensor(PersonalizeBaseSensor):
    """
    Wait until a batch segment job has succeeded.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeBatchSegmentJobSensor`

    :param arn: ARN of the batch segment job. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = BATCH_SEGMENT_JOB
    trigger_class = PersonalizeBatchSegmentJobActiveTrigger


class PersonalizeMetricAttributionSensor(PersonalizeBaseSensor):
    """
    Wait until a metric attribution is ACTIVE.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeMetricAttributionSensor`

    :param arn: ARN of the metric attribution. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = METRIC_ATTRIBUTION
    trigger_class = PersonalizeMetricAttributionActiveTrigger


class PersonalizeDataDeletionJobSensor(PersonalizeBaseSensor):
    """
    Wait until a data deletion job has succeeded.

    .. seealso::
        For more information on how to use this sensor, take a look at the guide:
        :ref:`howto/sensor:PersonalizeDataDeletionJobSensor`

    :param arn: ARN of the data deletion job. (templated)
    :param poke_interval: Seconds between two polls. (default: 60)
    :param max_retries: Maximum number of polls, when deferrable. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; needs aiobotocore. (default:
        False, or ``default_deferrable`` of the ``operators`` section of Airflow's configuration)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = DATA_DELETION_JOB
    trigger_class = PersonalizeDataDeletionJobActiveTrigger
