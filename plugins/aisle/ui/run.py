"""One run of a DAG: all that was done under its run key, also by the stages that continued it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select

from aisle.dag.defaults import resolve_run_key
from aisle.ui.reader import Reader


@dataclass(frozen=True)
class RunReceipts:
    """What `run.html` draws."""

    dag_id: str
    run_id: str
    run_key: str
    receipts: tuple[dict[str, Any], ...]

    @property
    def seconds(self) -> float:
        return float(sum(row["seconds"] for row in self.receipts))


def read(reader: Reader, dag_id: str, run_id: str, run_key: str) -> RunReceipts:
    """Read the page of a run with a known key."""
    return RunReceipts(dag_id, run_id, run_key, tuple(reader.rows("ops/receipts/of_run", key=run_key)))


def run_key_of(dag_id: str, run_id: str) -> str | None:
    """Return the run key of a run; None if Airflow has no such run, or nothing names its key."""
    with create_session(scoped=False) as session:
        run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        if run is None:
            return None
        try:
            return resolve_run_key(run, {"consumed": run.consumed_asset_events})
        except ValueError:  # a key by hand that no task accepts either
            return None
