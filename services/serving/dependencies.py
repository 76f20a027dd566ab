"""What every domain may use: settings, the warehouse, its lists, who is who, the way in for events, experiments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Request

from aisle.contracts.event_types import read_event_types
from services.serving.assignment.assigner import Assigner
from services.serving.assignment.definitions import read_experiments
from services.serving.assignment.exposures import Exposures
from services.serving.database import Database
from services.serving.groups import Groups
from services.serving.interactions.repository import InteractionsRepository
from services.serving.interactions.service import Interactions
from services.serving.lists import StoredLists
from services.serving.people import People
from services.serving.settings import ServingSettings

Made = TypeVar("Made")


@dataclass(frozen=True)
class Dependencies:
    """One of each per application."""

    settings: ServingSettings
    database: Database
    groups: Groups
    lists: StoredLists
    people: People
    interactions: Interactions
    assigner: Assigner
    exposures: Exposures
    _made: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: ServingSettings) -> Dependencies:
        """Make them as the settings say; nothing is connected yet."""
        database = Database(
            settings.database_url.get_secret_value(),
            pool_size=settings.pool_size,
            wait_seconds=settings.wait_seconds,
            has_sessions=not settings.transaction_pooling,
        )
        types = read_event_types(settings.event_types_file)
        interactions = Interactions(InteractionsRepository(database), types)
        groups, people = Groups(database), People(database, settings)
        return cls(
            settings,
            database,
            groups,
            StoredLists(groups),
            people,
            interactions,
            Assigner(read_experiments(settings.experiments_file), settings.identity_hash_key.get_secret_value()),
            Exposures(database),
        )

    def once(self, make: Callable[[ServingSettings], Made]) -> Made:
        """Return what a domain makes of the settings, made at its first use."""
        return self._once(make, self.settings)

    def shared(self, make: Callable[[Dependencies], Made]) -> Made:
        """Return what a domain makes of these dependencies, made at its first use."""
        return self._once(make, self)

    def _once(self, make: Callable[[Any], Made], of: Any) -> Made:
        if make not in self._made:
            self._made[make] = make(of)
        made: Made = self._made[make]
        return made


def dependencies_of(request: Request) -> Dependencies:
    """Return the dependencies of the application that a request came to."""
    dependencies: Dependencies = request.app.state.dependencies
    return dependencies
