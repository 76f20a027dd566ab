"""All that the regions read and keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aisle.contracts.recommendations import ScoredProduct
from aisle.warehouse import sql
from services.serving.database import Database
from services.serving.groups import Groups
from services.serving.lists import read_list


@dataclass(frozen=True, slots=True)
class Region:
    """A region with the number of its active users."""

    key: str
    name: str
    n_active_users: int


class RegionsRepository:
    """Samples come from the marts, lists from the cache, and results from schema `serving`."""

    def __init__(self, database: Database, groups: Groups) -> None:
        self._database = database
        self._groups = groups

    async def regions(self, kind: str) -> Sequence[Region]:
        """Return the regions of a kind that have active users, the most populous first."""
        return [Region(*row) for row in await self._database.fetch(sql("serving/regions/list"), {"region_kind": kind})]

    async def region(self, kind: str, name: str) -> Region | None:
        """Return a region by its name, in whatever case."""
        rows = await self._database.fetch(sql("serving/regions/find"), {"region_kind": kind, "region": name})
        return Region(*rows[0]) if rows else None

    async def live_generation(self) -> str | None:
        """Return the live generation; of several groups all of theirs, in the order of the groups."""
        rows = await self._groups.all_of("cache/generations/live", {})
        return ", ".join(str(generation) for _, generation, *_ in rows) or None

    async def sample(self, kind: str, region: str, seed: str, n_users: int) -> Sequence[str]:
        """Return some active users of a region, the same ones for the same seed."""
        values = {"region_kind": kind, "region": region, "seed": seed, "n_users": n_users}
        return [user_id for (user_id,) in await self._database.fetch(sql("serving/regions/sample"), values)]

    async def lists(self, user_ids: Sequence[str]) -> Sequence[Sequence[ScoredProduct]]:
        """Return the lists of those who have one, of the first group that has it; one snapshot of all caches."""
        rows = await self._groups.all_of("serving/regions/lists", {"user_ids": list(user_ids)})
        first = {user_id: products for _, user_id, products in reversed(rows)}
        return [read_list(products) for products in first.values()]

    async def names(self, item_ids: Sequence[str]) -> Mapping[str, str | None]:
        """Return what items are called; items that are unknown are left out."""
        return dict(await self._database.fetch(sql("serving/regions/names"), {"item_ids": list(item_ids)}))

    async def result(self, kind: str, region: str, window: datetime, generation: str | None = None) -> str | None:
        """Return the newest kept result of a window, as JSON; of one generation, if it is given."""
        values = {"region_kind": kind, "region": region, "window_start": window, "generation": generation}
        rows = await self._database.fetch(sql("serving/region_results/find"), values)
        return str(rows[0][0]) if rows else None

    async def history(self, kind: str, region: str, n_windows: int) -> Sequence[str]:
        """Return the last result of each of the last windows, as JSON, the newest first."""
        values = {"region_kind": kind, "region": region, "n_windows": n_windows}
        return [result for (result,) in await self._database.fetch(sql("serving/region_results/history"), values)]

    async def keep(
        self, kind: str, region: str, window: datetime, generation: str, result: str, since: datetime
    ) -> None:
        """Keep the result of a window, unless somebody was faster, and forget those of windows before `since`."""
        values = {
            "region_kind": kind, "region": region, "window_start": window, "generation": generation, "result": result,
            "since": since,
        }  # fmt: skip
        await self._database.write(
            (sql("serving/region_results/keep"), sql("serving/region_results/forget_old")), values
        )
