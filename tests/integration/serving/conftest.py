"""What serving reads a warehouse with, opened for the length of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from services.serving.database import Database
from services.serving.groups import Groups
from services.serving.recommendations.repository import RecommendationsRepository


class Opened(NamedTuple):
    """The reading half of the application."""

    repository: RecommendationsRepository
    groups: Groups


@asynccontextmanager
async def opened(url: str, pool_size: int = 4) -> AsyncIterator[Opened]:
    database = Database(url, pool_size=pool_size, wait_seconds=2)
    await database.open()
    try:
        groups = Groups(database)
        yield Opened(RecommendationsRepository(database, groups), groups)
    finally:
        await database.close()
