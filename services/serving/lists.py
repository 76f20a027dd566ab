"""Lists of products as the cache stores them, and how they are looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import msgspec

from aisle.contracts.recommendations import LIST_TABLES, ScoredProduct, ScoreKind, Subject
from services.serving.batches import Batches
from services.serving.groups import Groups

_decode = msgspec.json.Decoder(list[ScoredProduct]).decode


class StoredList(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the cache. `updated_at` carries UTC."""

    products: Sequence[ScoredProduct]
    generation: str
    score_kind: ScoreKind
    updated_at: datetime
    model_version: str | None = None


class StoredLists:
    """The lists of the live generation, looked up in batches: one of each subject and set of dataset groups."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._batches: dict[tuple[Subject, tuple[str, ...]], Batches[str, StoredList]] = {}

    async def find(self, subject: Subject, key: str, group: str | None = None) -> StoredList | None:
        """Return the list of one user or one item; without a group, that of the first group that has one.

        Raises GroupUnknown.
        """
        schemas = await self._groups.schemas_of(group)
        batches = self._batches.get((subject, schemas))
        if batches is None:
            batches = self._batches[subject, schemas] = Batches(partial(self.look_up, subject, schemas))
        return await batches.get(key)

    async def look_up(
        self, subject: Subject, schemas: tuple[str, ...], keys: Sequence[str]
    ) -> Mapping[str, StoredList]:
        """Return the lists of those of some users or items that have one in the groups with these schemas."""
        parameters = {"keys": keys, "subject": subject}
        rows = await self._groups.rows_of("cache/lists/look_up", schemas, parameters, LIST_TABLES[subject])
        first: dict[str, StoredList] = {}
        for _, key, products, generation, score_kind, updated_at, model_version in rows:
            if key not in first:
                first[key] = StoredList(
                    products=read_list(products),
                    generation=generation,
                    score_kind=score_kind,
                    updated_at=updated_at.replace(tzinfo=UTC),
                    model_version=model_version,
                )
        return first


def read_list(text: str) -> list[ScoredProduct]:
    """Decode a stored list. Of a product that it repeats, the first place counts."""
    products = _decode(text)
    if len({product.product_id for product in products}) == len(products):
        return products
    first: dict[str, ScoredProduct] = {}
    for product in products:
        first.setdefault(product.product_id, product)
    return list(first.values())
