"""One engine behind one fault proxy, which is behind Airflow's `aws_default`, for all tests of this folder."""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from tests.integration.engine_process import EngineProcess
from tests.integration.faults.proxy import FaultProxy
from tests.integration.faults.world import World


@contextmanager
def running_engine(data: Path, s3_endpoint: str, **environment: str) -> Iterator[str]:
    """URL of an engine of its own process on this data folder."""
    engine = EngineProcess(data, s3_endpoint, **environment)
    try:
        yield engine.url
    finally:
        engine.stop()


def connection_to(personalize_url: str) -> str:
    """Airflow's `aws_default` with Personalize at this URL."""
    services = ("personalize", "personalize-runtime", "personalize-events")
    extra = {
        "region_name": "us-east-1",
        "service_config": {service: {"endpoint_url": personalize_url} for service in services},
    }
    return json.dumps({"conn_type": "aws", "login": "aisle", "password": "aisle-secret", "extra": extra})


@pytest.fixture(scope="session")
def shared_world(s3_endpoint: str) -> Iterator[World]:
    """The world that all rows share; each makes work of its own in it."""
    s3 = boto3.client("s3", endpoint_url=s3_endpoint)
    bucket = f"faults-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    with (
        tempfile.TemporaryDirectory(prefix="aisle-faults-") as home,
        running_engine(Path(home) / "engine", s3_endpoint) as url,
        FaultProxy(url).running() as proxy,
    ):
        yield World(url, proxy, s3, bucket, Path(home) / "engine")


@pytest.fixture(scope="session")
def slow_world(shared_world: World, s3_endpoint: str) -> Iterator[World]:
    """What the world was when this was asked for, in an engine whose jobs take for ever."""
    solution = shared_world.solution
    with tempfile.TemporaryDirectory(prefix="aisle-faults-") as home:
        data = Path(shutil.copytree(shared_world.data, Path(home) / "engine"))
        with running_engine(data, s3_endpoint, ENGINE_STEP_SECONDS="600") as url, FaultProxy(url).running() as proxy:
            slow = replace(shared_world, engine_url=url, proxy=proxy, data=data)
            slow.__dict__["solution"] = solution
            yield slow


@pytest.fixture
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The world that the test's row works in, which is behind `aws_default` for the test."""
    row = getattr(request.node, "callspec", None) and request.node.callspec.params.get("row")
    chosen: World = request.getfixturevalue("slow_world" if row and row.slow else "shared_world")
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection_to(chosen.proxy.url))
    chosen.proxy.heal()
    yield chosen
    chosen.proxy.heal()
