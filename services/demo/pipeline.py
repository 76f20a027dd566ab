"""Orders through the pipeline: start what a person would start, wait for what follows by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aisle.groups.dataset_group import DatasetGroup
from aisle.pipeline import DEMO, GROUP_STAGES
from services.stack.airflow import AirflowClient

_STAGE_TIMEOUT_SECONDS = 3600
_FOLLOWS_WITHIN_SECONDS = 60
_ACTIVE = ("queued", "running")

#: The stages that a demo runs, each with the stage whose output starts it; None: the demo starts it.
DEMO_STAGES: dict[str, str | None] = {stage.name: stage.follows for stage in DEMO}


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of one group, or of all: its DAG, and the DAG whose output starts it. None: the demo starts it."""

    stage: str
    dag_id: str
    follows: str | None
    group: DatasetGroup


def steps_of(groups: Sequence[DatasetGroup]) -> list[Step]:
    """Return the stages of each group, one group after the other, between those that groups share."""
    names = list(DEMO_STAGES)
    first_of_group = min(names.index(stage) for stage in names if stage in GROUP_STAGES)
    shared = [Step(stage, stage, DEMO_STAGES[stage], groups[0]) for stage in names if stage not in GROUP_STAGES]
    before = [step for step in shared if names.index(step.stage) < first_of_group]
    of_groups = [_step(stage, group) for group in groups for stage in names if stage in group.stages]
    return [*before, *of_groups, *shared[len(before) :]]


def _step(stage: str, group: DatasetGroup) -> Step:
    follows = DEMO_STAGES[stage]
    return Step(stage, group.dag_id(stage), group.dag_id(follows) if follows else None, group)


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of a DAG, and the moment since which it may have written rows."""

    run_id: str
    since: datetime


@dataclass
class StageState:
    """How far the DAG of a stage is: its tasks, the rows it has written, its seconds."""

    dag_id: str
    state: str = "waiting"  # waiting, running, done, idle (nothing to do)
    tasks_done: int = 0
    tasks: int = 0
    rows: int = 0
    seconds: float = 0.0


class PipelineDriver:
    """Run the DAGs of a running stack, and report every change to `on_change`; `rows_of` counts a step's rows."""

    def __init__(
        self,
        airflow: AirflowClient,
        on_change: Callable[[StageState], None],
        rows_of: Callable[[Step, datetime], int],
    ) -> None:
        self._airflow = airflow
        self._on_change = on_change
        self._rows_of = rows_of

    def walk(self, steps: Sequence[Step]) -> list[StageState]:
        """Run all steps in order and return their final states. Raises DagRunFailed at the first that fails."""
        emitted: dict[str, datetime | None] = {}
        return [self._take(step, emitted) for step in steps]

    def _take(self, step: Step, emitted: dict[str, datetime | None]) -> StageState:
        state = StageState(step.dag_id)
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

    def _wait(self, step: Step, state: StageState, run: _Run, begun: float) -> None:
        def look(tasks: list[dict[str, Any]]) -> None:
            state.tasks = len(tasks)
            state.tasks_done = sum(task["state"] in ("success", "skipped") for task in tasks)
            state.seconds = time.monotonic() - begun
            state.rows = self._rows_of(step, run.since)
            self._on_change(state)

        self._airflow.wait(step.dag_id, run.run_id, timeout_seconds=_STAGE_TIMEOUT_SECONDS, on_look=look)

    def _run_of(self, step: Step, emitted: dict[str, datetime | None]) -> _Run | None:
        """Return the run to wait for; None if there is nothing to do.

        A run that somebody else started, such as another demo, counts if it saw all output of the earlier steps.
        """
        if step.follows:
            return self._follower(step, step.follows, emitted.get(step.follows))
        newest_output = max(filter(None, emitted.values()), default=None)
        if run := self._newest(step, newest_output, is_active=True):
            return run
        since = datetime.now(UTC)
        return _Run(self._airflow.trigger(step.dag_id), since)

    def _follower(self, step: Step, follows: str, emitted_at: datetime | None) -> _Run | None:
        """Return the run of a step that the output of `follows` started; None if there was no output."""
        if emitted_at is None:
            return self._newest(step, None, is_active=True)
        deadline = time.monotonic() + _FOLLOWS_WITHIN_SECONDS
        while (run := self._newest(step, emitted_at, is_active=False)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{follows} wrote its output, but {step.dag_id} did not start within a minute")
            time.sleep(0.5)
        return run

    def _newest(self, step: Step, queued_since: datetime | None, *, is_active: bool) -> _Run | None:
        """Return the newest run of a step queued since a moment; `is_active` leaves out runs that have ended."""
        for run in self._airflow.runs(step.dag_id, limit=5):
            queued_at = datetime.fromisoformat(run["queued_at"])
            if (not is_active or run["state"] in _ACTIVE) and (queued_since is None or queued_at >= queued_since):
                return _Run(str(run["dag_run_id"]), queued_at)
        return None
