"""The store over dictionaries: for tests, and to try the API without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from aisle.contracts.recommendations import ScoredProduct
from services.serving.groups import chosen
from services.serving.store import LiveGeneration, PopularProducts, StoredList


class MemoryLists(NamedTuple):
    """The lists of one group."""

    users: Mapping[str, StoredList]
    items: Mapping[str, StoredList]
    popular: PopularProducts | None = None


class MemoryStore:
    """Lists in dictionaries, by the name of their group."""

    def __init__(
        self,
        groups: Mapping[str, MemoryLists] | None = None,
        popular: Sequence[ScoredProduct] = (),
        live: LiveGeneration | None = None,
    ) -> None:
        self._groups, self._popular, self._live = groups or {}, popular, live

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def recommendations(self, user_id: str, group: str | None = None) -> StoredList | None:
        return next((lists.users[user_id] for lists in self._of(group) if user_id in lists.users), None)

    async def similar(self, item_id: str, group: str | None = None) -> StoredList | None:
        return next((lists.items[item_id] for lists in self._of(group) if item_id in lists.items), None)

    async def spellings(self, item_id: str) -> Sequence[str]:
        known = {key for lists in self._groups.values() for key in lists.items}
        return sorted(key for key in known if _folded(key) == _folded(item_id))

    async def popular(self, limit: int, group: str | None = None) -> PopularProducts:
        own = self._of(group)[0].popular if group is not None else None
        found = own or PopularProducts(products=self._popular)
        return msgspec.structs.replace(found, products=found.products[:limit])

    async def live_generation(self) -> LiveGeneration | None:
        return self._live

    def _of(self, group: str | None) -> Sequence[MemoryLists]:
        return chosen(self._groups, group)


def _folded(item_id: str) -> str:
    return " ".join(item_id.split()).upper()
