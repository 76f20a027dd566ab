"""Aisle's pages with Airflow's own log-in, over a real warehouse and a real metadata database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

LIVED_IN = Path(__file__).with_name("lived_in.sql")


@pytest.fixture(autouse=True)
def _no_runs_of_other_tests(airflow_metadata: None) -> None:
    """Airflow knows nothing of what other folders' tests have run in this process."""
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import delete, select, update

    with create_session() as session:
        for run in session.scalars(select(DagRun)):
            run.consumed_asset_events = []
        session.flush()
        session.execute(delete(DagRun))
        session.execute(update(DagModel).values(is_stale=True))


@pytest.fixture
def lived_in(warehouse_url: str) -> str:
    """URL of a warehouse after some weeks of runs."""
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(LIVED_IN.read_bytes())
    return warehouse_url


@pytest.fixture
def on_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's `aws_default` leads to an engine."""
    service = {"personalize": {"endpoint_url": "http://engine:8002"}}
    monkeypatch.setenv(
        "AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "aws", "extra": {"service_config": service}})
    )


@pytest.fixture
def visitor(airflow_metadata: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An HTTP client of the app, as Airflow mounts it, without a log-in."""
    from airflow.api_fastapi.app import init_auth_manager
    from fastapi.testclient import TestClient

    from aisle.ui import app

    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a-secret-of-the-tests-that-is-long-enough-for-" + "tokens" * 4)
    init_auth_manager()
    app._templates.cache_clear()
    with TestClient(app.create_app(), follow_redirects=False) as client:
        yield client
    app._templates.cache_clear()


@pytest.fixture
def reader(visitor: Any) -> Any:
    """The same client, logged in as one who may only look."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="reader", role="viewer"))
    visitor.cookies.set(COOKIE_NAME_JWT_TOKEN, token)
    return visitor


@pytest.fixture
def shown(reader: Any) -> Callable[[str], str]:
    """The text of a page: its tags taken off, its white space folded."""

    def text_of(page: str) -> str:
        answer = reader.get(f"/{page}")
        assert answer.status_code == 200, answer.text
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))

    return text_of


@pytest.fixture
def started_by_event(dag_runs: Any) -> Any:
    """Tell Airflow of a run that was started by an event of an asset, which carries a run key."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    def tell(dag_id: str, run_key: str) -> None:
        dag_runs(dag_id, ("success", 1))
        with create_session() as session:
            asset = AssetModel(name=f"asset of {run_key}", uri=f"test://{run_key}", group="test")
            session.add(asset)
            session.flush()
            run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id))
            run.consumed_asset_events.append(AssetEvent(asset_id=asset.id, extra={"run_key": run_key}))

    return tell


@pytest.fixture
def dag_runs(airflow_metadata: None) -> Iterator[Any]:
    """Tell Airflow of a DAG and of its runs, as (state, hours ago), and have it forget them afterwards."""
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import delete, select

    dag_ids: list[str] = []

    def tell(dag_id: str, *runs: tuple[str, float], conf: dict[str, Any] | None = None) -> None:
        dag_ids.append(dag_id)
        with create_session() as session:
            session.merge(DagBundleModel(name="dags-folder"))
            session.flush()
            session.merge(
                DagModel(dag_id=dag_id, bundle_name="dags-folder", fileloc="", is_stale=False, is_paused=False)
            )
            session.flush()
            for state, hours_ago in runs:
                ended_at = datetime.now(UTC) - timedelta(hours=hours_ago)
                session.add(_dag_run(dag_id, state, ended_at, conf))

    def _dag_run(dag_id: str, state: str, ended_at: datetime, conf: dict[str, Any] | None) -> Any:
        run = DagRun(
            dag_id=dag_id, run_id=f"scheduled__{ended_at.isoformat()}", run_type="scheduled", state=state, conf=conf
        )
        run.run_after = run.start_date = ended_at - timedelta(minutes=3)
        run.end_date = ended_at
        return run

    yield tell
    with create_session() as session:
        for run in session.scalars(select(DagRun).where(DagRun.dag_id.in_(dag_ids))):
            run.consumed_asset_events = []
        session.flush()
        session.execute(delete(DagRun).where(DagRun.dag_id.in_(dag_ids)))
        session.execute(delete(DagModel).where(DagModel.dag_id.in_(dag_ids)))
