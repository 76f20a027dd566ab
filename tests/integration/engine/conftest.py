"""A real engine process in front of a real S3 server, and boto3 clients that know nothing of either."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest

from aisle.contracts.personalize import INTERACTIONS
from services.stack.postgres import free_port
from tests.waiting import settled, wait_for_server

ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"
RECIPE = "arn:aws:personalize:::recipe/{}"


class EngineProcess:
    """`python -m services.engine` that can be killed and started again on the same port and data."""

    def __init__(self, data_dir: Path, s3_endpoint: str, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "AWS_ENDPOINT_URL_S3": s3_endpoint,
            "ENGINE_BUCKETS": "*",
            **environment,
        }
        self.start()

    def start(self, **environment: str) -> None:
        command = [sys.executable, "-m", "services.engine", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        with (self.data_dir.parent / "engine.log").open("ab") as log:
            self.process = subprocess.Popen(command, env={**self._environment, **environment}, stdout=log, stderr=log)
        wait_for_server(f"{self.url}/health/ready", self.process, self.data_dir.parent / "engine.log")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=120)

    def client(self) -> Any:
        return boto3.client("personalize", endpoint_url=self.url)


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


def interactions_csv(n_users: int = 60, n_items: int = 40, n_events: int = 1_500, seed: int = 7) -> str:
    """Two tastes: even users take even items, odd users odd ones; newer items of a user come later."""
    random = np.random.default_rng(seed)
    users = random.integers(0, n_users, n_events)
    items = random.integers(0, n_items // 2, n_events) * 2 + users % 2
    rows = [
        f"u{user},i{item},purchase,,{1_700_000_000 + n}"
        for n, (user, item) in enumerate(zip(users, items, strict=True))
    ]
    return "\n".join([INTERACTIONS.header, *rows, ""])


def described(describe: Callable[..., dict[str, Any]], **arguments: str) -> dict[str, Any]:
    """What is inside the wrapper of a Describe answer."""
    (resource,) = [value for key, value in describe(**arguments).items() if key != "ResponseMetadata"]
    return resource


def wait(describe: Callable[..., dict[str, Any]], seconds: float = 120, **arguments: str) -> dict[str, Any]:
    """Poll as a client does until the resource has settled."""
    return settled(lambda: described(describe, **arguments), seconds=seconds)


class Shop:
    """Drives the whole life of one dataset group through a client."""

    def __init__(self, client: Any, s3: Any, bucket: str) -> None:
        self.client, self.s3, self.bucket = client, s3, bucket
        self.name = bucket  # fresh for every test

    def group(self) -> str:
        arn = self.client.create_dataset_group(name=self.name)["datasetGroupArn"]
        assert wait(self.client.describe_dataset_group, datasetGroupArn=arn)["status"] == "ACTIVE"
        return arn

    def dataset(self, group: str, contract: Any = INTERACTIONS) -> str:
        schema = self.client.create_schema(name=f"{self.name}-{contract.name}", schema=contract.avro_schema)[
            "schemaArn"
        ]
        arn = self.client.create_dataset(
            name=contract.name, schemaArn=schema, datasetGroupArn=group, datasetType=contract.type
        )["datasetArn"]
        wait(self.client.describe_dataset, datasetArn=arn)
        return arn

    def upload(self, key: str, content: str) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content.encode())
        return f"s3://{self.bucket}/{key}"

    def import_csv(self, dataset: str, content: str, name: str = "first", **options: Any) -> dict[str, Any]:
        location = self.upload(f"export/{name}/data.csv", content)
        return self.import_from(dataset, location, name, **options)

    def import_from(self, dataset: str, location: str, name: str = "first", **options: Any) -> dict[str, Any]:
        arn = self.client.create_dataset_import_job(
            jobName=f"{self.name}-{name}", datasetArn=dataset, dataSource={"dataLocation": location}, roleArn=ROLE,
            **options,
        )["datasetImportJobArn"]  # fmt: skip
        return wait(self.client.describe_dataset_import_job, datasetImportJobArn=arn)

    settled = staticmethod(wait)

    def status(self, describe: Callable[..., dict[str, Any]], **arguments: str) -> str:
        return str(described(describe, **arguments)["status"])

    def train(self, group: str, recipe: str, **options: Any) -> dict[str, Any]:
        solution = self.client.create_solution(
            name=f"{self.name[:40]}-{recipe[4:]}", datasetGroupArn=group, recipeArn=RECIPE.format(recipe), **options
        )["solutionArn"]
        wait(self.client.describe_solution, solutionArn=solution)
        version = self.client.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        return wait(self.client.describe_solution_version, solutionVersionArn=version)

    def infer(self, version: str, lines: list[str], name: str = "users", **options: Any) -> list[dict[str, Any]]:
        job = self.start_inference(version, lines, name, **options)
        ended = wait(self.client.describe_batch_inference_job, batchInferenceJobArn=job)
        assert ended["status"] == "ACTIVE", ended
        body = self.s3.get_object(Bucket=self.bucket, Key=f"output/{name}/{name}.json.out")["Body"].read()
        return [json.loads(line) for line in body.splitlines()]

    def segment(self, version: str, lines: list[str], name: str, **options: Any) -> dict[str, Any]:
        """The settled batch segment job; `lines` reads its output."""
        path = self.upload(f"input/{name}/{name}.json", "\n".join(lines) + "\n")
        job = self.client.create_batch_segment_job(
            jobName=f"{self.name}-{name}", solutionVersionArn=version, roleArn=ROLE,
            jobInput={"s3DataSource": {"path": path}},
            jobOutput={"s3DataDestination": {"path": f"s3://{self.bucket}/output/{name}/"}}, **options,
        )["batchSegmentJobArn"]  # fmt: skip
        return wait(self.client.describe_batch_segment_job, batchSegmentJobArn=job)

    def filter(self, group: str, name: str, expression: str) -> str:
        """The ARN of a new filter, which is ACTIVE."""
        arn = self.client.create_filter(name=f"{self.name}-{name}", datasetGroupArn=group, filterExpression=expression)
        assert wait(self.client.describe_filter, filterArn=arn["filterArn"])["status"] == "ACTIVE"
        return str(arn["filterArn"])

    def lines(self, key: str) -> list[dict[str, Any]]:
        """The JSON lines of an object."""
        body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return [json.loads(line) for line in body.splitlines()]

    def keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for entry in listed.get("Contents", ())]

    def start_inference(self, version: str, lines: list[str], name: str = "users", **options: Any) -> str:
        path = self.upload(f"input/{name}/{name}.json", "\n".join(lines) + "\n")
        return self.client.create_batch_inference_job(
            jobName=f"{self.name}-{name}", solutionVersionArn=version, roleArn=ROLE,
            jobInput={"s3DataSource": {"path": path}},
            jobOutput={"s3DataDestination": {"path": f"s3://{self.bucket}/output/{name}/"}}, **options,
        )["batchInferenceJobArn"]  # fmt: skip


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
