"""Whether the process lives, and whether it can answer. Open to everybody: they tell nothing about anybody."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from services.serving.dependencies import dependencies_of
from services.serving.errors import CacheEmpty, DatabaseUnreachable, TableMissing, responses
from services.serving.health.repository import live_generation
from services.serving.health.schemas import Liveness, Readiness
from services.serving.health.service import cache_gauges
from services.serving.metrics import exposition

router = APIRouter(tags=["health"])


@router.get("/health/live", summary="Does the process answer?")
async def live() -> Liveness:
    """Asks no neighbour: a failing database is no reason to restart this process."""
    return Liveness()


@router.get(
    "/health/ready",
    summary="Can it serve, and which generation?",
    responses=responses(DatabaseUnreachable, TableMissing, CacheEmpty),
)
async def ready(request: Request) -> Readiness:
    """Names the live generation, or the neighbour that is missing."""
    generation = await live_generation(dependencies_of(request).groups)
    if generation is None:
        raise CacheEmpty("the cache holds no generation yet: run the publish DAG once")
    return Readiness(**asdict(generation))


@router.get("/metrics", summary="What does it count?", response_class=Response)
async def metrics(request: Request) -> Response:
    """Requests and their times, sources of answers, events, and the state of the cache, in Prometheus' text format."""
    gauges = await cache_gauges(dependencies_of(request).groups)
    return Response(exposition() + gauges, media_type=CONTENT_TYPE_LATEST)
