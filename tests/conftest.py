"""Neighbours that every level shares: one PostgreSQL and one S3 server, with fresh databases and buckets."""

from __future__ import annotations

import atexit
import copy
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# Before anything imports Airflow: its home is a scratch folder, and nothing calls out.
_AIRFLOW_HOME = Path(tempfile.mkdtemp(prefix="aisle-airflow-"))
atexit.register(shutil.rmtree, _AIRFLOW_HOME, ignore_errors=True)
_ROOT = Path(__file__).parents[1]
os.environ.update(
    AIRFLOW_HOME=str(_AIRFLOW_HOME),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__DAGS_FOLDER=str(_ROOT / "dags"),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(_ROOT / "plugins"),
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
    AIRFLOW__CORE__FERNET_KEY="",
    AWS_ACCESS_KEY_ID="aisle",
    AWS_SECRET_ACCESS_KEY="aisle-secret",
    AWS_DEFAULT_REGION="us-east-1",
    AISLE_IDENTITY__HASH_KEY="key-of-the-tests",
    DO_NOT_TRACK="1",
    DBT_SEND_ANONYMOUS_USAGE_STATS="False",
    GX_ANALYTICS_ENABLED="False",
)

DATASETS = _ROOT.parent / "shared" / "datasets"


#: Folders that take longer than their number of tests tells, the longest first. Begun last, they would run alone.
_BEGUN_FIRST = (
    "tests/e2e",
    "tests/integration/faults",
    "tests/system",
    "tests/integration/evaluate",
    "tests/integration/engine",
    "tests/integration/events",
    "tests/integration/resources",
    "tests/integration/transform",
    "tests/integration/export",
    "tests/integration/recommend",
    "tests/integration/train",
    "tests/conformance",
    "tests/integration/quality",
    "tests/integration/maintain",
    "tests/integration/erase",
    "tests/integration/stack",
)


class ByFolder(LoadScopeScheduling):
    """Tests of one folder share a process (`pytest -n`), because they share fixtures that are dear."""

    def _split_scope(self, nodeid: str) -> str:
        return str(Path(nodeid.partition("::")[0]).parent)

    def _assign_work_unit(self, node: Any) -> None:
        """Give a process the next folder: those that are begun first, then the others by the number of their tests."""
        first = next((folder for folder in _BEGUN_FIRST if folder in self.workqueue), None)
        if first:
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One process more than there are cores: a third of the time each waits for a program that it has asked."""
    return (yield) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    return ByFolder(config, log)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A running embedded server."""
    from services.stack.postgres import EmbeddedPostgres

    home = Path(tempfile.mkdtemp(prefix="aisle-pg-"))
    server = EmbeddedPostgres(home)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def _warehouse_template(postgres: Any) -> str:
    import psycopg

    from aisle.warehouse import migrate

    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute("create database warehouse_template")
    migrate(postgres.url("warehouse_template"))
    return "warehouse_template"


@pytest.fixture
def warehouse_url(postgres: Any, _warehouse_template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of a fresh, migrated warehouse, which is also the Airflow connection `warehouse` for the test."""
    import psycopg

    name = f"warehouse_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute(f"create database {name} template {_warehouse_template}")
        admin.execute(f"alter database {name} set search_path = public, cache, core")
    url = postgres.url(name)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", url.replace("postgresql://", "postgres://", 1))
    yield url
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """URL of a running S3 server."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_endpoint: str) -> Any:
    """A boto3 client of the S3 server."""
    import boto3

    return boto3.client("s3", endpoint_url=s3_endpoint)


@pytest.fixture
def bucket(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name of a fresh bucket, which is also the bucket of the settings for the test."""
    from aisle.settings import get_settings

    name = f"aisle-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    monkeypatch.setenv("AISLE_STORAGE__BUCKET", name)
    get_settings.cache_clear()
    yield name
    get_settings.cache_clear()


@pytest.fixture
def aws_connection(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Airflow's `aws_default` pointing at the S3 server. Tests of Personalize add the engine to its extra."""
    import json

    extra = {"endpoint_url": s3_endpoint, "region_name": "us-east-1"}
    connection = json.dumps({"conn_type": "aws", "login": "aisle", "password": "aisle-secret", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection)
    return connection


@pytest.fixture(scope="session")
def airflow_metadata() -> Iterator[None]:
    """Airflow's own tables, in the scratch folder, for DAGs that run in this process: without pauses between tasks."""
    from airflow.sdk import DAG
    from airflow.utils.db import initdb

    initdb()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", _sleep)
        patch.setattr(DAG, "test", _for_this_process(DAG.test))
        yield


def _for_this_process(test: Callable[..., Any]) -> Callable[..., Any]:
    """`dag.test()` without a deadline, with which Airflow 3.3.2 cannot end it: it takes the alert for its id.

    It also sets the values of params in place, which DAGs share with all others of this process.
    """

    def run(dag: Any, *given: Any, **named: Any) -> Any:
        dag.deadline, dag.params = None, copy.deepcopy(dag.params)
        # When a run fails, it reads the tasks' params for the callback before the run's conf: a required one needs a
        # value by then.
        for params in (dag.params, *(task.params for task in dag.tasks)):
            params.update({name: value for name, value in (named.get("run_conf") or {}).items() if name in params})
        return test(dag, *given, **named)

    return run


def _sleep(seconds: float, _asleep: Callable[[float], None] = time.sleep) -> None:
    """`dag.test()` sleeps a second whenever a skip or a failure has to be passed on to the next task."""
    is_dag_test = sys._getframe(1).f_globals["__name__"] == "airflow.sdk.definitions.dag"
    _asleep(min(seconds, 0.01) if is_dag_test else seconds)


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Folder of the real data sets; a test that asks for them is skipped where they are not."""
    if not DATASETS.exists():
        pytest.skip(f"no real data sets: {DATASETS} does not exist")
    return DATASETS


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium of this machine, driven by Playwright; tests that need it are skipped where there is none.

    Playwright keeps an event loop running in this thread, in which nobody else can start one: it ends with its module.
    """
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the tests in a browser")
    with sync_playwright() as playwright:
        # Without the flags about the network, Chromium calls home many times at every start.
        started = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield started
        started.close()


@pytest.fixture
def browser_page(chromium: Any) -> Iterator[Any]:
    """A page in a browser context of its own: no cookies, storage or cache of another test."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()
