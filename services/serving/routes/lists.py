"""The two lists: recommendations of a user, similar items of an item."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.recommendations import LONGEST_ANSWER
from services.serving.auth import require_api_key
from services.serving.errors import (
    INVALID_REQUEST,
    DatabaseUnreachable,
    GroupUnknown,
    ItemUnknown,
    TableMissing,
    Unauthorized,
    responses,
)
from services.serving.schemas import SimilarItems, UserRecommendations, cached_list, popular_list
from services.serving.settings import ServingSettings
from services.serving.store import Store

router = APIRouter(prefix="/api/v1", tags=["recommendations"], dependencies=[Depends(require_api_key)])

#: An id may hold a slash; NUL cannot be stored, so nobody has it.
Id = Annotated[str, Path(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00]+$")]
Group = Annotated[
    str | None,
    Query(min_length=1, max_length=63, description="Dataset group; without it, the first that has such a list answers"),
]
Limit = Annotated[int, Query(ge=1, le=LONGEST_ANSWER, description="Most items to answer with")]


@router.get(
    "/recommendations/{user_id:path}",
    summary="Recommendations for one user",
    responses=responses(Unauthorized, GroupUnknown, DatabaseUnreachable, TableMissing) | INVALID_REQUEST,
)
async def recommendations(request: Request, user_id: Id, limit: Limit = 25, group: Group = None) -> UserRecommendations:
    """The user's own list, or, for a user without one, the most ordered products (`source` is `popular`).

    These are the named group's where it has a part of the shop, else those of the whole shop.
    """
    store, settings = _neighbours(request)
    if stored := await store.recommendations(user_id, group):
        found = cached_list(stored, limit, settings.cache_ttl)
    else:
        found = popular_list(await store.popular(limit, group), settings.cache_ttl)
    return UserRecommendations(user_id=user_id, **dict(found))


@router.get(
    "/similar/{item_id:path}",
    summary="Items similar to one item",
    responses=responses(Unauthorized, ItemUnknown, GroupUnknown, DatabaseUnreachable, TableMissing) | INVALID_REQUEST,
)
async def similar(request: Request, item_id: Id, limit: Limit = 25, group: Group = None) -> SimilarItems:
    """The item's list; the item itself is never in it.

    An id in other case than the shop's is answered, too, with the id as the shop spells it, if only one item can be
    meant.
    """
    store, settings = _neighbours(request)
    stored = await store.similar(item_id, group)
    if stored is None:
        item_id = await _spelt(store, item_id)
        stored = await store.similar(item_id, group)
    if stored is None:
        raise ItemUnknown(f"no similar items are cached for item {item_id!r}; nothing may be like it yet")
    return SimilarItems(item_id=item_id, **dict(cached_list(stored, limit, settings.cache_ttl)))


async def _spelt(store: Store, item_id: str) -> str:
    """Return the id as the shop spells it. Raises ItemUnknown if no item, or more than one, can be meant."""
    spellings = await store.spellings(item_id)
    if not spellings:
        raise ItemUnknown(f"no item {item_id!r} is known, in upper or lower case; compare the id with the orders")
    if len(spellings) > 1 and item_id not in spellings:
        raise ItemUnknown(f"item {item_id!r} may be any of {', '.join(map(repr, spellings))}; ask for one of them")
    return item_id if item_id in spellings else spellings[0]


def _neighbours(request: Request) -> tuple[Store, ServingSettings]:
    return request.app.state.store, request.app.state.settings
