"""How a solution is set up: made as the file says, and trained only as long as it still is so."""

from __future__ import annotations

from typing import Any

from aisle.errors import FinalError
from aisle.groups.desired import solution_settings
from aisle.groups.environment import Solution
from aisle.groups.resource import Resource
from aisle.resources.live import settings_of_solution
from aisle.resources.plan import differences
from personalize_kinds import kinds


def operator_arguments(solution: Solution) -> dict[str, Any]:
    """Return the arguments with which the operator creates a solution: those of `aisle apply`."""
    settings = solution_settings(solution)
    return {
        "recipe_arn": solution.recipe_arn,
        "solution_config": settings.get("solutionConfig"),
        "perform_auto_training": settings.get("performAutoTraining", False),
        "perform_hpo": solution.perform_hpo,
        "perform_incremental_update": solution.incremental_update,
        "event_type": solution.event_type,
    }


def refuse_other_set_up(solution: Solution, description: dict[str, Any]) -> None:
    """Raise FinalError if the solution in the service is set up differently from the file.

    A solution trains as it was created, so its next version would not be what the file asks for.
    """
    name = description["name"]
    there = Resource(kinds.SOLUTION, name, settings_of_solution(description))
    changes = differences(there, Resource(kinds.SOLUTION, name, solution_settings(solution)))
    if changes:
        raise FinalError(
            f"training the solution {name}: it is not set up as the file says ({'; '.join(map(str, changes))}). "
            "`aisle plan` shows what would change and `aisle apply` changes it, with `--prune` if it has to be "
            "recreated; to keep the old one until then, give the new one another name in the file"
        )
