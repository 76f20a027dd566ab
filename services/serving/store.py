"""Where lists come from: one Protocol, two back ends, one shared test suite."""

from __future__ import annotations

from collections.abc import Sequence
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
    """All that the API reads. Every method raises DatabaseUnreachable if it cannot know.

    Lists belong to a dataset group. Of no group in particular, the first that has the list answers; a group that is
    named and has no lists at all raises GroupUnknown.
    """

    async def open(self) -> None:
        """Get ready; does not fail if the database is not there yet."""

    async def close(self) -> None:
        """Let go of every connection."""

    async def recommendations(self, user_id: str, group: str | None = None) -> StoredList | None:
        """The list of one user, if there is one."""

    async def similar(self, item_id: str, group: str | None = None) -> StoredList | None:
        """The list of one item, if there is one."""

    async def popular(self, limit: int) -> Sequence[ScoredProduct]:
        """The products that most orders hold, with the number of orders as score."""

    async def live_generation(self) -> LiveGeneration | None:
        """The live generation of the first group that has one; None if nothing was ever published."""
