"""Deadlines: a run that has not ended so many minutes after it was queued is late. It goes on, and an alert is sent.

Airflow's own DAGRUN_QUEUED_AT cannot be used: clearing a task of a run that has it is answered by status 500 (3.3.0 and
later, apache/airflow#70368), because the stored interval is taken for a number where the deadline is moved to the new
time of queueing. The reference below is left where it was. So a run that is cleared is measured from its first start,
which is when its data were due, and it is reported at most once; a run that ended in time has no deadline any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from airflow.models import DagRun
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import BaseDeadlineReference, DeadlineAlert
from sqlalchemy import select

from aisle.dag.alerts import run_is_late
from aisle.settings import get_settings


class FirstQueuedAt(BaseDeadlineReference):  # type: ignore[misc]
    """When a run was queued first. Airflow finds the class by its plugin (plugins/aisle_plugin.py)."""

    required_kwargs: ClassVar[set[str]] = {"dag_id", "run_id"}

    def _evaluate_with(self, *, session: Any, dag_id: str, run_id: str) -> datetime | None:
        """Called by Airflow as it creates the run; None, and so no deadline, for a run that never waits in a queue."""
        queued_at = select(DagRun.queued_at).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        first_queued_at: datetime | None = session.scalar(queued_at)
        return first_queued_at


def deadline_of(stage: str) -> DeadlineAlert | None:
    """Return the deadline of a stage's runs, None if the settings have none. The callback runs in the triggerer."""
    minutes = getattr(get_settings().deadlines, stage, 0)
    if not minutes:
        return None
    return DeadlineAlert(
        reference=FirstQueuedAt(),
        interval=timedelta(minutes=minutes),
        callback=AsyncCallback(run_is_late, kwargs={"minutes": minutes}),
    )
