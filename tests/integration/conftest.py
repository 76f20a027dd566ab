"""What the stages around Personalize are tested with: a small company in the marts, an engine, whole DAG runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from aisle.pipeline import prefixes
from tests.integration.engine_process import EngineProcess
from tests.waiting import poll_often

ROOT = Path(__file__).parents[2]

MARTS = Path(__file__).with_name("marts.sql")


@pytest.fixture
def marts(warehouse_url: str) -> str:
    """URL of a warehouse whose marts hold 120 customers, 40 items and 1,440 purchases."""
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(MARTS.read_bytes())
    return warehouse_url


@pytest.fixture
def engine_url(s3_endpoint: str, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh engine, a process of its own, that reads and writes the tests' S3 server."""
    engine = EngineProcess(tmp_path / "engine", s3_endpoint)
    yield engine.url
    engine.stop()


@pytest.fixture
def personalize(engine_url: str, s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A boto3 client of the engine, which is also behind Airflow's `aws_default` for the test."""
    import airflow_personalize.operators.personalize as operators
    from aisle.settings import get_settings

    poll_often(operators, monkeypatch)
    extra = {
        "endpoint_url": s3_endpoint,
        "region_name": "us-east-1",
        "service_config": {
            service: {"endpoint_url": engine_url}
            for service in ("personalize", "personalize-runtime", "personalize-events")
        },
    }
    connection = {"conn_type": "aws", "login": "aisle", "password": "aisle-secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    monkeypatch.setenv("AISLE_PERSONALIZE__POLL_SECONDS", "1")
    get_settings.cache_clear()
    return boto3.client("personalize", endpoint_url=engine_url)


RunDag = Callable[..., dict[str, str]]


@pytest.fixture
def _known_prefixes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a DAG leaves in the bucket of its test is below the prefix of a stage: erasure looks nowhere else."""
    if "bucket" not in request.fixturenames:
        yield
        return
    s3, bucket = request.getfixturevalue("s3"), request.getfixturevalue("bucket")
    yield
    assert keys_of_no_stage(s3, bucket) == [], "a prefix that no row of aisle.pipeline has"


def keys_of_no_stage(s3: Any, bucket: str) -> list[str]:
    """Return the files that erasure and retention do not know."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    return [key for key in keys if not key.startswith(prefixes())]


@pytest.fixture
def run_dag(airflow_metadata: None, _known_prefixes: None, monkeypatch: pytest.MonkeyPatch) -> RunDag:
    """Run one DAG in this process, with its params; gives the state of each task by its id. Gates are open."""
    import aisle.dag.gate

    monkeypatch.setattr(aisle.dag.gate, "gate", _open_gate)
    return _run_dag


@pytest.fixture
def run_gated_dag(
    airflow_metadata: None, _known_prefixes: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> RunDag:
    """As run_dag, but the gates are those of the pipeline. Their reports go to the test's folder."""
    monkeypatch.setenv("AISLE_DOCS__DIRECTORY", str(tmp_path / "site"))
    return _run_dag


def _run_dag(dag_id: str, run_key: str, **params: Any) -> dict[str, str]:
    from airflow.dag_processing.dagbag import DagBag

    stage, _, _of_group = dag_id.partition("-")
    bag = DagBag(str(ROOT / "dags" / f"{stage}.py"))
    assert not bag.import_errors
    ended = bag.dags[dag_id].test(run_conf={"run_key": run_key, **params})
    return {task.task_id: str(task.state) for task in ended.get_task_instances()}


TWO_SHOPS = """
groups:
  - datasets: {interactions: {}, items: {}, users: {}}
    solutions:
      user-personalization: {recipe: aws-user-personalization}
      similar-items: {recipe: aws-sims}
  - name: Shop-North
    datasets: {interactions: {}}
    solutions: {for-you: {recipe: aws-user-personalization}}
"""


@pytest.fixture
def shops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The settings' file has two groups: the first is asked about users and items, Shop-North about users only."""
    from aisle.groups.dataset_group import dataset_groups
    from aisle.settings import get_settings

    file = tmp_path / "two-shops.yaml"
    file.write_text(TWO_SHOPS)
    monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(file))
    get_settings.cache_clear()
    yield dataset_groups()
    monkeypatch.undo()
    get_settings.cache_clear()


def _open_gate(boundary: str, **_asked: Any) -> Any:
    from airflow.sdk import task

    @task(task_id=f"gate_{boundary}")
    def let_through() -> None: ...

    return let_through()
