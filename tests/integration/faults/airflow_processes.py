"""Airflow's own processes, with the DAGs of this folder and Personalize behind the fault proxy."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from services.stack.airflow import AirflowClient
from services.stack.blueprint import airflow_components
from services.stack.postgres import free_port
from services.stack.processes import Program, command_of, environment_of, stop_all
from tests.waiting import wait_for

DAGS = Path(__file__).with_name("dags")
_PATIENCE_SECONDS = 150


class AirflowProcesses:
    """Scheduler, DAG processor, triggerer and API server of one home."""

    def __init__(self, home: Path, database_url: str, **environment: str) -> None:
        self._home = home
        port = free_port()
        self.client = AirflowClient(f"http://127.0.0.1:{port}", user="admin", password="")
        self._environment = _configuration(home, database_url, port) | environment
        components = airflow_components(self._environment)
        self.programs = {component.name: Program(component, home) for component in components}

    @contextmanager
    def running(self) -> Iterator[AirflowProcesses]:
        command, environment = command_of(("airflow", "db", "migrate")), environment_of(self._environment, self._home)
        subprocess.run(command, env=environment, cwd=self._home, check=True, capture_output=True)
        try:
            for program in self.programs.values():
                program.start()
            self.until(self.client.is_healthy, "a healthy Airflow")
            self.until(lambda: {"in_place", "deferred"} <= self.client.dag_ids(), "both DAGs")
            yield self
        finally:
            stop_all(list(self.programs.values()))

    def workers(self) -> list[psutil.Process]:
        """The processes that run tasks, and those that watch over them."""
        scheduler = psutil.Process(self.programs["airflow-scheduler"].pid)
        titles = [(process, " ".join(process.cmdline())) for process in scheduler.children(recursive=True)]
        # An idle worker that dies would take the lock of the executor's queue with it.
        return [process for process, title in titles if "worker -- " in title and "idle" not in title]

    def task(self, dag_id: str, run_id: str) -> dict[str, Any]:
        (task,) = self.client.tasks(dag_id, run_id)
        return task

    def returned(self, dag_id: str, run_id: str) -> Any:
        """What the task returned."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/train/xcomEntries/return_value"
        return self.client._get(path)["value"]

    def until(self, is_true: Callable[[], bool], what: str) -> None:
        """Wait for a condition; fails with the logs of the programs."""
        wait_for(is_true, lambda: f"{what}\n{self._logs()}", seconds=_PATIENCE_SECONDS, interval=0.2)

    def _logs(self) -> str:
        return "\n".join(f"--- {name}\n{program.tail(1500)}" for name, program in self.programs.items())


def _configuration(home: Path, database_url: str, port: int) -> dict[str, str]:
    # The drivers of the stack: psycopg2, and psycopg where Airflow asks asynchronously.
    sync_url, async_url = (
        database_url.replace("postgresql:", f"postgresql+{driver}:", 1) for driver in ("psycopg2", "psycopg")
    )
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__SECRET_KEY": "of the tests",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": "of the tests, and long enough to be a key of this algorithm",
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": sync_url,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": async_url,
        # Deaths are noticed within seconds instead of minutes.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "1",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "8",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
        "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "6",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    }
