"""
What the operators of Amazon Personalize share: find or create a resource by its name, wait until it is ACTIVE.

A run that is repeated, retried or resumed finds what its first try created: names are deterministic, and a name that
is already taken is looked at instead of being an error. ACTIVE: it is returned. On its way: it is waited for. Failed:
a job takes the next free suffix, because Personalize cannot delete jobs and a failed name stays taken; anything else
stops the task.
"""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain, count
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.exceptions import AirflowException
from airflow.providers.amazon.aws.exceptions import WaiterTerminalFailure
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.amazon.aws.utils.waiter_with_logging import wait
from airflow.providers.common.compat.sdk import conf

from aisle.aws.hooks.personalize import (
    PersonalizeHook,
    PersonalizeResource,
    not_active,
)
from aisle.aws.triggers.personalize import PersonalizeActiveTrigger
from aisle.errors import ContractBroken

if TYPE_CHECKING:
    from airflow.sdk import Context


class PersonalizeBaseOperator(AwsBaseOperator[PersonalizeHook]):
    """
    Base of the operators: finds or creates one resource and returns its ARN.

    A subclass says in `request` what the create operation takes, and in its class attributes what tells its resource
    apart: `parent` is the member of the request under which it lives, `unchangeable` the members which a resource
    that was found must have in common with the request.

    :param name: Name of the resource. (templated)
    :param tags: Tags of the resource.
    """

    aws_hook_class = PersonalizeHook
    resource: ClassVar[PersonalizeResource]
    name_member: ClassVar[str] = "name"
    parent: ClassVar[str | None] = None
    unchangeable: ClassVar[tuple[str, ...]] = ()

    template_fields: Sequence[str] = aws_template_fields("name")

    def __init__(self, *, name: str, tags: list[dict[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.tags = tags

    def request(self) -> dict[str, Any]:
        """What the create operation takes, but for name and tags."""
        raise NotImplementedError

    def execute(self, context: Context) -> str:
        return self.find_or_create()

    def find_or_create(self) -> str:
        """The ARN of the resource, which is created if its name is free."""
        return self._create(self.name) or self._found(self.name)

    def _create(self, name: str) -> str | None:
        """The ARN of a new resource, or none if the name is taken."""
        request = {self.name_member: name, **self.request()}
        if self.tags:
            request["tags"] = self.tags
        client = self.hook.conn
        try:
            arn: str = getattr(client, f"create_{self.resource.name}")(**request)[self.resource.arn_member]
        except client.exceptions.ResourceAlreadyExistsException:
            return None
        self.log.info("Created %s %s", self.resource.title, arn)
        return arn

    def _found(self, name: str) -> str:
        """The ARN of the resource that has the name; it must be the one that was asked for."""
        request = self.request()
        under = {self.parent: request[self.parent]} if self.parent else {}
        arn: str | None = self.hook.find(self.resource, self.arn_tail(name), **under)
        if arn is None:
            raise ContractBroken(
                f"Creating {self.resource.title} {name}: the service says that the name is taken, but has none of this "
                f"name {f'under {under}' if under else 'in its list'}. Choose another name, or remove what holds it."
            )
        self._check_same(arn, request)
        self.log.info("Found %s %s", self.resource.title, arn)
        return arn

    def arn_tail(self, name: str) -> str:
        """What the ARN of the resource ends with."""
        return name

    def _check_same(self, arn: str, request: dict[str, Any]) -> None:
        if not self.unchangeable:
            return
        description = self.hook.describe(self.resource, arn)
        for member in self.unchangeable:
            found = description.get(member, request[member])
            if not _is_same(found, request[member]):
                raise ContractBroken(
                    f"Creating {self.resource.title} {arn}: it exists with another {member}: {found!r} instead of "
                    f"{request[member]!r}. It cannot be changed: choose another name, or delete it first."
                )


class PersonalizeWaitingOperator(PersonalizeBaseOperator):
    """
    Base of the operators whose resource takes time: finds or creates it and waits until it is ACTIVE.

    :param wait_for_completion: Whether to wait until the resource is ACTIVE. (default: True)
    :param waiter_delay: Seconds between two looks. (default: 60)
    :param waiter_max_attempts: Number of looks. (default: 720)
    :param deferrable: If True, the operator waits asynchronously, without holding a worker. This implies waiting for
        completion, and requires the aiobotocore module to be installed.
        (default: False, but can be overridden in config file by setting default_deferrable to True)
    :param patience_seconds: How long to look in place, once a second, before deferring. What ends within seconds is
        not worth the way to the triggerer and back, and with LocalExecutor a task that comes back before its worker
        has gone is taken for failed. (default: 0)
    """

    trigger_class: ClassVar[type[PersonalizeActiveTrigger]]

    def __init__(
        self,
        *,
        wait_for_completion: bool = True,
        waiter_delay: int = 60,
        waiter_max_attempts: int = 720,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        patience_seconds: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.wait_for_completion = wait_for_completion
        self.waiter_delay = waiter_delay
        self.waiter_max_attempts = waiter_max_attempts
        self.deferrable = deferrable
        self.patience_seconds = patience_seconds

    def execute(self, context: Context) -> str:
        arn = self.find_or_create()
        if not (self.deferrable or self.wait_for_completion) or self._is_active_soon(arn):
            return arn
        if self.deferrable:
            self.log.info("Deferring until %s %s is ACTIVE", self.resource.title, arn)
            self.defer(
                trigger=self._trigger(arn),
                method_name="execute_complete",
                # The trigger does not count looks that are throttled, so its own limit may never be reached.
                timeout=timedelta(seconds=self.waiter_delay * self.waiter_max_attempts + 60),
            )
        self._wait(arn)
        return arn

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """
        What the deferred task comes back to. Failure arrives as an event too: only the status tells.

        :param event: the trigger's event.
        """
        outcome = validate_execute_complete_event(event)
        if outcome["status"] != "success":
            raise not_active(self.resource, outcome["arn"], outcome["message"], is_final=outcome.get("is_final", True))
        self.log.info("%s %s is ACTIVE", self.resource.title, outcome["arn"])
        arn: str = outcome["arn"]
        return arn

    def _is_active_soon(self, arn: str) -> bool:
        patient_until = time.monotonic() + (self.patience_seconds if self.deferrable else 0)
        while not (is_active := self._is_active(arn)) and time.monotonic() < patient_until:
            time.sleep(1)
        return is_active

    def _is_active(self, arn: str) -> bool:
        look = self.hook.look(self.resource, arn)
        self.log.info("Status of %s %s is %s", self.resource.title, arn, look.status)
        if look.state == "failure":
            raise not_active(self.resource, arn, f"{look.status} - {look.failure_reason}", is_final=True)
        return bool(look.state == "success")

    def _trigger(self, arn: str) -> PersonalizeActiveTrigger:
        return self.trigger_class(
            arn=arn,
            waiter_delay=self.waiter_delay,
            waiter_max_attempts=self.waiter_max_attempts,
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            botocore_config=self.botocore_config,
        )

    def _wait(self, arn: str) -> None:
        """Wait in place, by the words of the trigger."""
        form = self._trigger(arn)
        try:
            wait(
                waiter=self.hook.get_waiter(form.waiter_name),
                waiter_delay=self.waiter_delay,
                waiter_max_attempts=self.waiter_max_attempts,
                args=form.waiter_args,
                failure_message=form.failure_message,
                status_message=form.status_message,
                status_args=form.status_queries,
            )
        except WaiterTerminalFailure as failure:
            look = self.hook.look(self.resource, arn)
            raise not_active(self.resource, arn, f"{look.status} - {look.failure_reason}", is_final=True) from failure
        except AirflowException as failure:
            raise not_active(self.resource, arn, str(failure), is_final=False) from failure


class PersonalizeJobOperator(PersonalizeWaitingOperator):
    """Base of the operators whose resource cannot be deleted: after a failed one comes the next suffix, -2, -3 …"""

    def find_or_create(self) -> str:
        """The ARN of the newest job of this name that has not failed; a new one if there is none."""
        names = chain([self.name], (f"{self.name}-{number}" for number in count(2)))
        return next(arn for name in names if (arn := self._create(name) or self._found_alive(name)))

    def _found_alive(self, name: str) -> str | None:
        arn = self._found(name)
        look = self.hook.look(self.resource, arn)
        if look.state != "failure":
            return arn
        self.log.warning("%s %s is %s: %s", self.resource.title, arn, look.status, look.failure_reason)
        return None


def _is_same(found: Any, asked: Any) -> bool:
    """Whether two members mean the same; a schema is compared as JSON, not as text."""
    if isinstance(found, str) and found.lstrip().startswith("{"):
        return bool(json.loads(found) == json.loads(asked))
    return bool(found == asked)
