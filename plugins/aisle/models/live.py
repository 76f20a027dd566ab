"""The live models in the service."""

from __future__ import annotations

from dataclasses import dataclass

from aisle.errors import FinalError
from aisle.groups.dataset_group import DatasetGroup, Kind
from aisle.models import registry
from personalize_kinds.gateway import Gateway
from personalize_kinds.kinds import SOLUTION_VERSION


class NoLiveVersion(FinalError):
    """No version of a solution has been promoted yet."""


@dataclass(frozen=True, slots=True)
class LiveModels:
    """ARN of the live version by the kind of question that it answers, and for any other kind why it has none."""

    arns: dict[Kind, str]
    without: dict[Kind, str]


def live_models(service: Gateway, group: DatasetGroup) -> LiveModels:
    """Return the model of each of a group's questions.

    Raises NoLiveVersion if no question has one, FinalError if the service has lost one.
    """
    models, errors = LiveModels({}, {}), []
    for question in group.questions:
        try:
            models.arns[question.kind] = live_model(service, group, question.solution)
        except NoLiveVersion as error:
            models.without[question.kind] = str(error)
            errors.append(error)
    if errors and not models.arns:
        raise errors[0]
    return models


def live_model(service: Gateway, group: DatasetGroup, key: str) -> str:
    """ARN of the live version of a group's solution. Raises NoLiveVersion, or FinalError if the service has lost it."""
    solution, train = group.key(key), group.dag_id("train")
    arn = registry.live_version(solution)
    if arn is None:
        raise NoLiveVersion(f"Looking for the live version of {solution}: {_why_none(solution, train)}")
    try:
        look = service.poll(SOLUTION_VERSION, arn)
    except service.client.exceptions.ResourceNotFoundException as error:
        raise FinalError(
            f"Looking for the live version of {solution}: the service has no {arn} any more. Run `{train}`, which "
            "trains it again, or roll back to a version that is there."
        ) from error
    if look.state != "success":
        raise FinalError(
            f"Looking for the live version of {solution}: {arn} is {look.status}. Run `{train}`, or roll back."
        )
    return arn


def _why_none(solution: str, train: str) -> str:
    for state in ("waiting", "rejected", "candidate"):
        newest = registry.newest_in_state(solution, state)
        if newest:
            return (
                f"no version is; the newest, {newest.solution_version_arn}, is {state}: {newest.reason}. "
                f"Let `{train}` promote one (docs/model-life.md)."
            )
    return f"it has no version at all. Run `{train}` first."
