"""What the legs around Personalize are tested with: a small company in the marts, a running engine, whole DAG runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest

from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]

MARTS = """
create schema core;
create schema personalize;

create table core.held_back_items (item_id text, column_name text, reason text, text_digest text);

create table personalize.items as
select
    format('P%s', lpad(n::text, 3, '0')) as item_id,
    format('product "%s", with a comma', n) as product_name,
    case when n % 10 > 0 then format('category %s', n % 5) end as category,
    (n * 1.5)::real as price,
    1700000000::bigint + n as creation_timestamp
from generate_series(1, 40) as n;

-- Everybody buys within one fifth of the items.
create table personalize.interactions as
select
    md5(customer::text) as user_id,
    format('P%s', lpad((1 + (customer % 5) + 5 * ((customer * 7 + nth * nth) % 8))::text, 3, '0')) as item_id,
    'purchase'::text as event_type,
    (1 + nth % 3)::real as event_value,
    1710000000::bigint + customer * 86400 + nth * 3600 as timestamp
from generate_series(1, 120) as customer, generate_series(1, 12) as nth;

create table core.customers as
select
    user_id,
    count(*) as n_sales,
    count(*) as n_purchases,
    to_timestamp(max(timestamp)) as last_purchased_at
from personalize.interactions
group by user_id
union all
select 'only cancelled', 0, 0, null;

create table personalize.users as
select user_id, null::integer as age, null::text as gender, 'Lahore, Punjab'::text as location
from core.customers
where n_purchases > 0;
"""


@pytest.fixture
def marts(warehouse_url: str) -> str:
    """URL of a warehouse whose marts hold 120 customers, 40 items and 1,440 purchases."""
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(MARTS.encode())
    return warehouse_url


@pytest.fixture
def engine_url(s3_endpoint: str, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh engine, a process of its own, that reads and writes the tests' S3 server."""
    command = [sys.executable, "-m", "services.engine", "--port", "0", "--data-dir", str(tmp_path / "engine")]
    environment = os.environ | {"AWS_ENDPOINT_URL_S3": s3_endpoint, "ENGINE_BUCKETS": "*", "PYTHONUNBUFFERED": "1"}
    log = tmp_path / "engine.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield _address_in(log, process)
    finally:
        process.terminate()
        process.wait(timeout=120)


def _address_in(log: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the engine says that it listens."""

    def address() -> str | None:
        assert process.poll() is None, f"the engine ended with status {process.returncode}:\n{log.read_text()}"
        listening = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        return listening and listening[0]

    return wait_for(address, lambda: f"the engine's address in its log:\n{log.read_text()}")


@pytest.fixture
def personalize(engine_url: str, s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A boto3 client of the engine, which is also behind Airflow's `aws_default` for the test."""
    from aisle.settings import get_settings

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
def run_dag(airflow_metadata: None, monkeypatch: pytest.MonkeyPatch) -> RunDag:
    """Run one DAG in this process, with its params; gives the state of each task by its id. Gates are open."""
    import aisle.dag.gate

    monkeypatch.setattr(aisle.dag.gate, "gate", _open_gate)
    return _run_dag


@pytest.fixture
def run_gated_dag(airflow_metadata: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RunDag:
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
