"""The cache: which generation readers see, how much of what was asked it answers, and why records gave no list."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.sql import Identifier

from aisle.charts import Level
from aisle.settings import get_settings
from aisle.ui.groups import Choice
from aisle.ui.reader import Reader

N_GENERATIONS = 20

_LEVELS: dict[str, Level] = {"live": "good", "previous": "idle", "retired": "idle"}


@dataclass(frozen=True)
class Generation:
    """One generation with its coverage (None where nothing was asked) and its rejected records."""

    row: dict[str, Any]
    level: Level
    user_coverage: float | None
    item_coverage: float | None
    rejects: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Cache:
    """What `cache.html` draws."""

    generations: tuple[Generation, ...]
    min_coverage: float
    ttl: timedelta
    is_stale: bool
    rollbacks: tuple[dict[str, Any], ...]
    choice: Choice

    @property
    def live(self) -> Generation | None:
        return self._in_state("live")

    @property
    def previous(self) -> Generation | None:
        return self._in_state("previous")

    def _in_state(self, state: str) -> Generation | None:
        return next((generation for generation in self.generations if generation.row["state"] == state), None)


def read(reader: Reader, choice: Choice) -> Cache:
    """Read the page of one group: the generations and rejected records of its cache, and ops.interventions."""
    parts = {"cache": Identifier(choice.shown.cache_schema)}
    rejects: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in reader.rows("ui/cache/rejects", parts):
        rejects[row["generation"]].append(row)
    rows = reader.rows("ui/cache/generations", parts, n_generations=N_GENERATIONS)
    generations = tuple(_generation(row, tuple(rejects[row["generation"]])) for row in rows)
    live_at = [generation.row["published_at"] for generation in generations if generation.row["state"] == "live"]
    settings = get_settings().publish
    is_stale = any(datetime.now(UTC) - published_at > settings.cache_ttl for published_at in live_at)
    subject = choice.shown.key("cache")
    rollbacks = tuple(row for row in reader.rows("ops/interventions/newest_rollbacks") if row["subject"] == subject)
    return Cache(generations, settings.min_coverage, settings.cache_ttl, is_stale, rollbacks, choice)


def _generation(row: dict[str, Any], rejects: tuple[dict[str, Any], ...]) -> Generation:
    return Generation(
        row=row,
        level=_LEVELS[row["state"]],
        user_coverage=_share(row["user_lists"], row["users_asked"]),
        item_coverage=_share(row["item_lists"], row["items_asked"]),
        rejects=rejects,
    )


def _share(lists: int, asked: int) -> float | None:
    return lists / asked if asked else None
