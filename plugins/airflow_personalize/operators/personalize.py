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
"""
Operators of Amazon Personalize.

A task that is repeated, retried or resumed finds what its first attempt created. Names are deterministic, and
a name that is taken is looked up instead of being an error: an ACTIVE resource is returned, one in progress
is waited for. A failed job is followed by one with the next free suffix, because Personalize cannot delete
jobs and a failed job keeps its name.

Operators that change or delete look first: they skip an update that would change nothing, the deletion of a
resource that does not exist and the stop of a training that has ended, and they say so in the log.
"""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain, count
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.providers.amazon.aws.exceptions import WaiterMaxAttemptsError, WaiterTerminalFailure
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.amazon.aws.utils.waiter_with_logging import wait
from airflow.providers.common.compat.sdk import AirflowException, conf

from airflow_personalize.exceptions import (
    PersonalizeError,
    PersonalizeFinalError,
    PersonalizeResourceConflictError,
    PersonalizeRetryableError,
)
from airflow_personalize.hooks.personalize import (
    LOST,
    PersonalizeEventsHook,
    PersonalizeHook,
    service_errors,
    wait_failed,
)
from airflow_personalize.links.personalize import PersonalizeLink
from airflow_personalize.triggers.personalize import (
    PersonalizeBaseTrigger,
    PersonalizeBatchInferenceJobActiveTrigger,
    PersonalizeBatchSegmentJobActiveTrigger,
    PersonalizeCampaignActiveTrigger,
    PersonalizeCampaignDeletedTrigger,
    PersonalizeCampaignUpdatedTrigger,
    PersonalizeDataDeletionJobActiveTrigger,
    PersonalizeDatasetActiveTrigger,
    PersonalizeDatasetDeletedTrigger,
    PersonalizeDatasetExportJobActiveTrigger,
    PersonalizeDatasetGroupActiveTrigger,
    PersonalizeDatasetGroupDeletedTrigger,
    PersonalizeDatasetImportJobActiveTrigger,
    PersonalizeDatasetUpdatedTrigger,
    PersonalizeEventTrackerActiveTrigger,
    PersonalizeEventTrackerDeletedTrigger,
    PersonalizeFilterActiveTrigger,
    PersonalizeFilterDeletedTrigger,
    PersonalizeMetricAttributionActiveTrigger,
    PersonalizeMetricAttributionDeletedTrigger,
    PersonalizeSolutionActiveTrigger,
    PersonalizeSolutionDeletedTrigger,
    PersonalizeSolutionUpdatedTrigger,
    PersonalizeSolutionVersionActiveTrigger,
    PersonalizeSolutionVersionStoppedTrigger,
)
from personalize_kinds.arns import LATEST
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
    SCHEMA,
    SOLUTION,
    SOLUTION_VERSION,
    Kind,
)
from personalize_kinds.polls import Poll
from personalize_kinds.statuses import CREATE_STOPPED, CREATE_STOPPING, DELETING, progress

if TYPE_CHECKING:
    from airflow.sdk import Context
    from botocore.exceptions import ClientError

#: Pause before the second poll in the worker. Every further pause is twice as long, up to one second.
_FIRST_PAUSE_SECONDS = 0.1


class PersonalizeBaseOperator(AwsBaseOperator[PersonalizeHook]):
    """
    Base of the operators that act on one resource and return its ARN.

    Subclasses define :meth:`act`, and :attr:`attempt`, which is what messages call the action.
    """

    aws_hook_class = PersonalizeHook
    resource: ClassVar[Kind]
    operator_extra_links = (PersonalizeLink(),)
    arn: str

    @property
    def attempt(self) -> str:
        """The action and its resource, for messages: ``Creating campaign shop``."""
        raise NotImplementedError

    def act(self, context: Context) -> bool:
        """Act on the resource and set :attr:`arn`; return whether there is anything left to wait for."""
        raise NotImplementedError

    def execute(self, context: Context) -> str:
        self._act(context)
        return self.arn

    def _act(self, context: Context) -> bool:
        with service_errors(self.attempt):
            is_pending = self.act(context)
            PersonalizeLink.persist_resource(context, self, self.arn)
        return is_pending


class PersonalizeWaitingOperator(PersonalizeBaseOperator):
    """Base of the operators that wait until a resource is ACTIVE, updated, stopped or deleted."""

    trigger_class: ClassVar[type[PersonalizeBaseTrigger]]

    def __init__(
        self,
        *,
        wait_for_completion: bool = True,
        waiter_delay: int = 60,
        waiter_max_attempts: int = 720,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        inline_poll_seconds: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.wait_for_completion = wait_for_completion
        self.waiter_delay = waiter_delay
        self.waiter_max_attempts = waiter_max_attempts
        self.deferrable = deferrable
        self.inline_poll_seconds = inline_poll_seconds

    def execute(self, context: Context) -> str:
        is_pending = self._act(context)
        if not is_pending or not (self.deferrable or self.wait_for_completion) or self._is_done_soon():
            return self.arn
        if self.deferrable:
            self.log.info(
                "Deferring until %s %s is %s", self.resource.title, self.arn, self.trigger_class.outcome
            )
            self.defer(
                trigger=self.trigger(),
                method_name="execute_complete",
                timeout=timedelta(seconds=self.waiter_delay * self.waiter_max_attempts + 60),
            )
        self._wait()
        return self.arn

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """
        Return the ARN, or raise if the wait did not succeed. A failure arrives as an event too.

        :param context: Context of the task.
        :param event: Event of the trigger.
        """
        result = validate_execute_complete_event(event)
        self.arn = result["arn"]
        if result["status"] != "success":
            raise self._wait_failed(result["message"], is_final=result.get("is_final", True))
        self.log.info("%s %s is %s", self.resource.title, self.arn, self.trigger_class.outcome)
        return self.arn

    def trigger_arguments(self) -> dict[str, Any]:
        """Build the arguments of the trigger."""
        return {
            "arn": self.arn,
            "waiter_delay": self.waiter_delay,
            "waiter_max_attempts": self.waiter_max_attempts,
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
        }

    def trigger(self) -> PersonalizeBaseTrigger:
        """Build the trigger that waits for this operator."""
        return self.trigger_class(**self.trigger_arguments())

    def _is_done_soon(self) -> bool:
        poll_until = time.monotonic() + (self.inline_poll_seconds if self.deferrable else 0)
        pause = _FIRST_PAUSE_SECONDS
        while not (is_done := self._is_done()) and time.monotonic() < poll_until:
            time.sleep(pause)
            pause = min(pause * 2, 1)
        return is_done

    def _is_done(self) -> bool:
        with service_errors(f"Looking at {self.resource.title} {self.arn}"):
            poll = self.hook.poll(self.resource, self.arn, self.trigger_class.outcome)
        self.log.info("Status of %s %s is %s", self.resource.title, self.arn, poll)
        if poll.state == "failure":
            raise self._wait_failed(poll, is_final=True)
        return bool(poll.state == "success")

    def _wait(self) -> None:
        """Wait in the worker. A poll without a response is an attempt too."""
        trigger = self.trigger()
        waiter = self.hook.get_waiter(trigger.waiter_name)
        for attempts_left in reversed(range(self.waiter_max_attempts)):
            try:
                wait(
                    waiter=waiter,
                    waiter_delay=self.waiter_delay,
                    waiter_max_attempts=1,
                    args=trigger.waiter_args,
                    failure_message=trigger.failure_message,
                    status_message=trigger.status_message,
                    status_args=trigger.status_queries,
                )
            except WaiterTerminalFailure as error:
                last = Poll.of(self.resource, self.trigger_class.outcome, error.last_response)
                raise self._wait_failed(last, is_final=True) from error
            except (AirflowException, *LOST) as error:
                may_continue = isinstance(error, (WaiterMaxAttemptsError, *LOST))
                if not (may_continue and attempts_left):
                    raise self._wait_failed(error, is_final=False) from error
                self.log.info("%s %s: %s", self.resource.title, self.arn, error)
            else:
                return
            time.sleep(self.waiter_delay)

    def _wait_failed(self, answer: object, *, is_final: bool) -> PersonalizeError:
        return wait_failed(
            self.resource, self.arn, answer, is_final=is_final, outcome=self.trigger_class.outcome
        )


class PersonalizeCreateOperator(PersonalizeBaseOperator):
    """
    Base of the operators that find or create one resource.

    Subclasses define :meth:`request`, and class attributes: ``parent`` is the member of the request that
    names the parent, ``unchangeable`` the members in which an existing resource must equal the request.
    """

    name_member: ClassVar[str] = "name"
    parent: ClassVar[str | None] = None
    unchangeable: ClassVar[tuple[str, ...]] = ()

    template_fields: Sequence[str] = aws_template_fields("name")

    def __init__(self, *, name: str, tags: list[dict[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.tags = tags

    def request(self) -> dict[str, Any]:
        """Build the arguments of the create operation, without name and tags; None leaves a member out."""
        raise NotImplementedError

    @property
    def attempt(self) -> str:
        """The action and its resource, for messages."""
        return f"Creating {self.resource.title} {self.name}"

    def act(self, context: Context) -> bool:
        """Find or create the resource; there is always something to wait for."""
        self.arn = self.find_or_create()
        return True

    def find_or_create(self) -> str:
        """Return the ARN of the resource, and create it if its name is free."""
        return self._create(self.name) or self._find_existing(self.name)

    def find(self, name: str, **parent: str) -> str | None:
        """
        Find a resource by its name; return its ARN, or None.

        :param name: Name of the resource.
        :param parent: The parent, as the list operation takes it.
        """
        arn: str | None = self.hook.find(self.resource, name, **parent)
        return arn

    def _create(self, name: str) -> str | None:
        """Create the resource and return its ARN; None if the name is taken."""
        client = self.hook.conn
        request = {self.name_member: name, **self._members()} | ({"tags": self.tags} if self.tags else {})
        try:
            arn: str = getattr(client, f"create_{self.resource.name}")(**request)[self.resource.arn_member]
        except client.exceptions.ResourceAlreadyExistsException:
            return None
        except (client.exceptions.ResourceInUseException, client.exceptions.LimitExceededException):
            # The obstacle may be the resource of an earlier attempt of this task, whose response was lost.
            if self.find(name, **self._parent()) is None:
                raise
            return None
        self.log.info("Created %s %s", self.resource.title, arn)
        return arn

    def _members(self) -> dict[str, Any]:
        return {member: value for member, value in self.request().items() if value is not None}

    def _parent(self) -> dict[str, str]:
        """Build the parent, as the list operation takes it."""
        return {self.parent: self.request()[self.parent]} if self.parent else {}

    def _find_existing(self, name: str) -> str:
        """Return the ARN of the resource with this name; raise if it is not the requested one."""
        request, parent = self._members(), self._parent()
        arn = self.find(name, **parent)
        if arn is None:
            raise PersonalizeResourceConflictError(
                f"{self.attempt}: the service says that the name is taken, but has no {name} "
                f"{f'under {parent}' if parent else 'in its list'}. "
                "Choose another name, or delete the resource that has it."
            )
        self._check_same(arn, request)
        self.log.info("Found %s %s", self.resource.title, arn)
        return arn

    def _check_same(self, arn: str, request: dict[str, Any]) -> None:
        if not self.unchangeable:
            return
        description = self.hook.describe(self.resource, arn)
        for member in self.unchangeable:
            present = description.get(member, request[member])
            if not _is_same(present, request[member]):
                raise PersonalizeResourceConflictError(
                    f"{self.attempt}: {arn} exists with another {member}: "
                    f"{present!r} instead of {request[member]!r}. "
                    "It cannot be changed by creating it: choose another name, or delete it first."
                )


class PersonalizeCreateWaitingOperator(PersonalizeWaitingOperator, PersonalizeCreateOperator):
    """Base of the operators that find or create a resource, and wait until it is ACTIVE."""


class PersonalizeJobOperator(PersonalizeCreateWaitingOperator):
    """
    Base of the operators whose resource cannot be deleted.

    After a failed resource they create one with the next suffix: ``-2``, ``-3`` and so on.
    """

    name_member = "jobName"

    def find_or_create(self) -> str:
        """Return the ARN of the first job of this name that has not failed; create one if there is none."""
        names = chain([self.name], (f"{self.name}-{number}" for number in count(2)))
        return next(arn for name in names if (arn := self._create(name) or self._find_alive(name)))

    def _find_alive(self, name: str) -> str | None:
        arn = self._find_existing(name)
        poll = self.hook.poll(self.resource, arn)
        if poll.state != "failure":
            return arn
        self.log.warning("%s %s is %s: %s", self.resource.title, arn, poll.status, poll.failure_reason)
        return None


class PersonalizeUpdateOperator(PersonalizeWaitingOperator):
    """
    Base of the operators that update a resource and wait until the update is in force.

    Subclasses define :meth:`request`. An update is in progress as long as the latest update in the
    description is; for kinds without such a member it is in force as soon as it is accepted.
    """

    def __init__(self, *, arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arn = arn

    def request(self) -> dict[str, Any]:
        """Build the arguments of the update operation, without the ARN; None leaves a member as it is."""
        raise NotImplementedError

    def changes(self, present: dict[str, Any]) -> dict[str, Any]:
        """
        Select the members of the request that are not in force yet.

        :param present: Description of the resource, now or after its latest update.
        """
        return {
            member: value
            for member, value in self.request().items()
            if value is not None and not _is_within(value, present.get(member))
        }

    @property
    def attempt(self) -> str:
        """The action and its resource, for messages."""
        return f"Updating {self.resource.title} {self.arn}"

    def act(self, context: Context) -> bool:
        """Update the resource, unless the update is in force or in progress."""
        description = self.hook.describe(self.resource, self.arn)
        if self._is_in_progress(description):
            self.log.info("This update of %s %s is in progress already", self.resource.title, self.arn)
            return True
        changes = self.changes(description)
        if not changes:
            self.log.info("%s %s is like this already: nothing to update", self.resource.title, self.arn)
            return False
        self._update(changes)
        self.log.info("Updating %s of %s %s", ", ".join(changes), self.resource.title, self.arn)
        return True

    def _update(self, changes: dict[str, Any]) -> None:
        client = self.hook.conn
        try:
            getattr(client, f"update_{self.resource.name}")(**{self.resource.arn_member: self.arn}, **changes)
        except client.exceptions.ClientError:
            # The client repeats a call whose response was lost, and the service may refuse the second one.
            description = self.hook.describe(self.resource, self.arn)
            if self.changes(description) and not self._is_in_progress(description):
                raise

    def _is_in_progress(self, description: dict[str, Any]) -> bool:
        """Return whether the same update is in progress, whoever requested it."""
        latest = description.get(self.resource.update_member)
        if not latest or progress(latest.get("status", "")) != "retry":
            return False
        return not self.changes(description | latest)


class PersonalizeDeletion(PersonalizeBaseOperator):
    """Base of the delete operators: a missing resource is a success, one in use is an error."""

    #: If True, the use ends only when another resource is deleted, so that a retry does not help.
    fail_if_in_use: ClassVar[bool] = False

    template_fields: Sequence[str] = aws_template_fields("arn")

    def __init__(self, *, arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arn = arn

    @property
    def attempt(self) -> str:
        """The action and its resource, for messages."""
        return f"Deleting {self.resource.title} {self.arn}"

    def act(self, context: Context) -> bool:
        """Delete the resource if it exists."""
        client = self.hook.conn
        try:
            getattr(client, f"delete_{self.resource.name}")(**{self.resource.arn_member: self.arn})
        except client.exceptions.ResourceNotFoundException:
            self.log.info("%s %s is gone already", self.resource.title, self.arn)
            return False
        except client.exceptions.ResourceInUseException as error:
            self._fail_unless_deleting(error)
        self.log.info("Deleting %s %s", self.resource.title, self.arn)
        return True

    def _fail_unless_deleting(self, error: ClientError) -> None:
        try:
            status = self.hook.describe(self.resource, self.arn).get("status", "")
        except self.hook.conn.exceptions.ResourceNotFoundException:
            return
        if status in DELETING:
            return
        if self.fail_if_in_use:
            raise PersonalizeFinalError(
                f"{self.attempt}: {error}. Delete what uses it first, then clear this task."
            ) from error
        raise PersonalizeRetryableError(
            f"{self.attempt}: {error}. It is {status}. "
            "A retry succeeds when what uses it has ended or is deleted."
        ) from error


class PersonalizeDeleteOperator(PersonalizeDeletion, PersonalizeWaitingOperator):
    """Base of the operators that delete a resource and wait until it is gone."""


class PersonalizeCreateSchemaOperator(PersonalizeCreateOperator):
    """
    Find or create a schema, and return its ARN.

    A schema is usable at once, so there is nothing to wait for. It cannot be changed: put a hash of its text
    into its name.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateSchemaOperator`

    :param name: Name of the schema. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param schema: Avro schema, as JSON text. (templated)
    :param domain: Domain of the dataset groups that the schema is for; None for custom ones. (templated)

    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
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
    Find or create a dataset group, and return its ARN.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateDatasetGroupOperator`

    :param name: Name of the dataset group. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param domain: ``ECOMMERCE`` or ``VIDEO_ON_DEMAND``; None for a custom dataset group. (templated)
    :param kms_key_arn: ARN of the KMS key that encrypts the data. (templated)
    :param role_arn: ARN of the IAM role that may use the key. (templated)

    :param wait_for_completion: If True, wait until the dataset group is ACTIVE. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
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
    Find or create the dataset of one type in a dataset group, and return its ARN.

    A dataset group holds one dataset of each type, so a dataset is found by its type whatever its name.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateDatasetOperator`

    :param name: Name of the dataset. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param dataset_group_arn: ARN of the dataset group. (templated)
    :param dataset_type: ``Interactions``, ``Items``, ``Users``, ``Actions`` or ``Action_Interactions``.
        (templated)
    :param schema_arn: ARN of the schema. (templated)
    :param allow_schema_change: If True, an existing dataset may have another schema, because a
        :class:`PersonalizeUpdateDatasetOperator` follows. (default: False)

    :param wait_for_completion: If True, wait until the dataset is ACTIVE. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = DATASET
    parent = "datasetGroupArn"
    unchangeable = ("schemaArn",)
    trigger_class = PersonalizeDatasetActiveTrigger
    template_fields: Sequence[str] = aws_template_fields(
        "name", "dataset_group_arn", "dataset_type", "schema_arn"
    )

    def __init__(
        self,
        *,
        dataset_group_arn: str,
        dataset_type: str,
        schema_arn: str,
        allow_schema_change: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset_group_arn = dataset_group_arn
        self.dataset_type = dataset_type
        self.schema_arn = schema_arn
        self.allow_schema_change = allow_schema_change

    def request(self) -> dict[str, Any]:
        return {
            "datasetGroupArn": self.dataset_group_arn,
            "datasetType": self.dataset_type,
            "schemaArn": self.schema_arn,
        }

    def find(self, name: str, **parent: str) -> str | None:
        """Find by type: the ARN of a dataset carries its type, not its name."""
        return super().find(self.dataset_type.upper(), **parent)

    def _check_same(self, arn: str, request: dict[str, Any]) -> None:
        if not self.allow_schema_change:
            super()._check_same(arn, request)


class PersonalizeCreateDatasetImportJobOperator(PersonalizeJobOperator):
    """
    Find or start a job that imports CSV files into a dataset, and return its ARN.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateDatasetImportJobOperator`

    :param name: Name of the dataset import job. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param dataset_arn: ARN of the dataset. (templated)
    :param data_location: S3 URI of a CSV file, or of a folder of them, ending in ``/``. (templated)
    :param role_arn: ARN of the IAM role with which Personalize reads the files. (templated)
    :param import_mode: ``FULL`` replaces the data of earlier imports, ``INCREMENTAL`` adds to them. (default:
        FULL)
    :param publish_attribution_metrics_to_s3: If True, the metric attribution of the dataset group reports on
        what an incremental import adds. (default: False)

    :param wait_for_completion: If True, wait until the job has ended. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
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
    Find or start a job that writes a dataset to S3 as CSV, and return its ARN.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateDatasetExportJobOperator`

    :param name: Name of the dataset export job. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param dataset_arn: ARN of the dataset. (templated)
    :param output_location: S3 URI of the folder for the files, ending in ``/``. (templated)
    :param role_arn: ARN of the IAM role with which Personalize writes the files. (templated)
    :param ingestion_mode: ``BULK`` for imported data, ``PUT`` for single records, ``ALL`` for both. (default:
        ALL)
    :param kms_key_arn: ARN of the KMS key that encrypts the files. (templated)

    :param wait_for_completion: If True, wait until the job has ended. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
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
            "jobOutput": {"s3DataDestination": _s3_location(self.output_location, self.kms_key_arn)},
            "roleArn": self.role_arn,
        }


class PersonalizeCreateSolutionOperator(PersonalizeCreateWaitingOperator):
    """
    Find or create a solution, and return its ARN.

    A solution is a recipe with its configuration, for one dataset group. Creating it trains nothing.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateSolutionOperator`

    :param name: Name of the solution. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param dataset_group_arn: ARN of the dataset group. (templated)
    :param recipe_arn: ARN of the recipe. (templated)
    :param solution_config: Configuration of the solution: ``hpoConfig``, ``algorithmHyperParameters``,
        ``eventsConfig``, ``trainingDataConfig`` and others. (templated)
    :param perform_auto_training: If True, the service trains and bills new versions on a schedule of its own.
        It is always sent, because the service's own default is True. (default: False)
    :param perform_hpo: If True, each training searches for the best hyperparameters, which costs a multiple.
        (default: False)
    :param perform_incremental_update: If True, the service adds new items to the model between trainings; for
        the recipe aws-semantic-similarity. (default: False)
    :param event_type: The only event type to learn from. If None, all are used. (templated)

    :param wait_for_completion: If True, wait until the solution is ACTIVE. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
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


class PersonalizeCreateSolutionVersionOperator(PersonalizeJobOperator):
    """
    Find or train a version of a solution, and return its ARN.

    The version is named, so that a retry finds the training that it started instead of paying for another.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateSolutionVersionOperator`

    :param name: Name of the solution version. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param solution_arn: ARN of the solution. (templated)
    :param training_mode: ``FULL``, or ``UPDATE`` for the recipes that support it. (default: FULL)
    :param stop_on_kill: If True, stop the training when a user ends the task, running or deferred. What was
        trained until then is billed; a later attempt trains a version with the next suffix. (default: True)

    :param wait_for_completion: If True, wait until the version is trained. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
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
        """Build the arguments of the trigger, which stops the training of a task that is ended."""
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


class PersonalizeCreateCampaignOperator(PersonalizeCreateWaitingOperator):
    """
    Find or create a campaign, and return its ARN.

    A campaign serves a solution version in real time, and is billed by the hour. An existing campaign stays
    as it is, whatever it serves: use :class:`PersonalizeUpdateCampaignOperator` to change it.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateCampaignOperator`

    :param name: Name of the campaign. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param solution_version_arn: ARN of the solution version, or ``<solution ARN>/$LATEST``. (templated)
    :param min_provisioned_tps: Minimum of requests per second, which is billed. (default: the service's, 1)
    :param campaign_config: The ``campaignConfig``, for example of item exploration. (templated)

    :param wait_for_completion: If True, wait until the campaign is ACTIVE. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
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
    Find or create the event tracker of a dataset group, and return its ARN.

    A dataset group has one event tracker at most. Its tracking id, which PutEvents takes, is pushed to XCom
    as ``tracking_id``.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateEventTrackerOperator`

    :param name: Name of the event tracker. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param dataset_group_arn: ARN of the dataset group. (templated)

    :param wait_for_completion: If True, wait until the event tracker is ACTIVE. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
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
        """Find the only one of the dataset group, whatever its name."""
        trackers = self.hook.summaries(self.resource, **parent)
        return next((tracker["eventTrackerArn"] for tracker in trackers), None)


class PersonalizeCreateFilterOperator(PersonalizeCreateWaitingOperator):
    """
    Find or create a filter, and return its ARN.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateFilterOperator`

    :param name: Name of the filter. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param dataset_group_arn: ARN of the dataset group. (templated)
    :param filter_expression: What to include or exclude. It cannot be changed. (templated)

    :param wait_for_completion: If True, wait until the filter is ACTIVE. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
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


class PersonalizeBatchJobOperator(PersonalizeJobOperator):
    """Base of the operators that ask a model many questions at once."""

    parent = "solutionVersionArn"
    template_fields: Sequence[str] = aws_template_fields(
        "name",
        "solution_version_arn",
        "input_location",
        "output_location",
        "role_arn",
        "filter_arn",
        "kms_key_arn",
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
            "jobInput": {"s3DataSource": _s3_location(self.input_location, self.kms_key_arn)},
            "jobOutput": {"s3DataDestination": _s3_location(self.output_location, self.kms_key_arn)},
            "roleArn": self.role_arn,
            "numResults": self.num_results,
            "filterArn": self.filter_arn or None,
        }


class PersonalizeCreateBatchInferenceJobOperator(PersonalizeBatchJobOperator):
    """
    Find or start a batch inference job, which recommends items for users or items, and return its ARN.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateBatchInferenceJobOperator`

    :param name: Name of the batch inference job. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param solution_version_arn: ARN of the solution version that answers. (templated)
    :param input_location: S3 URI of a file of JSON lines, or of a folder of them, ending in ``/``.
        (templated)
    :param output_location: S3 URI of the folder for the output, ending in ``/``; not the folder of the input.
        (templated)
    :param role_arn: ARN of the IAM role with which Personalize reads the input and writes the output.
        (templated)
    :param num_results: Number of items per line. (default: 25)
    :param filter_arn: ARN of a filter of the same dataset group. (templated)
    :param kms_key_arn: ARN of the KMS key of the input and the output. (templated)
    :param job_config: The ``batchInferenceJobConfig``, for example of item exploration. (templated)
    :param job_mode: ``BATCH_INFERENCE``, or ``THEME_GENERATION``, which names what similar items have in
        common. (templated)
    :param theme_generation_config: The ``themeGenerationConfig``. (templated)

    :param wait_for_completion: If True, wait until the job has ended. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = BATCH_INFERENCE_JOB
    trigger_class = PersonalizeBatchInferenceJobActiveTrigger
    template_fields: Sequence[str] = (
        *PersonalizeBatchJobOperator.template_fields,
        "job_config",
        "job_mode",
        "theme_generation_config",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "job_config": "json",
        "theme_generation_config": "json",
    }

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
    Find or start a batch segment job, which finds users for items or attributes, and return its ARN.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateBatchSegmentJobOperator`

    :param name: Name of the batch segment job. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param solution_version_arn: ARN of the solution version that answers. (templated)
    :param input_location: S3 URI of a file of JSON lines, or of a folder of them, ending in ``/``.
        (templated)
    :param output_location: S3 URI of the folder for the output, ending in ``/``; not the folder of the input.
        (templated)
    :param role_arn: ARN of the IAM role with which Personalize reads the input and writes the output.
        (templated)
    :param num_results: Number of users per line. (default: 25)
    :param filter_arn: ARN of a filter of the same dataset group. (templated)
    :param kms_key_arn: ARN of the KMS key of the input and the output. (templated)

    :param wait_for_completion: If True, wait until the job has ended. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = BATCH_SEGMENT_JOB
    trigger_class = PersonalizeBatchSegmentJobActiveTrigger


class PersonalizeCreateMetricAttributionOperator(PersonalizeCreateWaitingOperator):
    """
    Find or create the metric attribution of a dataset group, and return its ARN.

    A dataset group has one metric attribution at most. An existing one stays as it is: use
    :class:`PersonalizeUpdateMetricAttributionOperator` to change it.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateMetricAttributionOperator`

    :param name: Name of the metric attribution. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param dataset_group_arn: ARN of the dataset group. (templated)
    :param metrics: Up to ten metrics, each ``{"eventType": …, "metricName": …, "expression": …}``.
        (templated)
    :param role_arn: ARN of the IAM role with which Personalize writes the reports. (templated)
    :param output_location: S3 URI of the folder for the reports, ending in ``/``. If None, they go to
        CloudWatch only. (templated)

    :param wait_for_completion: If True, wait until the metric attribution is ACTIVE. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
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


class PersonalizeCreateDataDeletionJobOperator(PersonalizeJobOperator):
    """
    Find or start a job that removes users from all data of a dataset group, and return its ARN.

    It removes them from the datasets; models learn of it when they are trained next.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeCreateDataDeletionJobOperator`

    :param name: Name of the data deletion job. (templated)
    :param tags: Tags of the resource, each ``{"tagKey": …, "tagValue": …}``.
    :param dataset_group_arn: ARN of the dataset group. (templated)
    :param data_location: S3 URI of a CSV file with the one column USER_ID, or of a folder of them, ending in
        ``/``. Folders in the folder are read too. (templated)
    :param role_arn: ARN of the IAM role with which Personalize reads the files. (templated)

    :param wait_for_completion: If True, wait until the job has ended. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = DATA_DELETION_JOB
    parent = "datasetGroupArn"
    trigger_class = PersonalizeDataDeletionJobActiveTrigger
    template_fields: Sequence[str] = aws_template_fields(
        "name", "dataset_group_arn", "data_location", "role_arn"
    )

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


class PersonalizeUpdateCampaignOperator(PersonalizeUpdateOperator):
    """
    Change the model, the capacity or the configuration of a campaign, and return its ARN.

    The campaign serves its old model until the update is in force.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeUpdateCampaignOperator`

    :param arn: ARN of the campaign. (templated)
    :param solution_version_arn: ARN of the solution version, or ``<solution ARN>/$LATEST``. (templated)
    :param min_provisioned_tps: Minimum of requests per second, which is billed. None keeps it.
    :param campaign_config: Members of the ``campaignConfig`` to set; the others stay as they are. (templated)

    :param wait_for_completion: If True, wait until the update is in force. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = CAMPAIGN
    trigger_class = PersonalizeCampaignUpdatedTrigger
    template_fields: Sequence[str] = aws_template_fields("arn", "solution_version_arn", "campaign_config")
    template_fields_renderers: ClassVar[dict[str, str]] = {"campaign_config": "json"}

    def __init__(
        self,
        *,
        solution_version_arn: str | None = None,
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

    def changes(self, present: dict[str, Any]) -> dict[str, Any]:
        """
        Select what is not in force yet.

        A campaign that follows ``$LATEST`` shows the version that it serves, and goes on following.

        :param present: Description of the campaign.
        """
        changes = super().changes(present)
        follows = present.get("campaignConfig", {}).get("syncWithLatestSolutionVersion", False)
        asked = self.solution_version_arn or ""
        serves = present.get("solutionVersionArn", "")
        if follows and set(changes) == {"solutionVersionArn"} and asked.endswith(LATEST):
            return {} if serves.startswith(asked.removesuffix("$LATEST")) else changes
        return changes


class PersonalizeUpdateDatasetOperator(PersonalizeUpdateOperator):
    """
    Give a dataset of items or users another schema, and return its ARN.

    The new schema must keep every column of the old one.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeUpdateDatasetOperator`

    :param arn: ARN of the dataset. (templated)
    :param schema_arn: ARN of the schema. (templated)

    :param wait_for_completion: If True, wait until the update is in force. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = DATASET
    trigger_class = PersonalizeDatasetUpdatedTrigger
    template_fields: Sequence[str] = aws_template_fields("arn", "schema_arn")

    def __init__(self, *, schema_arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.schema_arn = schema_arn

    def request(self) -> dict[str, Any]:
        return {"schemaArn": self.schema_arn}


class PersonalizeUpdateSolutionOperator(PersonalizeUpdateOperator):
    """
    Change the automatic training or the event weights of a solution, and return its ARN.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeUpdateSolutionOperator`

    :param arn: ARN of the solution. (templated)
    :param perform_auto_training: If True, the service trains and bills new versions on a schedule of its own.
        If None, it stays as it is.
    :param perform_incremental_update: If True, the service adds new items to the model between trainings. If
        None, it stays as it is.
    :param solution_update_config: The ``autoTrainingConfig`` and ``eventsConfig`` to set. (templated)

    :param wait_for_completion: If True, wait until the update is in force. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = SOLUTION
    trigger_class = PersonalizeSolutionUpdatedTrigger
    template_fields: Sequence[str] = aws_template_fields("arn", "solution_update_config")
    template_fields_renderers: ClassVar[dict[str, str]] = {"solution_update_config": "json"}

    def __init__(
        self,
        *,
        perform_auto_training: bool | None = None,
        perform_incremental_update: bool | None = None,
        solution_update_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.perform_auto_training = perform_auto_training
        self.perform_incremental_update = perform_incremental_update
        self.solution_update_config = solution_update_config

    def request(self) -> dict[str, Any]:
        return {
            "performAutoTraining": self.perform_auto_training,
            "performIncrementalUpdate": self.perform_incremental_update,
            "solutionUpdateConfig": self.solution_update_config,
        }

    def changes(self, present: dict[str, Any]) -> dict[str, Any]:
        """
        Select what is not in force yet. What an update calls its config is a part of the solution's.

        :param present: Description of the solution.
        """
        config = present.get("solutionConfig", {}) | present.get("solutionUpdateConfig", {})
        return super().changes(present | {"solutionUpdateConfig": config})


class PersonalizeUpdateMetricAttributionOperator(PersonalizeUpdateOperator):
    """
    Change the metrics of a metric attribution, or where its reports go, and return its ARN.

    A metric to add whose name exists with another definition is replaced.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeUpdateMetricAttributionOperator`

    :param arn: ARN of the metric attribution. (templated)
    :param add_metrics: Metrics to add, each ``{"eventType": …, "metricName": …, "expression": …}``.
        (templated)
    :param remove_metrics: Names of the metrics to remove. (templated)
    :param metrics_output_config: Where the reports go, and the IAM role that writes them. (templated)

    :param wait_for_completion: If True, wait until the update is in force. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = METRIC_ATTRIBUTION
    trigger_class = PersonalizeMetricAttributionActiveTrigger
    template_fields: Sequence[str] = aws_template_fields(
        "arn", "add_metrics", "remove_metrics", "metrics_output_config"
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "add_metrics": "json",
        "metrics_output_config": "json",
    }

    def __init__(
        self,
        *,
        add_metrics: list[dict[str, str]] | None = None,
        remove_metrics: list[str] | None = None,
        metrics_output_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.add_metrics = add_metrics or []
        self.remove_metrics = remove_metrics or []
        self.metrics_output_config = metrics_output_config

    def request(self) -> dict[str, Any]:
        return {"metricsOutputConfig": self.metrics_output_config}

    def changes(self, present: dict[str, Any]) -> dict[str, Any]:
        """
        Select what is not in force yet. The metrics are not in the description: another operation lists them.

        :param present: Description of the metric attribution.
        """
        present_metrics = {metric["metricName"]: metric for metric in self.hook.gateway.metrics(self.arn)}
        added = [metric for metric in self.add_metrics if present_metrics.get(metric["metricName"]) != metric]
        outdated = [metric["metricName"] for metric in added if metric["metricName"] in present_metrics]
        removed = [
            name for name in self.remove_metrics if name in present_metrics and name not in outdated
        ] + outdated
        lists = {"addMetrics": added, "removeMetrics": removed}
        return super().changes(present) | {member: listed for member, listed in lists.items() if listed}


class PersonalizeDeleteSchemaOperator(PersonalizeDeletion):
    """
    Delete a schema that no dataset uses, and return its ARN.

    The schema is gone at once, so there is nothing to wait for.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeDeleteSchemaOperator`

    :param arn: ARN of the schema. (templated)

    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = SCHEMA
    fail_if_in_use = True


class PersonalizeDeleteDatasetGroupOperator(PersonalizeDeleteOperator):
    """
    Delete an empty dataset group, and return its ARN.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeDeleteDatasetGroupOperator`

    :param arn: ARN of the dataset group. (templated)

    :param wait_for_completion: If True, wait until the dataset group is gone. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = DATASET_GROUP
    fail_if_in_use = True
    trigger_class = PersonalizeDatasetGroupDeletedTrigger


class PersonalizeDeleteDatasetOperator(PersonalizeDeleteOperator):
    """
    Delete a dataset and the data that was imported into it, and return its ARN.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeDeleteDatasetOperator`

    :param arn: ARN of the dataset. (templated)

    :param wait_for_completion: If True, wait until the dataset is gone. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = DATASET
    trigger_class = PersonalizeDatasetDeletedTrigger


class PersonalizeDeleteSolutionOperator(PersonalizeDeleteOperator):
    """
    Delete a solution that no campaign serves, with all its versions, and return its ARN.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeDeleteSolutionOperator`

    :param arn: ARN of the solution. (templated)

    :param wait_for_completion: If True, wait until the solution is gone. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = SOLUTION
    trigger_class = PersonalizeSolutionDeletedTrigger


class PersonalizeDeleteCampaignOperator(PersonalizeDeleteOperator):
    """
    Delete a campaign, which ends its costs, and return its ARN.

    The model stays.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeDeleteCampaignOperator`

    :param arn: ARN of the campaign. (templated)

    :param wait_for_completion: If True, wait until the campaign is gone. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = CAMPAIGN
    trigger_class = PersonalizeCampaignDeletedTrigger


class PersonalizeDeleteEventTrackerOperator(PersonalizeDeleteOperator):
    """
    Delete an event tracker, and return its ARN.

    The events that it recorded stay in the dataset.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeDeleteEventTrackerOperator`

    :param arn: ARN of the event tracker. (templated)

    :param wait_for_completion: If True, wait until the event tracker is gone. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = EVENT_TRACKER
    trigger_class = PersonalizeEventTrackerDeletedTrigger


class PersonalizeDeleteFilterOperator(PersonalizeDeleteOperator):
    """
    Delete a filter, and return its ARN.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeDeleteFilterOperator`

    :param arn: ARN of the filter. (templated)

    :param wait_for_completion: If True, wait until the filter is gone. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = FILTER
    trigger_class = PersonalizeFilterDeletedTrigger


class PersonalizeDeleteMetricAttributionOperator(PersonalizeDeleteOperator):
    """
    Delete a metric attribution, and return its ARN.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeDeleteMetricAttributionOperator`

    :param arn: ARN of the metric attribution. (templated)

    :param wait_for_completion: If True, wait until the metric attribution is gone. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = METRIC_ATTRIBUTION
    trigger_class = PersonalizeMetricAttributionDeletedTrigger


class PersonalizeStopSolutionVersionCreationOperator(PersonalizeWaitingOperator):
    """
    Stop the training of a solution version, and return its ARN.

    What was trained until then is billed.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeStopSolutionVersionCreationOperator`

    :param arn: ARN of the solution version. (templated)

    :param wait_for_completion: If True, wait until the training has stopped. (default: True)
    :param waiter_delay: Seconds between two polls. (default: 60)
    :param waiter_max_attempts: Maximum number of polls; a poll without a response counts too. (default: 720)
    :param deferrable: If True, wait in the triggerer, without holding a worker; this implies waiting, and
        needs aiobotocore. (default: False, or ``default_deferrable`` of the ``operators`` section of
        Airflow's configuration)
    :param inline_poll_seconds: Seconds to poll in the worker before deferring, with pauses of up to a second:
        a short wait is not worth the way to the triggerer and back. (default: 0)
    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    resource = SOLUTION_VERSION
    trigger_class = PersonalizeSolutionVersionStoppedTrigger
    template_fields: Sequence[str] = aws_template_fields("arn")

    def __init__(self, *, arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arn = arn

    @property
    def attempt(self) -> str:
        return f"Stopping the training of {self.resource.title} {self.arn}"

    def act(self, context: Context) -> bool:
        poll = self.hook.poll(self.resource, self.arn, "stopped")
        if poll.state != "retry":
            self.log.info("%s %s is %s: nothing to stop", self.resource.title, self.arn, poll)
            return False
        if poll.status != CREATE_STOPPING:
            self._stop()
            self.log.info("Stopping %s %s", self.resource.title, self.arn)
        return True

    def _stop(self) -> None:
        try:
            self.hook.conn.stop_solution_version_creation(solutionVersionArn=self.arn)
        except self.hook.conn.exceptions.ClientError:
            # The client repeats a call whose response was lost: the stop may be refused because of itself.
            if self.hook.poll(self.resource, self.arn, "stopped").status not in (
                CREATE_STOPPING,
                CREATE_STOPPED,
            ):
                raise


class PersonalizeGetSolutionMetricsOperator(AwsBaseOperator[PersonalizeHook]):
    """
    Get the offline metrics of a trained solution version, and return them by name.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizeGetSolutionMetricsOperator`

    :param arn: ARN of the solution version. (templated)

    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    aws_hook_class = PersonalizeHook
    resource = SOLUTION_VERSION
    operator_extra_links = (PersonalizeLink(),)
    template_fields: Sequence[str] = aws_template_fields("arn")

    def __init__(self, *, arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arn = arn

    def execute(self, context: Context) -> dict[str, float]:
        with service_errors(f"Getting the metrics of solution version {self.arn}"):
            metrics: dict[str, float] = self.hook.conn.get_solution_metrics(solutionVersionArn=self.arn)[
                "metrics"
            ]
            PersonalizeLink.persist_resource(context, self, self.arn)
        self.log.info("Metrics of solution version %s: %s", self.arn, metrics)
        return metrics


class PersonalizePutEventsOperator(AwsBaseOperator[PersonalizeEventsHook]):
    """
    Record events, and return their number.

    Events of one user and session share a call, up to ten. A retry sends all of them again: give each event
    an ``eventId``, and the service learns from each id once.

    .. seealso::
        For more information on how to use this operator, take a look at the guide:
        :ref:`howto/operator:PersonalizePutEventsOperator`

    :param tracking_id: Tracking id of the event tracker. (templated)
    :param events: Events as PutEvents takes them, each with its ``sessionId`` and, if known, its ``userId``.
        (templated)

    :param aws_conn_id: Airflow connection with the AWS credentials. If None or empty, boto3 looks for
        credentials by itself, on the machine of the worker and of the triggerer. (default: aws_default)
    :param region_name: AWS region. If None, the region of the connection, or the one that boto3 finds.
    :param verify: If False, TLS certificates are not verified; a text is the path of a CA bundle. If None,
        the setting of the connection.
    :param botocore_config: Arguments of botocore's ``Config`` for the client, such as ``read_timeout``.
    """

    aws_hook_class = PersonalizeEventsHook
    template_fields: Sequence[str] = aws_template_fields("tracking_id", "events")
    template_fields_renderers: ClassVar[dict[str, str]] = {"events": "json"}

    def __init__(self, *, tracking_id: str, events: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tracking_id = tracking_id
        self.events = events

    def execute(self, context: Context) -> int:
        with service_errors(f"Recording {len(self.events)} events of tracker {self.tracking_id}"):
            n_calls = self.hook.put_events(self.tracking_id, self.events)
        self.log.info("Recorded %d events in %d calls", len(self.events), n_calls)
        return len(self.events)


def _s3_location(path: str, kms_key_arn: str | None) -> dict[str, str]:
    return {"path": path, "kmsKeyArn": kms_key_arn} if kms_key_arn else {"path": path}


def _is_same(present: Any, requested: Any) -> bool:
    """Compare two members of a description; schemas are compared as JSON, not as text."""
    if isinstance(present, str) and present.lstrip().startswith("{"):
        return bool(json.loads(present) == json.loads(requested))
    return bool(present == requested)


def _is_within(requested: Any, present: Any) -> bool:
    """Say whether a request is in force already; members that it leaves out do not matter."""
    if isinstance(requested, dict) and isinstance(present, dict):
        return all(
            member in present and _is_within(value, present[member]) for member, value in requested.items()
        )
    return bool(requested == present)
