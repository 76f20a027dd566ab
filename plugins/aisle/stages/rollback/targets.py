"""What can be rolled back: the cache, and the model of a solution. Each knows what is live, and how to go back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aisle.cache import generations
from aisle.groups.dataset_group import DatasetGroup
from aisle.models import registry
from aisle.ops.interventions import Intervention
from aisle.warehouse import connect


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that has a live and a previous state."""

    live: Callable[[], str | None]
    go_back: Callable[[str, str], str]  # takes who asked for it and why; gives what is live afterwards


def cache(group: DatasetGroup) -> Target:
    """Return the target for the generation that the users of a group are served."""
    return Target(
        lambda: generations.generation_in_state("live", group),
        lambda _by, _reason: generations.rollback(group),
    )


def model(group: DatasetGroup, key: str) -> Target:
    """Return the target for the version of a solution that a group's next `recommend` asks."""
    solution = group.key(key)
    return Target(
        lambda: registry.live_version(solution),
        lambda by, reason: registry.rollback(solution, by=by, reason=reason),
    )


def roll_back(target: Target, asked: Intervention) -> str | None:
    """Go back once, however often the run is tried: only while what was live at its first try still is."""
    with connect() as connection:
        before = asked.begin(connection, target.live())
    now = target.live()
    if now == before:
        now = target.go_back(asked.asked_by, asked.reason)
    with connect() as connection:
        asked.finish(connection, now)
    return now
