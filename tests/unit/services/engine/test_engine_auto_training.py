from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from personalize_kinds.kinds import DATASET, SOLUTION, SOLUTION_VERSION
from services.engine.auto_training import AutoTraining, is_due
from services.engine.resources import Resource
from tests.unit.services.engine.control import Control

HOUR, DAY = 3_600, 86_400
T0 = 1_000_000.0


def solution(schedule: str | None = None, updated_at: float = 0) -> Resource:
    config = {"autoTrainingConfig": {"schedulingExpression": schedule}} if schedule else {}
    made = Resource.create(SOLUTION, "us-east-1", "s", {"solutionConfig": config})
    made.body["lastUpdatedDateTime"] = T0
    if updated_at:
        made.body["latestSolutionUpdate"] = {"lastUpdatedDateTime": updated_at}
    return made


def version(created_at: float, trained_on: Any = None, status: str = "ACTIVE") -> Resource:
    body = {"trainingType": "AUTOMATIC" if trained_on else "MANUAL", "status": status}
    made = Resource.create(SOLUTION_VERSION, "us-east-1", "s/v", body, trained_on=trained_on)
    made.body["creationDateTime"] = created_at
    return made


@pytest.mark.parametrize(
    ("versions", "now", "due"),
    [
        ([], T0 + HOUR - 1, False),
        ([], T0 + HOUR, True),
        ([version(T0 + 60)], T0 + HOUR, False),
        ([version(T0 + 60)], T0 + 7 * DAY, True),
        ([version(T0 + HOUR, ["a"])], T0 + HOUR + 7 * DAY - 1, False),
        ([version(T0 + HOUR, ["a"])], T0 + HOUR + 7 * DAY, True),
        ([version(T0 + HOUR, ["b"])], T0 + 30 * DAY, False),
        ([version(T0 + 8 * DAY), version(T0 + HOUR, ["a"])], T0 + 9 * DAY, True),
        ([version(T0 + HOUR, ["a"], status="CREATE PENDING")], T0 + 30 * DAY, False),
    ],
)
def test_schedule(versions: list[Resource], now: float, due: bool) -> None:
    assert is_due(solution(), versions, ["b"], now) is due


def test_schedule_of_the_solution_and_its_update_count() -> None:
    trained = [version(T0, ["a"])]
    assert is_due(solution("rate(1 day)"), trained, ["b"], T0 + DAY)
    assert not is_due(solution("rate(2 days)"), trained, ["b"], T0 + DAY)
    assert not is_due(solution("rate(1 day)", updated_at=T0 + HOUR), trained, ["b"], T0 + DAY)


def test_clock_that_runs_faster_comes_earlier() -> None:
    assert is_due(solution(), [], ["b"], T0 + 1, speed=HOUR)


def test_due_solutions_are_trained_once_for_the_same_data(tmp_path: Path) -> None:
    control = Control(tmp_path)
    group = control.group()
    automatic = control.solution(group, "wanted")
    control.solution(group, "by-hand", performAutoTraining=False)
    trainer = AutoTraining(control.store, control.provider.lifecycle, lambda _dataset: 0)
    later = control.described("Solution", automatic)["creationDateTime"] + 30 * DAY
    trainer.tick(later)
    assert control.ListSolutionVersions()["solutionVersions"] == []

    put_data(control, group, "first.parquet")
    trainer.tick(later)
    trainer.tick(later)
    (made,) = control.ListSolutionVersions()["solutionVersions"]
    assert (made["trainingType"], made["trainingMode"]) == ("AUTOMATIC", "FULL")
    arn = made["solutionVersionArn"]
    assert arn.startswith(automatic)
    assert control.settled("SolutionVersion", arn)["status"] == "ACTIVE"
    trainer.tick(later + 30 * DAY)
    assert len(control.ListSolutionVersions()["solutionVersions"]) == 1

    put_data(control, group, "second.parquet")
    trainer.tick(later + 30 * DAY)
    assert len(control.ListSolutionVersions()["solutionVersions"]) == 2


def put_data(control: Control, group: str, part: str) -> None:
    """As an import would."""
    dataset = control.store.get(DATASET, f"{group.replace('dataset-group', 'dataset')}/INTERACTIONS")
    dataset.inner["parts"] = [part]
    control.store.save(dataset)
