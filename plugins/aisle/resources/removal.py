"""Deleting resources: what depends on others first, each waited for until it is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aisle.groups.resource import Live
from aisle.resources.live import Service
from personalize_kinds import kinds
from personalize_kinds.statuses import CREATING

Say = Callable[[str], None]


def remove(service: Service, removed: Sequence[Live], say: Say) -> None:
    """Delete all of these, in any state, and wait until they are gone. What is gone already is no error."""
    for kind in reversed(kinds.IN_ORDER_OF_CREATION):
        of_kind = [resource for resource in removed if resource.kind == kind]
        for resource in of_kind:
            if kind == kinds.SOLUTION:
                _stop_training(service, resource)
            _delete(service, resource, say)
        for resource in of_kind:
            if kind != kinds.SCHEMA:
                _wait_until_gone(service, resource)


def _delete(service: Service, resource: Live, say: Say) -> None:
    """A schema that another group uses stays; anything else in use is about to be let go."""
    client = service.client
    errors = client.exceptions

    def attempt() -> str | None:
        try:
            getattr(client, f"delete_{resource.kind.name}")(**{resource.kind.arn_member: resource.arn})
        except errors.ResourceNotFoundException:
            return f"{resource.title} is gone already"
        except errors.ResourceInUseException:
            return f"{resource.title} stays: it is in use elsewhere" if resource.kind == kinds.SCHEMA else None
        return f"deleting {resource.title}"

    say(service.until(attempt, f"{resource.title} to be free, so that it can be deleted"))


def _stop_training(service: Service, solution: Live) -> None:
    for version in service.summaries(kinds.SOLUTION_VERSION, solutionArn=solution.arn):
        if version["status"] in CREATING:
            _stop(service, version["solutionVersionArn"])


def _stop(service: Service, version_arn: str) -> None:
    errors = service.client.exceptions
    try:
        service.client.stop_solution_version_creation(solutionVersionArn=version_arn)
    except (errors.ResourceInUseException, errors.ResourceNotFoundException):
        return  # it has ended meanwhile


def _wait_until_gone(service: Service, resource: Live) -> None:
    def look() -> bool | None:
        return True if service.describe_if_exists(resource.kind, resource.arn) is None else None

    service.until(look, f"{resource.title} to be gone")
