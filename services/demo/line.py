"""One walk of orders through the line: start what a person would start, wait for what follows by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from aisle.groups.dataset_group import DatasetGroup
from aisle.pipeline import GROUP_STAGES, REQUIRED
from services.stack.airflow import AirflowClient

_LEG_TIMEOUT_SECONDS = 3600
_FOLLOWS_WITHIN_SECONDS = 60
_ACTIVE = ("queued", "running")

#: The stages that a demo walks through, each with the one whose output starts it; None: started by hand here.
LEGS: dict[str, str | None] = {stage.name: stage.follows for stage in REQUIRED}


class Step(NamedTuple):
    """One leg of one group, or of all: its DAG, and the DAG whose output starts it. None: started by hand here."""

    leg: str
    dag_id: str
    follows: str | None
    group: DatasetGroup


def steps_of(groups: Sequence[DatasetGroup]) -> list[Step]:
    """What the groups share, then what each has for itself, one group after the other."""
    first = groups[0]
    shared = [Step(leg, leg, follows, first) for leg, follows in LEGS.items() if leg not in GROUP_STAGES]
    return shared + [_step(leg, group) for group in groups for leg in LEGS if leg in group.stages]


def _step(leg: str, group: DatasetGroup) -> Step:
    follows = LEGS[leg]
    return Step(leg, group.dag_id(leg), group.dag_id(follows) if follows else None, group)


class _Run(NamedTuple):
    """A run of a DAG, and since when it may have written rows."""

    run_id: str
    since: datetime


@dataclass
class LegState:
    """How far a leg is: its tasks, the rows it has written, its seconds. `leg` is what its DAG is called."""

    leg: str
    state: str = "waiting"  # waiting, running, done, idle (nothing to do)
    tasks_done: int = 0
    tasks: int = 0
    rows: int = 0
    seconds: float = 0.0


class Line:
    """Drives the DAGs of a running stack, reporting every step to `on_change`; `rows_of` a step since a moment."""

    def __init__(
        self,
        airflow: AirflowClient,
        on_change: Callable[[LegState], None],
        rows_of: Callable[[Step, datetime], int],
    ) -> None:
        self._airflow = airflow
        self._on_change = on_change
        self._rows_of = rows_of

    def walk(self, steps: Sequence[Step]) -> list[LegState]:
        """All steps in order, as they ended. Raises DagRunFailed with the reason at the first that fails."""
        emitted: dict[str, datetime | None] = {}
        return [self._take(step, emitted) for step in steps]

    def _take(self, step: Step, emitted: dict[str, datetime | None]) -> LegState:
        state = LegState(step.dag_id)
        begun = time.monotonic()
        run = self._run_of(step, emitted)
        if run is None:
            state.state = "idle"
        else:
            state.state = "running"
            self._wait(step, state, run, begun)
            emitted[step.dag_id] = self._airflow.emitted_at(step.dag_id, run.run_id)
            state.state = "done"
        state.seconds = time.monotonic() - begun
        self._on_change(state)
        return state

    def _wait(self, step: Step, state: LegState, run: _Run, begun: float) -> None:
        def look(tasks: list[dict[str, Any]]) -> None:
            state.tasks = len(tasks)
            state.tasks_done = sum(task["state"] in ("success", "skipped") for task in tasks)
            state.seconds = time.monotonic() - begun
            state.rows = self._rows_of(step, run.since)
            self._on_change(state)

        self._airflow.wait(step.dag_id, run.run_id, timeout_seconds=_LEG_TIMEOUT_SECONDS, on_look=look)

    def _run_of(self, step: Step, emitted: dict[str, datetime | None]) -> _Run | None:
        """The run to wait for; None if there is nothing to do.

        It is one that somebody else has started, another demo perhaps, if that has all output of the steps before.
        """
        if step.follows:
            return self._follower(step, step.follows, emitted.get(step.follows))
        newest_output = max(filter(None, emitted.values()), default=None)
        if run := self._newest(step, newest_output, is_active=True):
            return run
        since = datetime.now(UTC)
        return _Run(self._airflow.trigger(step.dag_id), since)

    def _follower(self, step: Step, follows: str, emitted_at: datetime | None) -> _Run | None:
        """The run of a step that the output of `follows` started; None if there was no output."""
        if emitted_at is None:
            return self._newest(step, None, is_active=True)
        deadline = time.monotonic() + _FOLLOWS_WITHIN_SECONDS
        while (run := self._newest(step, emitted_at, is_active=False)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{follows} wrote its output, but {step.dag_id} did not start within a minute")
            time.sleep(0.5)
        return run

    def _newest(self, step: Step, queued_since: datetime | None, *, is_active: bool) -> _Run | None:
        """The newest run of a step that was queued since a moment, and has not ended if it must be active."""
        for run in self._airflow.runs(step.dag_id, limit=5):
            queued_at = datetime.fromisoformat(run["queued_at"])
            if (not is_active or run["state"] in _ACTIVE) and (queued_since is None or queued_at >= queued_since):
                return _Run(str(run["dag_run_id"]), queued_at)
        return None
