"""The model that answers now, as the service has it."""

from __future__ import annotations

from aisle.aws.hooks.personalize import SOLUTION_VERSION, PersonalizeHook
from aisle.errors import FinalError
from aisle.evaluate import versions


def live_model(hook: PersonalizeHook, solution_name: str) -> str:
    """ARN of the live version of a solution. Raises FinalError if none is live, or the service has lost it."""
    arn = versions.live_version(solution_name)
    if arn is None:
        raise FinalError(f"Looking for the live version of {solution_name}: {_why_none(solution_name)}")
    try:
        look = hook.look(SOLUTION_VERSION, arn)
    except hook.conn.exceptions.ResourceNotFoundException as error:
        raise FinalError(
            f"Looking for the live version of {solution_name}: the service has no {arn} any more. Run `train`, which "
            "trains it again, or roll back to a version that is there."
        ) from error
    if look.state != "success":
        raise FinalError(
            f"Looking for the live version of {solution_name}: {arn} is {look.status}. Run `train`, or roll back."
        )
    return arn


def _why_none(solution_name: str) -> str:
    for state in ("waiting", "rejected", "candidate"):
        newest = versions.newest_in_state(solution_name, state)
        if newest:
            return (
                f"no version is; the newest, {newest.solution_version_arn}, is {state}: {newest.reason}. "
                "Let `train` promote one (docs/model-life.md)."
            )
    return "it has no version at all. Run `train` first."
