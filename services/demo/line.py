"""One walk of orders through the line: start what a person would start, wait for what follows by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.stack.airflow import AirflowClient

_LEG_TIMEOUT_SECONDS = 3600
_FOLLOWS_WITHIN_SECONDS = 60
_ACTIVE = ("queued", "running")

#: leg → the leg whose output starts it; None: started by hand here, by the clock otherwise.
LEGS: dict[str, str | None] = {
    "ingest": None,
    "transform": "ingest",
    "export": None,
    "train": None,
    "recommend": None,
    "publish": "recommend",
}


@dataclass
class LegState:
    """How far a leg is: its tasks, the rows it has written, its seconds."""

    leg: str
    state: str = "waiting"  # waiting, running, done, idle (nothing to do)
    tasks_done: int = 0
    tasks: int = 0
    rows: int = 0
    seconds: float = 0.0


class Line:
    """Drives the DAGs of a running stack, reporting every step to `on_change`; `rows_of` a leg since a moment."""

    def __init__(
        self,
        airflow: AirflowClient,
        on_change: Callable[[LegState], None],
        rows_of: Callable[[str, datetime], int],
    ) -> None:
        self._airflow = airflow
        self._on_change = on_change
        self._rows_of = rows_of

    def walk(self) -> list[LegState]:
        """All legs in order, as they ended. Raises DagRunFailed with the reason at the first that fails."""
        ended = []
        started: dict[str, str] = {}
        for leg, follows in LEGS.items():
            state = LegState(leg)
            begun = time.monotonic()
            run_id = self._follower(leg, follows, started) if follows else self._airflow.trigger(leg)
            if run_id is None:
                state.state = "idle"
            else:
                started[leg] = run_id
                state.state = "running"
                self._wait(state, run_id, begun)
                state.state = "done"
            state.seconds = time.monotonic() - begun
            self._on_change(state)
            ended.append(state)
        return ended

    def _wait(self, state: LegState, run_id: str, begun: float) -> None:
        def look(tasks: list[dict[str, Any]]) -> None:
            state.tasks = len(tasks)
            state.tasks_done = sum(task["state"] in ("success", "skipped") for task in tasks)
            state.seconds = time.monotonic() - begun
            state.rows = self._rows_of(state.leg, since)
            self._on_change(state)

        since = datetime.now(UTC)
        self._airflow.wait(state.leg, run_id, timeout_seconds=_LEG_TIMEOUT_SECONDS, on_look=look)

    def _follower(self, leg: str, follows: str, started: dict[str, str]) -> str | None:
        """The run of `leg` that the output of `follows` started; None if there was no output."""
        event_at = self._airflow.emitted_at(follows, started[follows])
        deadline = time.monotonic() + _FOLLOWS_WITHIN_SECONDS
        while True:
            for run in self._airflow.runs(leg, limit=5):
                is_fresh = event_at is not None and _moment(run["queued_at"]) >= event_at
                if is_fresh or run["state"] in _ACTIVE:
                    return str(run["dag_run_id"])
            if event_at is None:
                return None
            if time.monotonic() > deadline:
                raise TimeoutError(f"{follows} wrote its output, but {leg} did not start within a minute")
            time.sleep(0.5)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
