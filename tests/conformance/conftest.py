from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3
import httpx
import pytest

from services.engine.protocol import CONTROL, paths
from tests.conformance import refusals
from tests.conformance.drivers import SERVICE_OF, Answered, Boto, CommandLine
from tests.conformance.life import Life
from tests.integration.engine_process import EngineProcess

PATHS = {operation.name: path for path, operation in paths().items()}


@dataclass
class Lived:
    """Two whole lives, and all answers in them."""

    boto: Life
    command_line: Life
    answered_to_boto: list[Answered]
    answered_to_command_line: list[Answered]


@dataclass(frozen=True, slots=True)
class Grown:
    """An engine in which everything stays pending, the life in it, and the answers to the trainings stopped there."""

    engine: EngineProcess
    life: Life
    stops_by_boto: list[Answered]
    stops_by_hand: list[Answered]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[EngineProcess]:
    running = EngineProcess(tmp_path_factory.mktemp("conformance") / "data", s3_endpoint)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def storage(s3_endpoint: str) -> tuple[Any, str]:
    """A client of the S3 server, and a bucket."""
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    client.create_bucket(Bucket="conformance")
    return client, "conformance"


@pytest.fixture(scope="session")
def lived(engine: EngineProcess, grown: Grown, storage: tuple[Any, str]) -> Lived:
    """Run both lives at the same time in one engine, with the stopped trainings of the other engine."""
    boto, command_line = Boto(engine.url), CommandLine(engine.url)
    by_hand = Life("by-hand", command_line, Boto(engine.url), *storage)
    by_boto = Life("by-boto", boto, Boto(engine.url), *storage)
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(by_hand.live)
        by_boto.live()
        other.result()
    boto.answered += grown.stops_by_boto
    command_line.answered += grown.stops_by_hand
    return Lived(by_boto, by_hand, boto.answered, command_line.answered)


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str, storage: tuple[Any, str]) -> Iterator[Grown]:
    """Grow a life in an engine of its own in which, from then on, everything that starts stays pending.

    Beside its data folder is a copy, for an engine in the test's own process.
    """
    running = EngineProcess(tmp_path_factory.mktemp("errors") / "data", s3_endpoint, ENGINE_QUOTAS="service")
    try:
        life = Life("errors", Boto(running.url), Boto(running.url), *storage)
        life.grow()
        life.spare()
        assert running.stop() == 0
        shutil.copytree(running.data_dir, running.data_dir.with_name("copy"))
        running.start(ENGINE_STEP_SECONDS="3600")
        boto, command_line = Boto(running.url), CommandLine(running.url)
        life.stop_a_training(boto)
        life.stop_a_training(command_line)
        yield Grown(running, life, boto.answered, command_line.answered)
    finally:
        stopped = running.stop()
    assert stopped == 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A raw error answer."""

    status: int
    header: str | None
    body: dict[str, Any]


@pytest.fixture(scope="session")
def refused(grown: Grown) -> dict[tuple[str, str], Refusal]:
    """Send each request of the table; by raw HTTP, because a client refuses some of them itself."""
    life = grown.life
    refusals.begin(life)
    table = refusals.table()
    answers: dict[tuple[str, str], Refusal] = {}
    with httpx.Client(base_url=grown.engine.url) as client:
        for operation, code in sorted(table, key=lambda case: case[1] == refusals.LIMIT):
            if code == refusals.LIMIT:
                refusals.fill(life, operation)
            answers[operation, code] = ask(client, operation, table[operation, code](life))
    return answers


def ask(client: httpx.Client, operation: str, request: dict[str, Any]) -> Refusal:
    of_control = SERVICE_OF[operation] == CONTROL
    headers = {"X-Amz-Target": f"AmazonPersonalize.{operation}"} if of_control else {}
    answer = client.post(PATHS.get(operation, "/"), headers=headers, content=json.dumps(request), timeout=30)
    return Refusal(answer.status_code, answer.headers.get("x-amzn-errortype"), answer.json())


@pytest.fixture(scope="session")
def workshop(engine: EngineProcess, storage: tuple[Any, str]) -> Life:
    """A grown life in which tests may change things."""
    life = Life("workshop", Boto(engine.url), Boto(engine.url), *storage)
    life.grow()
    return life


@pytest.fixture(scope="session")
def wire(engine: EngineProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=engine.url) as client:
        yield client
