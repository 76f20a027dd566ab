"""Where lists come from: one Protocol, two back ends, one shared test suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from aisle.contracts.recommendations import ScoredProduct, ScoreKind


class StoredList(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the cache. `updated_at` carries UTC."""

    products: Sequence[ScoredProduct]
    generation: str
    score_kind: ScoreKind
    updated_at: datetime


class LiveGeneration(msgspec.Struct, frozen=True, kw_only=True):
    """What is served now."""

    generation: str
    published_at: datetime
    user_lists: int
    item_lists: int


class Store(Protocol):
    """All that the API reads. Every method raises DatabaseUnreachable if it cannot know."""

    async def open(self) -> None:
        """Get ready; does not fail if the database is not there yet."""

    async def close(self) -> None:
        """Let go of every connection."""

    async def recommendations(self, user_id: str) -> StoredList | None:
        """The list of one user, if there is one."""

    async def similar(self, item_id: str) -> StoredList | None:
        """The list of one item, if there is one."""

    async def popular(self, limit: int) -> Sequence[ScoredProduct]:
        """The products that most orders hold, with the number of orders as score."""

    async def live_generation(self) -> LiveGeneration | None:
        """The live generation; None if nothing was ever published."""


class MemoryStore:
    """Lists in dictionaries: for tests, and to try the API without a database."""

    def __init__(
        self,
        users: Mapping[str, StoredList] | None = None,
        items: Mapping[str, StoredList] | None = None,
        popular: Sequence[ScoredProduct] = (),
        live: LiveGeneration | None = None,
    ) -> None:
        self._users, self._items, self._popular, self._live = users or {}, items or {}, popular, live

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def recommendations(self, user_id: str) -> StoredList | None:
        return self._users.get(user_id)

    async def similar(self, item_id: str) -> StoredList | None:
        return self._items.get(item_id)

    async def popular(self, limit: int) -> Sequence[ScoredProduct]:
        return self._popular[:limit]

    async def live_generation(self) -> LiveGeneration | None:
        return self._live
