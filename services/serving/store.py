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


class PopularProducts(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown to a user without a list, best first, with the number of orders as score.

    Those of a group belong to its live generation and were counted with it (`counted_at` carries UTC); those of the
    whole shop have neither.
    """

    products: Sequence[ScoredProduct]
    generation: str | None = None
    counted_at: datetime | None = None


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

    async def spellings(self, item_id: str) -> Sequence[str]:
        """Ids of products that differ from this one by case and white space only, at most a few."""

    async def popular(self, limit: int, group: str | None = None) -> PopularProducts:
        """The products that most orders of a group hold; of no group, or of one that keeps none, the whole shop's."""

    async def live_generation(self) -> LiveGeneration | None:
        """The live generation of the first group that has one; None if nothing was ever published."""
