"""What of the warehouse says whether the API can answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.serving.groups import Groups


@dataclass(frozen=True, slots=True)
class CacheFigures:
    """What the live generation of a dataset group holds."""

    group: str
    generation: str
    published_at: datetime
    user_lists: int
    users_asked: int


@dataclass(frozen=True, slots=True)
class LiveGeneration:
    """What is served now."""

    generation: str
    published_at: datetime
    user_lists: int
    item_lists: int


async def live_generation(groups: Groups) -> LiveGeneration | None:
    """Return the live generation of the first group that has one; None if nothing was ever published."""
    row = await groups.first("cache/generations/live")
    return LiveGeneration(*row) if row else None


async def cache_figures(groups: Groups) -> list[CacheFigures]:
    """Return the figures of each group's live generation. Raises DatabaseUnreachable, TableMissing."""
    rows = await groups.all_of("cache/generations/figures", {})
    return [CacheFigures(groups.names[place], *figures) for place, *figures in rows]
