"""Red, amber, green: the state of a stage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aisle.settings import Schedules, Settings
from aisle.ui.pipeline import period_of, status_of
from aisle.ui.runs import DagRuns, Run

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(state: str, hours_ago: float) -> Run:
    ended_at = NOW - timedelta(hours=hours_ago)
    return Run(f"run-{hours_ago}", state, ended_at - timedelta(minutes=2), ended_at)


def dag(*runs: Run, is_paused: bool = False) -> DagRuns:
    good = next((run for run in runs if run.state == "success"), None)
    return DagRuns(is_paused, None, runs, good)


@pytest.mark.parametrize(
    ("runs", "level", "word"),
    [
        (None, "idle", "no DAG"),
        (dag(), "idle", "no run yet"),
        (dag(run("success", 1)), "good", "fresh"),
        (dag(run("success", 1.5)), "busy", "late"),
        (dag(run("success", 9)), "bad", "stale"),
        (dag(run("failed", 0.1), run("success", 1)), "bad", "failed"),
        (dag(run("running", 0), run("success", 9)), "busy", "running"),
        (dag(run("success", 1), is_paused=True), "busy", "paused"),
    ],
)
def test_a_stage_with_a_tick_every_hour(runs: DagRuns | None, level: str, word: str) -> None:
    status = status_of(runs, HOUR, NOW)
    assert (status.level, status.word) == (level, word)
    assert status.why


def test_a_stage_that_runs_by_hand_is_never_late() -> None:
    status = status_of(dag(run("success", 900)), None, NOW)
    assert (status.level, status.word) == ("good", "done")


def test_a_good_run_older_than_all_that_are_looked_at_still_counts() -> None:
    runs = DagRuns(False, None, (run("skipped", 0.5),), run("success", 1))
    assert status_of(runs, HOUR, NOW).word == "fresh"


@pytest.mark.parametrize(
    ("clock", "period"),
    [("ingest", timedelta(minutes=15)), ("train", timedelta(days=7)), ("recommend", timedelta(hours=6))],
)
def test_a_target_is_the_time_between_two_ticks(clock: str, period: timedelta) -> None:
    assert period_of(clock, Settings(), NOW) == period


def test_a_stage_started_by_hand_has_no_target() -> None:
    by_hand = Settings(schedules=Schedules(train="manual"))
    assert period_of("train", by_hand, NOW) is None
    assert period_of("no such clock", by_hand, NOW) is None
