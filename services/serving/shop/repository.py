"""All that the shop page reads and keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from aisle.contracts.recommendations import ScoredProduct
from aisle.shop import N_POPULAR, Evidence, Metadata, Mode, Selection, ShopAnswer
from aisle.warehouse import sql
from services.serving.database import Database
from services.serving.errors import TableMissing
from services.serving.groups import Groups
from services.serving.lists import read_list


@dataclass(frozen=True, slots=True)
class Product:
    """A product as orders describe it."""

    product_id: str
    name: str | None
    category: str | None
    price: float | None


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request as it stands; `seconds` are those that it took, or that it has waited so far."""

    mode: Mode
    answer: ShopAnswer | None
    failure: str | None
    accepted_at: datetime
    finished_at: datetime | None
    seconds: float


class ShopRepository:
    """Products and places come from the marts, lists from the cache; requests are kept in schema `serving`."""

    def __init__(self, database: Database, groups: Groups) -> None:
        self._database = database
        self._groups = groups

    async def products(self, search: str | None, n_items: int) -> Sequence[Product]:
        """Return the most ordered products, of those whose name or id contains a text if one is given."""
        rows = await self._database.fetch(sql("serving/shop/products"), {"search": search, "n_items": n_items})
        return [Product(*row) for row in rows]

    async def details(self, product_ids: Sequence[str]) -> Mapping[str, Product]:
        """Return these products by id; those that are unknown are left out."""
        rows = await self._database.fetch(sql("serving/shop/details"), {"product_ids": list(product_ids)})
        return {row[0]: Product(*row) for row in rows}

    async def places(self) -> Sequence[tuple[Any, str]]:
        """Return kind and name of each place with customers."""
        return [(kind, name) for kind, name in await self._database.fetch(sql("serving/shop/places"))]

    async def evidence(self, selection: Selection) -> Evidence:
        """Return what is known about a selection; the lists are those of the first group that has any."""
        similar, generation = await self._similar(selection.product_ids)
        popular, place = await self._popular(selection.metadata)
        return Evidence(similar=similar, popular=popular, place=place, generation=generation)

    async def accept(self, user_id: str, selection: Selection) -> None:
        """Keep a request."""
        values = {"user_id": user_id, **selection.columns}
        await self._database.write((sql("serving/shop_requests/accept"),), values)

    async def store(self, user_id: str, answer: ShopAnswer | None, failure: str | None = None) -> None:
        """Keep the answer of a request, or why there is none; of several the first counts."""
        text = msgspec.json.encode(answer).decode() if answer else None
        values = {"user_id": user_id, "answer": text, "failure": failure}
        await self._database.write((sql("serving/shop_requests/store"),), values)

    async def unfinished(self, seconds: float) -> Sequence[tuple[str, Selection, float]]:
        """Return what was accepted within so many seconds and is not answered: its id, and how long it has waited."""
        rows = await self._database.fetch(sql("serving/shop_requests/unfinished"), {"seconds": seconds})
        return [
            (user_id, Selection.of(mode, product_ids, msgspec.json.decode(metadata, type=Metadata)), waited)
            for user_id, mode, product_ids, metadata, waited in rows
        ]

    async def find(self, user_id: str) -> StoredRequest | None:
        """Return a request by the id of its customer."""
        rows = await self._database.fetch(sql("serving/shop_requests/find"), {"user_id": user_id})
        if not rows:
            return None
        mode, answer, *rest = rows[0]
        return StoredRequest(mode, msgspec.json.decode(answer, type=ShopAnswer) if answer else None, *rest)

    async def _similar(self, product_ids: Sequence[str]) -> tuple[Mapping[str, Sequence[ScoredProduct]], str | None]:
        if not product_ids:
            return {}, None
        rows = await self._groups.all_of("serving/shop/similar", {"product_ids": list(product_ids)})
        of_first = [row for row in rows if row[0] == rows[0][0]]
        return {row[1]: read_list(row[2]) for row in of_first}, of_first[0][3] if of_first else None

    async def _popular(self, metadata: Metadata) -> tuple[Sequence[ScoredProduct], str | None]:
        values = {"city": metadata.city, "province": metadata.province, "n_items": N_POPULAR}
        try:
            rows = await self._database.fetch(sql("serving/shop/popular"), values)
        except TableMissing:  # marts of an earlier version
            return [], None
        return [ScoredProduct(*row[:2]) for row in rows], rows[0][2] if rows else None
