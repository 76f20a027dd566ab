"""All that the recommendations read of the warehouse."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import msgspec
from psycopg.sql import Identifier

from aisle.contracts.recommendations import LONGEST_ANSWER, ScoredProduct, Subject
from aisle.warehouse import sql
from services.serving.batches import Batches
from services.serving.database import Database, Row
from services.serving.errors import GroupUnknown, TableMissing
from services.serving.groups import Groups
from services.serving.lists import StoredList, StoredLists
from services.serving.recommendations.questions import Filters, Region, Wishes
from services.serving.recommendations.reactions import NO_REACTIONS, Reactions, RecentReactions

#: Interactions with an item by which a wish rates it, the newest ones.
_N_REACTIONS_TO_ITEM = 200


class PopularProducts(msgspec.Struct, frozen=True, kw_only=True):
    """The products that most orders hold, best first, with the number of orders as score.

    Those of a group belong to its live generation and were counted with it (`counted_at` carries UTC); those of the
    whole shop have neither.
    """

    products: Sequence[ScoredProduct]
    generation: str | None = None
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownUser:
    """What answers begin with: the list of a user, if there is one, and what the user did lately."""

    stored: StoredList | None
    reactions: Reactions


@dataclass(frozen=True, slots=True)
class ReactionsToItem:
    """Of the last interactions with an item: how many, on the device, near the hour, welcome and unwelcome."""

    interactions: int
    on_device: int
    near_hour: int
    welcome: int
    unwelcome: int


class BoughtWith(msgspec.Struct, frozen=True):
    """A purchase of a user that is in the same orders as some item."""

    item_id: str
    name: str | None


class RecommendationsRepository:
    """Lists belong to a dataset group. Of no group in particular, the first that has the list answers.

    A group that is named and has no lists at all raises GroupUnknown.
    """

    def __init__(self, database: Database, groups: Groups, lists: StoredLists) -> None:
        self._database = database
        self._groups = groups
        self._lists = lists
        self._reactions = RecentReactions(database)
        self._users: dict[tuple[str, ...], Batches[str, KnownUser]] = {}

    async def user(self, user_id: str, group: str | None = None) -> KnownUser:
        """Return what is known of a user; both parts are looked up in one batch."""
        schemas = await self._groups.schemas_of(group)
        batches = self._users.get(schemas)
        if batches is None:
            batches = self._users[schemas] = Batches(partial(self._look_up_users, schemas))
        return await batches.get(user_id) or KnownUser(None, NO_REACTIONS)

    async def _look_up_users(self, schemas: tuple[str, ...], user_ids: Sequence[str]) -> Mapping[str, KnownUser]:
        lists, reactions = await asyncio.gather(
            self._lists.look_up("users", schemas, user_ids), self._reactions.look_up(user_ids)
        )
        return {user_id: KnownUser(lists.get(user_id), reactions.get(user_id, NO_REACTIONS)) for user_id in user_ids}

    async def list_of(self, subject: Subject, key: str, group: str | None = None) -> StoredList | None:
        """Return the list of one user or one item, if there is one."""
        return await self._lists.find(subject, key, group)

    async def spellings(self, item_id: str) -> Sequence[str]:
        """Return the ids of products that differ from this one by case and white space only, at most a few."""
        try:
            rows = await self._database.fetch(sql("core/products/spellings"), {"item_id": " ".join(item_id.split())})
        except TableMissing:  # no marts yet: then there are no other spellings either
            return []
        return [product_id for (product_id,) in rows]

    async def popular(self, filters: Filters, *, n_items: int = LONGEST_ANSWER) -> Sequence[ScoredProduct]:
        """Return what most orders of the whole shop hold; of a region, what most of its orders hold."""
        if not filters.are_any:
            return _scored(await self._database.fetch(sql("core/products/popular"), {"n_items": n_items}))
        return await self._best(filters, is_trend=False)

    async def trending(self, filters: Filters) -> Sequence[ScoredProduct]:
        """Return the products whose orders grew most against the time before."""
        return await self._best(filters, is_trend=True)

    async def popular_in(self, region: Region, filters: Filters) -> Sequence[ScoredProduct]:
        """Return what most orders of a region hold; nothing while there are no marts of regions."""
        try:
            return await self._best(replace(filters, region=region), is_trend=False)
        except TableMissing:
            return []

    async def has_group(self, group: str) -> bool:
        """Whether lists of a dataset group are published."""
        try:
            return bool(await self._groups.schemas_of(group))
        except GroupUnknown:
            return False

    async def popular_of_group(self, group: str) -> PopularProducts | None:
        """Return what most orders of a group hold; None if it keeps none, as one that has the whole shop."""
        (schema,) = await self._groups.schemas_of(group)
        statement = sql("cache/popular_products/look_up", cache=Identifier(schema))
        try:
            rows = await self._database.fetch(statement, {"n_items": LONGEST_ANSWER})
        except TableMissing:  # last published before groups kept any
            return None
        if not rows:
            return None
        *_, generation, published_at = rows[0]
        return PopularProducts(products=_scored(rows), generation=generation, counted_at=published_at)

    async def bought_together(self, item_id: str) -> Sequence[ScoredProduct]:
        """Return what is purchased in the same orders as an item, closest first."""
        return _scored(await self._database.fetch(sql("core/products_bought_together/closest"), {"item_id": item_id}))

    async def orders_of(self, item_ids: Sequence[str]) -> Mapping[str, float]:
        """Return how many orders hold each of these items; those that none holds are left out."""
        return dict(await self._database.fetch(sql("core/products/orders_of"), {"item_ids": list(item_ids)}))

    async def prices_of(self, item_ids: Sequence[str]) -> Mapping[str, float]:
        """Return the price per unit of those of these items that have one."""
        return dict(await self._database.fetch(sql("core/products/prices_of"), {"item_ids": list(item_ids)}))

    async def orders_in(self, region: Region, item_ids: Sequence[str]) -> Mapping[str, float]:
        """Return how many orders of a region hold each of these items; those that none holds are left out."""
        values = {"region_kind": region.kind, "region": region.key, "item_ids": list(item_ids)}
        return dict(await self._database.fetch(sql("core/popular_products/orders_in_region"), values))

    async def reactions_of(self, user_id: str) -> Reactions:
        """Return what a user did to items lately."""
        return await self._reactions.of(user_id)

    async def reactions_to(self, item_ids: Sequence[str], wishes: Wishes) -> Mapping[str, ReactionsToItem]:
        """Return how users reacted to these items; those to which nobody did are left out."""
        values = {
            "item_ids": list(item_ids), "device": wishes.device, "hour": wishes.hour or 0,
            "n_reactions": _N_REACTIONS_TO_ITEM,
        }  # fmt: skip
        rows = await self._database.fetch(sql("serving/reactions/to_items"), values)
        return {item_id: ReactionsToItem(*counts) for item_id, *counts in rows}

    async def fitting(self, item_ids: Sequence[str], filters: Filters) -> frozenset[str]:
        """Return which of these items the filters let through."""
        kind, key = (filters.region.kind, filters.region.key) if filters.region else (None, None)
        values = {**filters.of_products, "item_ids": list(item_ids), "region_kind": kind, "region": key}
        return _first_column(await self._database.fetch(sql("core/products/fitting"), values))

    async def purchased(self, user_id: str, item_ids: Sequence[str]) -> frozenset[str]:
        """Return which of these items a user has purchased."""
        values = {"user_id": user_id, "item_ids": list(item_ids)}
        try:
            return _first_column(await self._database.fetch(sql("personalize/interactions/purchased_of"), values))
        except TableMissing:  # no marts yet: then nobody has purchased anything
            return frozenset()

    async def bought_with(self, user_id: str, item_ids: Sequence[str]) -> Mapping[str, BoughtWith]:
        """Return, for those of the items that have one, the closest purchase of a user."""
        values = {"user_id": user_id, "item_ids": list(item_ids)}
        rows = await self._database.fetch(sql("core/products_bought_together/with_purchases_of"), values)
        return {item_id: BoughtWith(other, name) for item_id, other, name in rows}

    async def region_of(self, user_id: str) -> Region | None:
        """Return where a user lives, if orders say so."""
        try:
            rows = await self._database.fetch(sql("core/regions/of_user"), {"user_id": user_id})
        except TableMissing:  # marts of an earlier version
            return None
        return Region(*rows[0]) if rows else None

    async def region(self, kind: str, name: str) -> Region | None:
        """Return a region by its name, in whatever case."""
        rows = await self._database.fetch(sql("core/regions/find"), {"region_kind": kind, "region": name})
        return Region(*rows[0]) if rows else None

    async def _best(self, filters: Filters, *, is_trend: bool) -> Sequence[ScoredProduct]:
        kind, key = (filters.region.kind, filters.region.key) if filters.region else ("all", "ALL")
        place = {"region_kind": kind, "region": key, "is_trend": is_trend, "n_items": LONGEST_ANSWER}
        return _scored(await self._database.fetch(sql("core/popular_products/best"), filters.of_products | place))


def _scored(rows: Sequence[Row]) -> list[ScoredProduct]:
    """Of rows that begin with a product and its score."""
    return [ScoredProduct(*row[:2]) for row in rows]


def _first_column(rows: Sequence[Row]) -> frozenset[str]:
    return frozenset(value for (value,) in rows)
