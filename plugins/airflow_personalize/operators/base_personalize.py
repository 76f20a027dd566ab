"""
What the operators of Amazon Personalize share: how to act once, how to wait, and how to find what exists.

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

from airflow.providers.amazon.aws.exceptions import WaiterMaxAttemptsError, WaiterTerminalFailure
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.amazon.aws.utils.waiter_with_logging import wait
from airflow.providers.common.compat.sdk import AirflowException, conf

from airflow_personalize.exceptions import PersonalizeError, PersonalizeResourceConflictError
from airflow_personalize.hooks.base_personalize import LOST, service_errors
from airflow_personalize.hooks.personalize import PersonalizeHook, wait_failed
from airflow_personalize.links.personalize import PersonalizeLink
from airflow_personalize.triggers.personalize import PersonalizeBaseTrigger
from personalize_kinds.kinds import Kind
from personalize_kinds.polls import Poll

if TYPE_CHECKING:
    from airflow.sdk import Context

#: Between the first two looks of a patient wait. Each pause is twice the one before, up to a second.
_FIRST_PAUSE_SECONDS = 0.1


class PersonalizeBaseOperator(AwsBaseOperator[PersonalizeHook]):
    """
    Base of the operators: acts on one resource and returns its ARN.

    A subclass says in `act` what it does, and in `aim` how people call that.
    """

    aws_hook_class = PersonalizeHook
    resource: ClassVar[Kind]
    operator_extra_links = (PersonalizeLink(),)
    arn: str

    @property
    def aim(self) -> str:
        """What is tried on which thing, such as `Creating campaign shop`."""
        raise NotImplementedError

    def act(self, context: Context) -> bool:
        """Do it, and set `arn`. Tells whether there is anything left to wait for."""
        raise NotImplementedError

    def execute(self, context: Context) -> str:
        self._act(context)
        return self.arn

    def _act(self, context: Context) -> bool:
        with service_errors(self.aim):
            is_pending = self.act(context)
            PersonalizeLink.persist_resource(context, self, self.arn)
        return is_pending


class PersonalizeCreateOperator(PersonalizeBaseOperator):
    """
    Base of the operators that find or create one resource.

    A subclass says in `request` what the create operation takes, and in its class attributes what tells its resource
    apart: `parent` is the member of the request under which it lives, `unchangeable` the members which a resource
    that was found must have in common with the request.

    :param name: Name of the resource. (templated)
    :param tags: Tags of the resource.
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
        """What the create operation takes, but for name and tags. What is None is left out."""
        raise NotImplementedError

    @property
    def aim(self) -> str:
        return f"Creating {self.resource.title} {self.name}"

    def act(self, context: Context) -> bool:
        self.arn = self.find_or_create()
        return True

    def find_or_create(self) -> str:
        """The ARN of the resource, which is created if its name is free."""
        return self._create(self.name) or self._found(self.name)

    def find(self, name: str, **parent: str) -> str | None:
        """
        The ARN of the resource that has the name, or none.

        :param name: its name.
        :param parent: under what to look, as the list operation takes it.
        """
        arn: str | None = self.hook.find(self.resource, name, **parent)
        return arn

    def _create(self, name: str) -> str | None:
        """The ARN of a new resource, or none if the name is taken."""
        client = self.hook.conn
        request = {self.name_member: name, **self._members()} | ({"tags": self.tags} if self.tags else {})
        try:
            arn: str = getattr(client, f"create_{self.resource.name}")(**request)[self.resource.arn_member]
        except client.exceptions.ResourceAlreadyExistsException:
            return None
        except (client.exceptions.ResourceInUseException, client.exceptions.LimitExceededException):
            # What is in the way may be what the first try of this task has created, whose answer was lost.
            if self.find(name, **self._parent()) is None:
                raise
            return None
        self.log.info("Created %s %s", self.resource.title, arn)
        return arn

    def _members(self) -> dict[str, Any]:
        return {member: value for member, value in self.request().items() if value is not None}

    def _parent(self) -> dict[str, str]:
        """Under what the resource lives, as the list operation takes it."""
        return {self.parent: self.request()[self.parent]} if self.parent else {}

    def _found(self, name: str) -> str:
        """The ARN of the resource that has the name; it must be the one that was asked for."""
        request, under = self._members(), self._parent()
        arn = self.find(name, **under)
        if arn is None:
            raise PersonalizeResourceConflictError(
                f"{self.aim}: the service says that the name is taken, but has no {name} "
                f"{f'under {under}' if under else 'in its list'}. Choose another name, or remove what holds it."
            )
        self._check_same(arn, request)
        self.log.info("Found %s %s", self.resource.title, arn)
        return arn

    def _check_same(self, arn: str, request: dict[str, Any]) -> None:
        if not self.unchangeable:
            return
        description = self.hook.describe(self.resource, arn)
        for member in self.unchangeable:
            found = description.get(member, request[member])
            if not _is_same(found, request[member]):
                raise PersonalizeResourceConflictError(
                    f"{self.aim}: {arn} exists with another {member}: {found!r} instead of {request[member]!r}. "
                    "It cannot be changed by creating it: choose another name, or delete it first."
                )


class PersonalizeWaitingOperator(PersonalizeBaseOperator):
    """
    Base of the operators that wait until what they asked for has come about.

    :param wait_for_completion: Whether to wait. (default: True)
    :param waiter_delay: Seconds between two looks. (default: 60)
    :param waiter_max_attempts: Number of looks. (default: 720)
    :param deferrable: If True, the operator waits asynchronously, without holding a worker. This implies waiting for
        completion, and requires the aiobotocore module to be installed.
        (default: False, but can be overridden in config file by setting default_deferrable to True)
    :param patience_seconds: How long to look in place, soon once a second, before deferring. What ends within seconds
        is not worth the way to the triggerer and back, and with LocalExecutor a task that comes back before its worker
        has gone is taken for failed. (default: 0)
    """

    trigger_class: ClassVar[type[PersonalizeBaseTrigger]]

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
        is_pending = self._act(context)
        if not is_pending or not (self.deferrable or self.wait_for_completion) or self._is_done_soon():
            return self.arn
        if self.deferrable:
            self.log.info("Deferring until %s %s is %s", self.resource.title, self.arn, self.trigger_class.outcome)
            self.defer(
                trigger=self.trigger(),
                method_name="execute_complete",
                timeout=timedelta(seconds=self.waiter_delay * self.waiter_max_attempts + 60),
            )
        self._wait()
        return self.arn

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """
        What the deferred task comes back to. Failure arrives as an event too: only the status tells.

        :param event: the trigger's event.
        """
        outcome = validate_execute_complete_event(event)
        self.arn = outcome["arn"]
        if outcome["status"] != "success":
            raise self._wait_failed(outcome["message"], is_final=outcome.get("is_final", True))
        self.log.info("%s %s is %s", self.resource.title, self.arn, self.trigger_class.outcome)
        return self.arn

    def trigger_arguments(self) -> dict[str, Any]:
        """What the trigger takes."""
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
        """The trigger that waits for this operator."""
        return self.trigger_class(**self.trigger_arguments())

    def _is_done_soon(self) -> bool:
        patient_until = time.monotonic() + (self.patience_seconds if self.deferrable else 0)
        pause = _FIRST_PAUSE_SECONDS
        while not (is_done := self._is_done()) and time.monotonic() < patient_until:
            time.sleep(pause)
            pause = min(pause * 2, 1)
        return is_done

    def _is_done(self) -> bool:
        look = self._look()
        self.log.info("Status of %s %s is %s", self.resource.title, self.arn, look)
        if look.state == "failure":
            raise self._wait_failed(look, is_final=True)
        return bool(look.state == "success")

    def _look(self) -> Poll:
        with service_errors(f"Looking at {self.resource.title} {self.arn}"):
            look: Poll = self.hook.poll(self.resource, self.arn, self.trigger_class.outcome)
            return look

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
        return wait_failed(self.resource, self.arn, answer, is_final=is_final, outcome=self.trigger_class.outcome)


class PersonalizeCreateWaitingOperator(PersonalizeWaitingOperator, PersonalizeCreateOperator):
    """Base of the operators that find or create what takes time, and wait until it is ACTIVE."""


class PersonalizeJobOperator(PersonalizeCreateWaitingOperator):
    """Base of the operators whose resource cannot be deleted: after a failed one comes the next suffix, -2, -3 …"""

    name_member = "jobName"

    def find_or_create(self) -> str:
        """The ARN of the newest job of this name that has not failed; a new one if there is none."""
        names = chain([self.name], (f"{self.name}-{number}" for number in count(2)))
        return next(arn for name in names if (arn := self._create(name) or self._found_alive(name)))

    def _found_alive(self, name: str) -> str | None:
        arn = self._found(name)
        look = self.hook.poll(self.resource, arn)
        if look.state != "failure":
            return arn
        self.log.warning("%s %s is %s: %s", self.resource.title, arn, look.status, look.failure_reason)
        return None


def _is_same(found: Any, asked: Any) -> bool:
    """Whether two members mean the same; a schema is compared as JSON, not as text."""
    if isinstance(found, str) and found.lstrip().startswith("{"):
        return bool(json.loads(found) == json.loads(asked))
    return bool(found == asked)
