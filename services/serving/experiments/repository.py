"""All that the reports read of the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from aisle.warehouse import sql
from services.serving.assignment.definitions import Experiment
from services.serving.database import Database


@dataclass(frozen=True)
class ArmCounts:
    """Users of one arm."""

    n_exposed: int = 0
    n_observed: int = 0
    n_clicked: int = 0
    n_purchased: int = 0
    n_rejected: int = 0


class ExperimentsRepository:
    """Exposures, joined with what the users did afterwards."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, experiment: Experiment, moment: datetime) -> tuple[dict[str, ArmCounts], int]:
        """Return the users by arm at a moment, and how many were shown more than one arm."""
        values = {"experiment": experiment.name, "moment": moment, "observation": experiment.observation}
        rows = await self._database.fetch(sql("serving/experiments/outcomes"), values)
        n_in_several = sum(row[1] for row in rows if row[0] is None)
        return {arm: ArmCounts(*counts) for arm, *counts in rows if arm is not None}, n_in_several

    async def days(self, experiment: Experiment) -> list[tuple[date, str, int]]:
        """Return the users who were first shown an arm, by day and arm."""
        rows = await self._database.fetch(sql("serving/experiments/days"), {"experiment": experiment.name})
        return [(day, arm, n_users) for day, arm, n_users in rows]
