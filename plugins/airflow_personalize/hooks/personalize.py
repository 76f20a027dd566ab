"""The hook of Amazon Personalize."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache, reduce
from pathlib import Path
from typing import Any, Literal, NamedTuple

from airflow.providers.amazon.aws.waiters.base_waiter import BaseBotoWaiter
from botocore.exceptions import ClientError
from botocore.waiter import AcceptorConfig, WaiterModel

from airflow_personalize.exceptions import PersonalizeError, PersonalizeResourceFailedError, PersonalizeRetryableError
from airflow_personalize.hooks.base_personalize import PASSING, PersonalizeBaseHook

WAITERS = Path(__file__).parents[1] / "waiters" / "personalize.json"

#: What can be waited for.
Outcome = Literal["active", "updated", "stopped", "deleted"]
_IN_WORDS = {
    "active": "to become ACTIVE",
    "updated": "to take its update",
    "stopped": "to be stopped",
    "deleted": "to be gone",
}


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
    def list_member(self) -> str:
        """The member of a list answer that holds them: `datasetImportJobs`; of filters alone it is a capital."""
        return "Filters" if self.name == "filter" else f"{self.member}s"

    def waiter(self, outcome: Outcome = "active") -> str:
        """
        The waiter that knows its statuses: `dataset_import_job_active`.

        :param outcome: What is waited for.
        """
        return f"{self.name}_{outcome}"


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

    @classmethod
    def of(cls, resource: PersonalizeResource, outcome: Outcome, answer: dict[str, Any]) -> Look:
        """
        Read an answer by the rules of the waiter file. An unknown status is on its way.

        :param resource: the kind.
        :param outcome: what is waited for.
        :param answer: what the describe operation answered, or the error it ended in.
        """
        path = status_path(resource, outcome)
        status = _member(answer, path) or _member(answer, "Error.Code") or "not known"
        reason = _member(answer, path.replace("status", "failureReason")) or ""
        return cls(_state(resource, outcome, answer) or "retry", status, reason)

    def __str__(self) -> str:
        return f"{self.status} - {self.failure_reason}" if self.failure_reason else self.status


class PersonalizeHook(PersonalizeBaseHook):
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

    def get_waiter(
        self,
        waiter_name: str,
        parameters: dict[str, str] | None = None,
        config_overrides: dict[str, Any] | None = None,
        deferrable: bool = False,
        client: Any = None,
    ) -> Any:
        """
        A waiter of the waiter file. Other than the provider's, it takes throttling for a look like any other.

        The provider's loop goes on without counting when a look is throttled: steady throttling would never end.

        :param waiter_name: Name of the waiter.
        :param parameters: Not used by these waiters.
        :param config_overrides: Not used by these waiters.
        :param deferrable: Whether the waiter is async; then `client` has to be too.
        :param client: The client that looks.
        """
        waiters = BaseBotoWaiter(client=client or self.conn, model_config=_waiters(), deferrable=deferrable)
        return waiters.waiter(waiter_name)

    def describe(self, resource: PersonalizeResource, arn: str) -> dict[str, Any]:
        """
        Everything the service says about one resource.

        :param resource: its kind.
        :param arn: its ARN.
        """
        answer: dict[str, Any] = getattr(self.conn, f"describe_{resource.name}")(**{resource.arn_member: arn})
        description: dict[str, Any] = answer[resource.member]
        return description

    def look(self, resource: PersonalizeResource, arn: str, outcome: Outcome = "active") -> Look:
        """
        Whether what is waited for has come about, is on its way, or never will, and why.

        :param resource: its kind.
        :param arn: its ARN.
        :param outcome: what is waited for.
        """
        try:
            answer = {resource.member: self.describe(resource, arn)}
        except ClientError as error:
            if _state(resource, outcome, error.response) is None:
                raise
            answer = error.response
        return Look.of(resource, outcome, answer)

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
        # botocore has no paginator for data deletion jobs.
        request = dict(parent)
        while True:
            page = getattr(self.conn, f"list_{resource.name}s")(**request)
            yield from page[resource.list_member]
            if not page.get("nextToken"):
                return
            request["nextToken"] = page["nextToken"]


def state_of(resource: PersonalizeResource, description: dict[str, Any], outcome: Outcome = "active") -> State:
    """
    The state of a resource, read off its status by the rules of its waiter. An unknown status is on its way.

    :param resource: its kind.
    :param description: what a describe or a list operation said of it.
    :param outcome: what is waited for.
    """
    return _state(resource, outcome, {resource.member: description}) or "retry"


def status_path(resource: PersonalizeResource, outcome: Outcome = "active") -> str:
    """
    Where in an answer the status is that counts: `campaign.latestCampaignUpdate.status` for an update.

    :param resource: the kind.
    :param outcome: what is waited for.
    """
    path: str = next(each.argument for each in _acceptors(resource.waiter(outcome)) if each.matcher == "path")
    return path


def wait_failed(
    resource: PersonalizeResource, arn: str, answer: object, *, is_final: bool, outcome: Outcome = "active"
) -> PersonalizeError:
    """
    Build the exception for a wait that did not succeed.

    :param resource: Kind of the resource.
    :param arn: ARN of the resource.
    :param answer: What the last poll returned, or the error it ended in.
    :param is_final: If True, the outcome can no longer come about, so that a retry does not help.
    :param outcome: The outcome that was waited for.
    """
    waited = f"Waiting for {resource.title} {arn} {_IN_WORDS[outcome]}: {answer}."
    if is_final:
        return PersonalizeResourceFailedError(f"{waited} Fix what the reason names, then clear this task.")
    return PersonalizeRetryableError(f"{waited} It may still be in progress: a retry finds it and continues to wait.")


def _state(resource: PersonalizeResource, outcome: Outcome, answer: dict[str, Any]) -> State | None:
    return next((each.state for each in _acceptors(resource.waiter(outcome)) if each.matcher_func(answer)), None)


def _member(answer: dict[str, Any], path: str) -> str | None:
    """The text at a dotted path, or none."""
    *way, last = path.split(".")
    return reduce(lambda found, step: found.get(step) or {}, way, answer).get(last)


@cache
def _acceptors(waiter: str) -> list[AcceptorConfig]:
    return list(WaiterModel(_waiters()).get_waiter(waiter).acceptors)


@cache
def _waiters() -> dict[str, Any]:
    """The waiter file, and in each waiter that a look which was throttled, or met a fault, is to be repeated."""
    model: dict[str, Any] = json.loads(WAITERS.read_text())
    passing = [{"matcher": "error", "expected": code, "state": "retry"} for code in sorted(PASSING)]
    for waiter in model["waiters"].values():
        waiter["acceptors"] += passing
    return model
