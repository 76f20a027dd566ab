"""Alerts as Airflow sends them: a DAG whose task fails, and a run that misses its deadline."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from aisle.settings import get_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What the webhook of the settings was sent."""
    bodies: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setenv("AISLE_ALERTS__WEBHOOK_URL", f"http://127.0.0.1:{server.server_port}/")
    get_settings.cache_clear()
    yield bodies
    server.shutdown()
    server.server_close()
    get_settings.cache_clear()


def parsed(dag_id: str) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(ROOT / "dags" / f"{dag_id}.py")).dags[dag_id]


def test_a_task_that_fails_for_good_is_reported_by_its_dag(airflow_metadata: None, alerts: list[Any]) -> None:
    span = {"window_start": "2026-01-02T00:00:00Z", "window_end": "2026-01-01T00:00:00Z"}
    run = parsed("backfill").test(run_conf={"run_key": "no-span"} | span)
    assert [(body["what"], body["dag"], body["run"], body["task"]) for body in alerts] == [
        ("failed", "backfill", run.run_id, "plan_windows")
    ]
    assert alerts[0]["reason"].startswith("ConfigurationError: a backfill was asked for from 2026-01-02")


def test_a_run_that_misses_its_deadline_is_reported_while_it_runs(
    airflow_metadata: None, alerts: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_DEADLINES__PUBLISH", "5")
    get_settings.cache_clear()
    queued_at = datetime.now(UTC) - timedelta(minutes=6)
    run_id, kwargs = _missed_deadline(parsed("publish"), queued_at)
    assert kwargs["minutes"] == 5
    from aisle.dag.alerts import run_is_late

    asyncio.run(run_is_late(**kwargs))
    assert [(body["what"], body["dag"], body["run"]) for body in alerts] == [("late", "publish", run_id)]
    assert "not over 5 minutes after it was queued" in alerts[0]["reason"]


def _missed_deadline(dag: Any, queued_at: datetime) -> tuple[str, dict[str, Any]]:
    """Store the DAG and a run of it, and do what the scheduler does at the deadline: return what the triggerer gets.

    Airflow's triggerer then awaits the callback of this path with these arguments.
    """
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.deadline import Deadline
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.serialized_objects import LazyDeserializedDAG
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from sqlalchemy import select

    with create_session() as session:
        session.merge(DagBundleModel(name="late"))
        session.flush()
        from airflow.models.dag import DagModel

        session.merge(DagModel(dag_id=dag.dag_id, bundle_name="late", fileloc=dag.fileloc, relative_fileloc="x"))
        session.flush()
        SerializedDagModel.write_dag(LazyDeserializedDAG.from_dag(dag), bundle_name="late", session=session)
        session.flush()
        stored = SerializedDagModel.get_dag(dag.dag_id, session=session)
        run = stored.create_dagrun(
            run_id="late-run",
            run_after=queued_at,
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState.QUEUED,
            session=session,
        )
        session.flush()
        deadline = session.scalars(select(Deadline).where(Deadline.dagrun_id == run.id)).one()
        assert deadline.deadline_time <= datetime.now(UTC) + timedelta(minutes=5)
        deadline.handle_miss(session)
        assert deadline.missed
        assert deadline.callback.data["path"] == "aisle.dag.alerts.run_is_late"
        return run.run_id, dict(deadline.callback.data["kwargs"])


@pytest.mark.parametrize("state", ["failed", "success"])
def test_a_run_that_has_ended_is_not_reported_as_late(alerts: list[Any], state: str) -> None:
    from aisle.dag.alerts import run_is_late

    context = {"dag_run": {"dag_id": "publish", "dag_run_id": "one", "state": state}}
    asyncio.run(run_is_late(context, minutes=30))
    assert alerts == []


def test_scheduled_stages_have_deadlines_and_manual_ones_have_none() -> None:
    from aisle.dag.defaults import stage_dag
    from aisle.settings import Deadlines, Schedules

    minutes = {
        stage: stage_dag(stage, "doc")["deadline"].interval / timedelta(minutes=1) for stage in Deadlines.model_fields
    }
    assert set(minutes) == {*Schedules.model_fields, "transform", "publish"}
    assert minutes["ingest"] <= 15 < minutes["train"]
    assert stage_dag("backfill", "doc")["deadline"] is None


def test_a_deadline_of_0_minutes_is_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    from aisle.dag.deadlines import deadline_of

    monkeypatch.setenv("AISLE_DEADLINES__INGEST", "0")
    get_settings.cache_clear()
    assert deadline_of("ingest") is None
    get_settings.cache_clear()
