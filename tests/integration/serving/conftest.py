"""What serving reads a warehouse with, opened for the length of a test."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.migrations import upgrade
from services.serving.database import Database
from services.serving.groups import Groups
from services.serving.lists import StoredLists
from services.serving.recommendations.repository import RecommendationsRepository
from services.stack.postgres import free_port
from tests.integration.serving.current_user import Visitors
from tests.integration.serving.webhook import Receiver
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


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """Two users: `known` has a list and lives in Lahore; `new` lives there too and has none."""
    now = datetime.now(UTC)
    for product_id, n_orders, category, price, days in (
        ("tea", 90, "Pantry", 4, 1), ("mug", 60, "Kitchen", 8, 2), ("pan", 30, "kitchen", 25, 3),
        ("cup", 10, "Kitchen", 6, 90),
    ):  # fmt: skip
        sold_at = now - timedelta(days=days)
        shop.product(product_id, n_orders, category=category, last_price=price, last_sold_at=sold_at)
    shop.run("update core.products set product_name = 'Green tea' where product_id = 'tea'")
    shop.product("POST", 500, is_product=False)
    shop.list_of("users", "known", ("cup", 0.4), ("pan", 0.3), ("tea", 0.2), ("mug", 0.1))
    shop.list_of("items", "tea", ("mug", 0.9), ("pan", 0.1))
    shop.region("Lahore", "known", "new", pan=20, mug=5)
    shop.region("Multan", cup=2)
    shop.ordered("tea", 90, recently=1, earlier=9)
    shop.ordered("mug", 60, recently=20, earlier=10)
    shop.ordered("pan", 30, recently=9, earlier=0)
    shop.ordered("cup", 10, recently=2, earlier=2)
    shop.purchased("known", "tea")
    shop.bought_together("mug", tea=0.5, pan=0.2)
    shop.bought_together("pan", mug=0.2)
    shop.publish()
    return shop


@pytest.fixture
def asked(visitors: Visitors) -> Visitors:
    """u1 has a list and bought a mug; u2 has no list and bought a mug; u3 is new."""
    visitors.known("u1", "u2", "u3")
    for product_id, name, category in (
        ("mug", "Red Enamel Mug", "kitchen"), ("cup", "Blue Enamel Cup", "kitchen"), ("tea", "Green Tea", "food"),
        ("lamp", "Lamp", "light"), ("best", "Best Seller", "other"),
    ):  # fmt: skip
        visitors.shop.product(product_id, 5, product_name=name, category=category, last_price=5)
    visitors.shop.run("update core.products set n_orders = 50 where product_id = 'best'")
    visitors.shop.list_of("users", "u1", ("lamp", 0.9), ("cup", 0.3))
    visitors.shop.purchased("u1", "mug")
    visitors.shop.purchased("u2", "mug")
    visitors.shop.bought_together("mug", tea=0.8)
    visitors.shop.publish()
    return visitors


@pytest.fixture
def receiver(warehouse_url: str) -> Iterator[Receiver]:
    upgrade(warehouse_url)
    with ExitStack() as opened:
        yield Receiver(warehouse_url, opened)


@pytest.fixture
def webhook_api(receiver: Receiver) -> TestClient:
    return receiver.api()
