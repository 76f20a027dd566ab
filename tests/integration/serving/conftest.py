"""What serving reads a warehouse with, opened for the length of a test."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.migrations import upgrade
from services.serving.database import Database
from services.serving.groups import Groups
from services.serving.lists import StoredLists
from services.serving.recommendations.repository import RecommendationsRepository
from services.stack.postgres import free_port
from tests.integration.serving.current_user import Visitors
from tests.serving_shop import KEY, Shop
from tests.waiting import wait_for_server


@dataclass(frozen=True, slots=True)
class Opened:
    """The reading half of the application."""

    database: Database
    repository: RecommendationsRepository
    groups: Groups


@asynccontextmanager
async def opened(url: str, pool_size: int = 4, *, has_sessions: bool = True) -> AsyncIterator[Opened]:
    database = Database(url, pool_size=pool_size, wait_seconds=2, has_sessions=has_sessions)
    await database.open()
    try:
        groups = Groups(database)
        yield Opened(database, RecommendationsRepository(database, groups, StoredLists(groups)), groups)
    finally:
        await database.close()


@pytest.fixture
def shop(warehouse_url: str) -> Iterator[Shop]:
    with ExitStack() as opened_apis:
        yield Shop(warehouse_url, opened_apis)


@pytest.fixture
def serving_program(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start the program over a shop, with further variables, and return its address; it ends with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(shop: Shop, **variables: str) -> str:
        port = free_port()
        environment = {
            **os.environ,
            "SERVING_DATABASE_URL": shop.url,
            "SERVING_API_KEY_HASHES": hashlib.sha256(KEY.encode()).hexdigest(),
            "SERVING_PORT": str(port),
            **variables,
        }
        log = tmp_path / f"serving-{port}.log"
        with log.open("w") as stderr:
            program = subprocess.Popen([sys.executable, "-m", "services.serving"], env=environment, stderr=stderr)
        started.append(program)
        wait_for_server(f"http://127.0.0.1:{port}/health/live", program, log)
        return f"http://127.0.0.1:{port}"

    yield start
    for program in started:
        program.terminate()
        program.wait(timeout=120)


@pytest.fixture
def visitors(shop: Shop) -> Visitors:
    upgrade(shop.url)
    return Visitors(shop)
