"""Whether the process lives, and whether it can answer. Open to everybody: they tell nothing about anybody."""

from __future__ import annotations

from fastapi import APIRouter, Request

from services.serving.errors import CacheEmpty, DatabaseUnreachable, TableMissing, responses
from services.serving.schemas import Liveness, Readiness
from services.serving.store import Store

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="Does the process answer?")
async def live() -> Liveness:
    """Asks no neighbour: a failing database is no reason to restart this process."""
    return Liveness()


@router.get(
    "/ready",
    summary="Can it serve, and which generation?",
    responses=responses(DatabaseUnreachable, TableMissing, CacheEmpty),
)
async def ready(request: Request) -> Readiness:
    """Names the live generation, or the neighbour that is missing."""
    store: Store = request.app.state.store
    found = await store.live_generation()
    if found is None:
        raise CacheEmpty("the cache holds no generation yet: run the publish DAG once")
    return Readiness(
        generation=found.generation,
        published_at=found.published_at,
        user_lists=found.user_lists,
        item_lists=found.item_lists,
    )
