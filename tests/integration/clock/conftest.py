"""One Airflow whose work two schedulers share, with a clock of seconds, over the tiny company."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.pipeline import BACKFILL
from aisle.settings import PROJECT_ROOT
from services.stack.settings import StackSettings
from services.stack.supervisor import Stack
from tests.waiting import wait_for

ROOT = Path(__file__).parents[3]
_PORTS = ("AIRFLOW", "SERVING", "REPORTS", "ENGINE", "COMPANY_API", "S3", "POSTGRES")
_ENDED = ("success", "failed")


@dataclass(frozen=True)
class RunningStack:
    """The running stack, and what its alert webhook was sent."""

    stack: Stack
    alerts: list[dict[str, Any]]

    @property
    def warehouse_url(self) -> str:
        return self.stack.addresses.warehouse_url

    @property
    def _airflow_url(self) -> str:
        return self.stack.addresses.airflow_database_url.replace("+psycopg2", "", 1)

    def rows(self, query: str, database: str = "warehouse") -> list[Any]:
        """Of the warehouse, or of Airflow's own database."""
        with psycopg.connect(self._airflow_url if database == "airflow" else self.warehouse_url) as connection:
            return connection.execute(query.encode()).fetchall()

    def wait_for_end(self, dag_id: str, run_id: str) -> str:
        """Wait for the end of a run and return its state."""

        def ended() -> str | None:
            state = str(self.stack.airflow.run(dag_id, run_id)["state"])
            return state if state in _ENDED else None

        return wait_for(ended, f"an end of {dag_id} {run_id}", interval=0.3)

    def clear(self, dag_id: str, run_id: str) -> None:
        """Let a run's tasks run again, as the button does; raises for any answer that is not of status 200."""
        body = {"dry_run": False, "dag_run_id": run_id, "only_failed": False, "reset_dag_runs": True}
        self.stack.airflow._request("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", json=body)

    def pass_deadline(self, run_id: str) -> None:
        """Let the time of a run's deadline be over."""
        passed = "update deadline set deadline_time = now() from dag_run where dag_run.id = dagrun_id and run_id = %s"
        with psycopg.connect(self._airflow_url) as connection:
            assert connection.execute(passed, (run_id,)).rowcount == 1

    def alerts_of(self, run_id: str) -> list[str]:
        """What the webhook was sent about a run."""
        return [alert["what"] for alert in self.alerts if alert["run"] == run_id]


@pytest.fixture(scope="module")
def running(s3_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Ingest every ten seconds, backfill by hand, and two DAGs of this folder in the place of transform and publish."""
    root = tmp_path_factory.mktemp("clock")
    with _Receiver() as (url, alerts), pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AIRFLOW", "AISLE_", "AWS_"))]:
            patch.delenv(name)
        for name, value in _environment(root, s3_endpoint, url).items():
            patch.setenv(name, value)
        with Stack(StackSettings()).running() as stack:
            yield RunningStack(stack, alerts)


def _environment(root: Path, s3_endpoint: str, webhook: str) -> dict[str, str]:
    dags = shutil.copytree(
        Path(__file__).with_name("dags"), root / "dags", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("ingest.py", "backfill.py"):
        shutil.copy(ROOT / "dags" / name, dags)
    pools = json.loads((PROJECT_ROOT / "include" / "airflow" / "pools.json").read_text())
    pools[BACKFILL]["slots"] = 1  # another number than the declared one
    (root / "pools.json").write_text(json.dumps(pools))
    return {
        **{f"STACK_{name}_PORT": "0" for name in _PORTS},
        "STACK_ROOT": str(root),
        "STACK_SCHEDULERS": "2",
        "STACK_POOLS_FILE": str(root / "pools.json"),
        "STACK_PARALLELISM": "2",
        "STACK_S3_ENDPOINT_URL": s3_endpoint,
        "STACK_PERSONALIZE_ENDPOINT_URL": "http://127.0.0.1:9",  # nobody asks it
        "COMPANY_API_SCALE": "tiny",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AISLE_SCHEDULES__INGEST": "* * * * * */10",
        "AISLE_INGEST__MAX_WINDOW_DAYS": "120",
        "AISLE_ALERTS__WEBHOOK_URL": webhook,
    }


class _Webhook(BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    alerts: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.alerts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class _Receiver:
    """A receiver of alerts: its URL, and the list that they are put in."""

    def __enter__(self) -> tuple[str, list[dict[str, Any]]]:
        alerts: list[dict[str, Any]] = []
        handler = type("Handler", (_Webhook,), {"alerts": alerts})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/", alerts

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
