from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aisle.groups.environment import Environment
from aisle.groups.environment_file import load
from aisle.resources.live import Service
from aisle.resources.teardown import tear_down
from personalize_kinds import kinds
from tests.integration.engine_process import EngineProcess
from tests.waiting import settled

#: Everything that a file can describe and the engine can hold.
SHOP = """
tags: {team: shop}
groups:
  - name: shop
    datasets: {interactions: {}, items: {}, users: {}}
    event_tracker: {}
    solutions:
      for-you:
        recipe: aws-user-personalization-v2
        config:
          algorithmHyperParameters: {apply_recency_bias: "true"}
          eventsConfig: {eventParametersList: [{eventType: purchase, weight: 1.0}]}
        campaigns:
          home: {min_provisioned_tps: 2}
      similar: {recipe: aws-sims, tags: {team: search}}
    filters:
      not-bought: {expression: 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'}
      of-category: {expression: INCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY)}
    metric_attribution:
      metrics:
        purchases: {event_type: purchase, expression: SAMPLECOUNT()}
        revenue: {event_type: purchase, expression: SUM(Items.PRICE)}
"""

Describe = Callable[[str], Environment]


@pytest.fixture(scope="session")
def shared_engine(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[EngineProcess]:
    running = EngineProcess(tmp_path_factory.mktemp("resources") / "data", s3_endpoint)
    yield running
    assert running.stop() == 0


@pytest.fixture
def engine_url(shared_engine: EngineProcess) -> Iterator[str]:
    """One engine for all tests of this folder; each leaves it empty."""
    yield shared_engine.url
    service = Service(shared_engine.client(), poll_seconds=0.1, patience_seconds=120)
    for group in list(service.summaries(kinds.DATASET_GROUP)):
        tear_down(service, group["name"], confirm=group["name"])
    for schema in list(service.summaries(kinds.SCHEMA)):
        service.client.delete_schema(schemaArn=schema["schemaArn"])


@pytest.fixture
def shop_text() -> str:
    return SHOP


@pytest.fixture
def service(personalize: Any) -> Service:
    """The engine, looked at every tenth of a second."""
    return Service(personalize, poll_seconds=0.1, patience_seconds=120)


@pytest.fixture
def described(tmp_path: Path) -> Describe:
    """Load a file of this text."""

    def write(text: str) -> Environment:
        path = tmp_path / "environment.yaml"
        path.write_text(text)
        return load(path)

    return write


@pytest.fixture
def train(personalize: Any, s3: Any, bucket: str) -> Callable[[str, str], str]:
    """Import a small world into a group and train a solution of it; gives the ARN of the version."""

    def run(group: str, solution: str) -> str:
        account = "arn:aws:personalize:us-east-1:000000000000"
        rows = [f"u{n % 60},p{n * 7 % 40},purchase,1.0,{1_700_000_000 + n}" for n in range(1_200)]
        body = "\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,TIMESTAMP", *rows])
        s3.put_object(Bucket=bucket, Key="export/interactions.csv", Body=body.encode())
        job = personalize.create_dataset_import_job(
            jobName=f"{group}-{time.monotonic_ns()}",
            datasetArn=f"{account}:dataset/{group}/INTERACTIONS",
            dataSource={"dataLocation": f"s3://{bucket}/export/interactions.csv"},
            roleArn="arn:aws:iam::000000000000:role/reader",
        )["datasetImportJobArn"]
        imported = settled(lambda: personalize.describe_dataset_import_job(datasetImportJobArn=job)["datasetImportJob"])
        assert imported["status"] == "ACTIVE", imported
        version = personalize.create_solution_version(solutionArn=f"{account}:solution/{solution}")[
            "solutionVersionArn"
        ]
        trained = settled(lambda: personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"])
        assert trained["status"] == "ACTIVE", trained
        return str(version)

    return run
