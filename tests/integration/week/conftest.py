"""What a week is lived with: a company that can go away, Airflow's DAGs run one by one at moments of its calendar."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.stack.postgres import free_port
from tests.waiting import wait_for_server

ROOT = Path(__file__).parents[3]
TOKEN = "token-of-the-tests"
DAGS = ("ingest", "transform", "export", "train", "recommend", "publish", "backfill")


class CompanyProcess:
    """The simulator as a process of its own: while it is stopped, its address does not answer."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        settings = {"COMPANY_API_TOKEN": TOKEN, "COMPANY_API_SCALE": "small", "COMPANY_API_PORT": str(self._port)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "services.company_api"],
            cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for_server(f"{self.url}/health", self._process)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=120)

    @contextmanager
    def away(self) -> Iterator[None]:
        """While the block lasts, the company cannot be reached."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def orders(self, path: str, until: datetime) -> Iterator[dict[str, Any]]:
        """Every order of a source before a moment, as the API returns it."""
        query: dict[str, Any] = {"start_date": "2000-01-01T00:00:00Z", "end_date": until.isoformat(), "limit": 1_000}
        with httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as http:
            while True:
                answer = http.get(path, params=query).raise_for_status().json()
                yield from answer["data"]
                if answer["next_cursor"] is None:
                    return
                query["cursor"] = answer["next_cursor"]


class Calendar:
    """Runs DAGs in this process at moments of the week. A failed task is not tried again: the next run is its retry."""

    def __init__(self) -> None:
        self.runs: Counter[tuple[str, str]] = Counter()
        self.seconds: Counter[str] = Counter()
        self._dags: dict[str, Any] = {}

    def run(self, dag_id: str, at: datetime, **params: Any) -> dict[str, str]:
        """Run a DAG as of a moment, with a run key of that moment; gives the state of each task by its id."""
        begun = time.monotonic()
        conf = {"run_key": f"{at:%Y%m%dT%H%M}", **params}
        ended = self._dag(dag_id).test(run_after=at, logical_date=None, run_conf=conf)
        self.runs[dag_id, str(ended.state)] += 1
        self.seconds[dag_id] += time.monotonic() - begun
        return {task.task_id: str(task.state) for task in ended.get_task_instances()}

    def _dag(self, dag_id: str) -> Any:
        if dag_id not in self._dags:
            from airflow.dag_processing.dagbag import DagBag

            bag = DagBag(str(ROOT / "dags" / f"{dag_id}.py"))
            assert not bag.import_errors
            for task in bag.dags[dag_id].tasks:
                task.retries = 0
            self._dags[dag_id] = bag.dags[dag_id]
        return self._dags[dag_id]


@pytest.fixture
def company() -> Iterator[CompanyProcess]:
    """The small generated company, over HTTP."""
    process = CompanyProcess()
    yield process
    process.stop()


@pytest.fixture
def calendar(
    company: CompanyProcess, airflow_metadata: None, warehouse_url: str, personalize: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Calendar:  # fmt: skip
    """The pipeline over a fresh warehouse, engine and bucket, with the company's address."""
    from aisle.settings import get_settings

    # A run reads the whole bundle of its DAG anew: each DAG is in one of its own.
    bundles = [_bundle(dag_id, tmp_path / "bundles" / dag_id) for dag_id in DAGS]
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps(bundles))
    connection = {"conn_type": "http", "host": company.url, "password": TOKEN}
    monkeypatch.setenv("AIRFLOW_CONN_COMPANY_API", json.dumps(connection))
    monkeypatch.setenv("AISLE_INGEST__START_AT", "2024-07-01T00:00:00+00:00")
    monkeypatch.setenv("AISLE_INGEST__MAX_WINDOW_DAYS", "400")
    monkeypatch.setenv("AISLE_INGEST__ATTEMPTS", "1")
    monkeypatch.setenv("AISLE_TRANSFORM__RUNS_DIRECTORY", str(tmp_path / "dbt"))
    monkeypatch.setenv("AISLE_DOCS__DIRECTORY", str(tmp_path / "site"))
    get_settings.cache_clear()
    return Calendar()


def _bundle(dag_id: str, folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "dags" / f"{dag_id}.py", folder)
    path = "airflow.dag_processing.bundles.local.LocalDagBundle"
    return {"name": dag_id, "classpath": path, "kwargs": {"path": str(folder)}}
