"""The hook of Amazon Personalize."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.waiter import AcceptorConfig, WaiterModel

from aisle.errors import AisleError, PersonalizeJobFailed, RetryableError

WAITERS = Path(__file__).parents[1] / "waiters" / "personalize.json"


class PersonalizeResource(NamedTuple):
    """
    One kind of resource. The service names everything after its kinds without exception: the rest follows from `name`.

    :param name: The kind in snake case, such as `dataset_import_job`.
    """

    name: str

    @property
    def title(self) -> str:
        """As people say it: `dataset import job`."""
        return self.name.replace("_", " ")

    @property
    def member(self) -> str:
        """As the wire says it: `datasetImportJob`."""
        first, *others = self.name.split("_")
        return first + "".join(word.title() for word in others)

    @property
    def arn_member(self) -> str:
        """The member that carries its ARN: `datasetImportJobArn`."""
        return f"{self.member}Arn"

    @property
    def waiter(self) -> str:
        """The waiter that knows its statuses: `dataset_import_job_active`."""
        return f"{self.name}_active"


SCHEMA = PersonalizeResource("schema")
DATASET_GROUP = PersonalizeResource("dataset_group")
DATASET = PersonalizeResource("dataset")
DATASET_IMPORT_JOB = PersonalizeResource("dataset_import_job")
SOLUTION = PersonalizeResource("solution")
SOLUTION_VERSION = PersonalizeResource("solution_version")
CAMPAIGN = PersonalizeResource("campaign")
EVENT_TRACKER = PersonalizeResource("event_tracker")
FILTER = PersonalizeResource("filter")
BATCH_INFERENCE_JOB = PersonalizeResource("batch_inference_job")
BATCH_SEGMENT_JOB = PersonalizeResource("batch_segment_job")
DATASET_EXPORT_JOB = PersonalizeResource("dataset_export_job")
METRIC_ATTRIBUTION = PersonalizeResource("metric_attribution")
DATA_DELETION_JOB = PersonalizeResource("data_deletion_job")


#: What the waiter file makes of a status: ready, on its way, lost.
State = Literal["success", "retry", "failure"]


class Look(NamedTuple):
    """What one look at a resource showed."""

    state: State
    status: str
    failure_reason: str


class PersonalizeHook(AwsBaseHook):
    """
    Interact with Amazon Personalize.

    Provide thin wrapper around :external+boto3:py:class:`boto3.client("personalize") <Personalize.Client>`.

    Additional arguments (such as ``aws_conn_id``) may be specified and
    are passed down to the underlying AwsBaseHook.

    .. seealso::
        - :class:`airflow.providers.amazon.aws.hooks.base_aws.AwsBaseHook`
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "personalize"
        super().__init__(*args, **kwargs)

    @property
    def waiter_path(self) -> Path:
        """botocore has no waiters for Personalize, nor has the provider: these are the only ones."""
        return WAITERS

    def describe(self, resource: PersonalizeResource, arn: str) -> dict[str, Any]:
        """
        Everything the service says about one resource.

        :param resource: its kind.
        :param arn: its ARN.
        """
        answer: dict[str, Any] = getattr(self.conn, f"describe_{resource.name}")(**{resource.arn_member: arn})
        description: dict[str, Any] = answer[resource.member]
        return description

    def look(self, resource: PersonalizeResource, arn: str) -> Look:
        """
        Whether a resource is ready, on its way, or lost, and why.

        :param resource: its kind.
        :param arn: its ARN.
        """
        description = self.describe(resource, arn)
        return Look(state_of(resource, description), description["status"], description.get("failureReason") or "")

    def find(self, resource: PersonalizeResource, arn_tail: str, **parent: str) -> str | None:
        """
        The ARN of the resource that has this name, or none.

        :param resource: its kind.
        :param arn_tail: what its ARN ends with: its name, or for a dataset its type in capitals.
        :param parent: under what to look, as the list operation takes it, for example `solutionArn`.
        """
        arns = (each[resource.arn_member] for each in self.summaries(resource, **parent))
        return next((arn for arn in arns if arn.endswith(f"/{arn_tail}")), None)

    def newest_active(self, resource: PersonalizeResource, **parent: str) -> str | None:
        """
        The ARN of the resource that became ACTIVE and was created last, or none.

        :param resource: its kind.
        :param parent: under what to look, as the list operation takes it, for example `solutionArn`.
        """
        active = [each for each in self.summaries(resource, **parent) if state_of(resource, each) == "success"]
        return max(active, key=lambda each: each["creationDateTime"])[resource.arn_member] if active else None

    def summaries(self, resource: PersonalizeResource, **parent: str) -> Iterator[dict[str, Any]]:
        """
        All resources of a kind as their list operation shows them, page after page.

        :param resource: the kind.
        :param parent: under what to look, as the list operation takes it, for example `solutionArn`.
        """
        for page in self.conn.get_paginator(f"list_{resource.name}s").paginate(**parent):
            yield from page[f"{resource.member}s"]


def state_of(resource: PersonalizeResource, description: dict[str, Any]) -> State:
    """
    The state of a resource, read off its status by the rules of its waiter. An unknown status is on its way.

    :param resource: its kind.
    :param description: what a describe or a list operation said of it.
    """
    answer = {resource.member: description}
    return next((each.state for each in _acceptors(resource.waiter) if each.matcher_func(answer)), "retry")


def not_active(resource: PersonalizeResource, arn: str, answer: str, *, is_final: bool) -> AisleError:
    """
    The error for a resource that did not become ACTIVE while it was waited for.

    :param resource: its kind.
    :param arn: its ARN.
    :param answer: the last that was heard of it.
    :param is_final: whether it never will be, so that waiting longer does not help.
    """
    waited = f"Waiting for {resource.title} {arn} to become ACTIVE: {answer}."
    if is_final:
        return PersonalizeJobFailed(f"{waited} Mend what the reason names, then clear this task.")
    return RetryableError(f"{waited} It may still be on its way: a retry finds it and goes on waiting.")


@cache
def _acceptors(waiter: str) -> list[AcceptorConfig]:
    return list(WaiterModel(json.loads(WAITERS.read_text())).get_waiter(waiter).acceptors)
