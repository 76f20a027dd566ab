"""A real engine process in front of a real S3 server, and boto3 clients that know nothing of either."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.integration.engine.shop import Shop, interactions_csv
from tests.integration.engine.world import World
from tests.integration.engine_process import EngineProcess


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[EngineProcess]:
    """One engine for all tests that do not stop it; they use names of their own."""
    running = EngineProcess(tmp_path_factory.mktemp("engine") / "data", s3_endpoint)
    yield running
    assert running.stop() == 0


@pytest.fixture
def own_engine(tmp_path: Path, s3_endpoint: str) -> Iterator[Callable[..., EngineProcess]]:
    """Starts engines for one test alone."""
    started: list[EngineProcess] = []

    def start(**environment: str) -> EngineProcess:
        (tmp_path / "data").mkdir(exist_ok=True)
        started.append(EngineProcess(tmp_path / "data", s3_endpoint, **environment))
        return started[-1]

    yield start
    for engine in started:
        engine.kill()


@pytest.fixture
def personalize(engine: EngineProcess) -> Any:
    return engine.client()


@pytest.fixture(scope="session")
def make_any_shop() -> Callable[[Any, str], Shop]:
    """Makes shops that outlive a test, each with a bucket of its own."""

    def make(client: Any, s3_endpoint: str) -> Shop:
        s3 = boto3.client("s3", endpoint_url=s3_endpoint)
        bucket = f"aisle-{uuid.uuid4().hex[:12]}"
        s3.create_bucket(Bucket=bucket)
        return Shop(client, s3, bucket)

    return make


@pytest.fixture
def make_shop(s3: Any, bucket: str) -> Callable[[Any], Shop]:
    return lambda client: Shop(client, s3, bucket)


@pytest.fixture
def shop(personalize: Any, make_shop: Callable[[Any], Shop]) -> Shop:
    return make_shop(personalize)


@pytest.fixture(scope="session")
def csv_of_interactions() -> str:
    return interactions_csv()


@pytest.fixture(scope="session")
def world(engine: EngineProcess, s3_endpoint: str) -> World:
    """One world for all tests of this folder; its campaigns are created when they are first asked for."""
    s3 = boto3.client("s3", endpoint_url=s3_endpoint)
    bucket = f"aisle-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    return World(Shop(engine.client(), s3, bucket), engine.url)


@pytest.fixture(scope="session")
def personal(world: World) -> str:
    """A campaign of user-personalization without exploration."""
    return world.campaign("aws-user-personalization", enableMetadataWithRecommendations=True)


@pytest.fixture(scope="session")
def second(world: World) -> str:
    """A campaign of the newer recipe, which gives reasons."""
    return world.campaign("aws-user-personalization-v2")


@pytest.fixture(scope="session")
def ranking(world: World) -> str:
    return world.campaign("aws-personalized-ranking-v2")


@pytest.fixture(scope="session")
def similar(world: World) -> str:
    return world.campaign("aws-sims")


@pytest.fixture
def stranger() -> str:
    return f"stranger-{uuid.uuid4().hex[:8]}"
