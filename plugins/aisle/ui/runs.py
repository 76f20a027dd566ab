"""What Airflow knows of the pipeline: runs, and when the next one is due."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select

#: The newest runs of a DAG that are read.
N_RUNS = 14


@dataclass(frozen=True)
class Run:
    """One run of a DAG."""

    run_id: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def seconds(self) -> float | None:
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class DagRuns:
    """The newest runs of one DAG, newest first, its newest good one however old, and its next."""

    is_paused: bool
    next_at: datetime | None
    runs: tuple[Run, ...]
    last_good: Run | None

    @property
    def newest(self) -> Run | None:
        return self.runs[0] if self.runs else None


def runs_of(dag_ids: Collection[str]) -> dict[str, DagRuns]:
    """Return the runs of these DAGs by id, without the DAGs that Airflow does not have."""
    with create_session(scoped=False) as session:
        dags = session.scalars(select(DagModel).where(DagModel.dag_id.in_(dag_ids), DagModel.is_stale.is_(False)))
        return {dag.dag_id: _runs_of(session, dag) for dag in dags}


def _runs_of(session: Any, dag: Any) -> DagRuns:
    of_dag = select(DagRun).where(DagRun.dag_id == dag.dag_id).order_by(DagRun.run_after.desc(), DagRun.id.desc())
    newest = [_run(run) for run in session.scalars(of_dag.limit(N_RUNS))]
    good = next((run for run in newest if run.state == "success"), None)
    if good is None and (older := session.scalar(of_dag.where(DagRun.state == "success").limit(1))):
        good = _run(older)
    return DagRuns(dag.is_paused, dag.next_dagrun_create_after, tuple(newest), good)


def _run(run: Any) -> Run:
    return Run(run.run_id, str(run.state), run.start_date, run.end_date)
