"""What serving reads a warehouse with, opened for the length of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import NamedTuple

import pytest

from services.serving.database import Database
from services.serving.groups import Groups
from services.serving.recommendations.repository import RecommendationsRepository
from tests.serving_shop import Shop


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


@pytest.fixture
def shop(warehouse_url: str) -> Iterator[Shop]:
    with ExitStack() as opened_apis:
        yield Shop(warehouse_url, opened_apis)
