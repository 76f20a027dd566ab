from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.settings import get_settings

RunDag = Callable[..., dict[str, str]]

METRICS = """
select solution, array_agg(metric order by metric), count(distinct solution_version_arn)
from ops.model_metrics group by solution
"""


def versions(personalize: Any) -> set[str]:
    """ARNs of the trained versions of all solutions."""
    solutions = personalize.list_solutions()["solutions"]
    return {
        version["solutionVersionArn"]
        for solution in solutions
        for version in personalize.list_solution_versions(solutionArn=solution["solutionArn"])["solutionVersions"]
        if version["status"] == "ACTIVE"
    }


def trained_well(states: dict[str, str]) -> bool:
    """Whether every training and evaluation ended. The hold-out of this company is too small to train twins."""
    return {states[f"{name}.store_metrics"] for name in ("user-personalization", "similar-items", "popularity")} == {
        "success"
    } and (states["decide"], states["announce"], states["twin.version"]) == ("success", "success", "skipped")


@pytest.fixture
def in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Let the settings' file have one solution, `popularity`, that is described so."""
    file = tmp_path / "changed.yaml"

    def write(solution: str) -> None:
        monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(file))
        datasets = "{interactions: {}, items: {}, users: {}}"
        file.write_text(f"groups: [{{datasets: {datasets}, solutions: {{popularity: {solution}}}}}]\n")
        get_settings.cache_clear()

    yield write
    monkeypatch.undo()
    get_settings.cache_clear()


def test_train_without_an_export_says_what_is_missing(warehouse_url: str, personalize: Any, run_dag: RunDag) -> None:
    states = run_dag("train", "early")
    assert states["find_data"] == "failed"
    assert not personalize.list_solutions()["solutions"]


def test_a_version_is_trained_once_for_the_same_data_unless_it_is_forced(
    marts: str, personalize: Any, run_dag: RunDag
) -> None:
    run_dag("export", "one")
    assert trained_well(run_dag("train", "one"))
    first = versions(personalize)
    assert len(first) == 3
    solutions = personalize.list_solutions()["solutions"]
    described = [
        personalize.describe_solution(solutionArn=solution["solutionArn"])["solution"] for solution in solutions
    ]
    assert [solution["performAutoTraining"] for solution in described] == [False] * 3

    assert trained_well(run_dag("train", "two"))
    assert versions(personalize) == first

    assert trained_well(run_dag("train", "three", force=True))
    assert len(versions(personalize) - first) == 3

    with psycopg.connect(marts) as connection:
        states = connection.execute("select run_key, state, reason from ops.model_versions").fetchall()
        reused = connection.execute(
            "select details ->> 'reason' from ops.receipts where stage = 'train' and run_key = 'two'"
        ).fetchall()
        stored = connection.execute(METRICS.encode()).fetchall()
    assert [(solution, count) for solution, _, count in stored] == [
        ("popularity", 2),
        ("similar-items", 2),
        ("user-personalization", 2),
    ]
    assert all("normalized_discounted_cumulative_gain_at_10" in metrics for _, metrics, _ in stored)
    assert {(run_key, state) for run_key, state, _ in states} == {("one", "live"), ("three", "rejected")}
    assert all("too little data" in reason for _, _, reason in states)
    assert all("nothing that it learns from has changed" in reason for (reason,) in reused)
    assert len(reused) == 3


def test_a_group_that_is_asked_nothing_is_trained_until_the_file_describes_its_solution_otherwise(
    marts: str, personalize: Any, run_dag: RunDag, in_force: Callable[[str], None]
) -> None:
    in_force("{recipe: aws-popularity-count}")
    run_dag("export", "one")
    states = run_dag("train", "one")
    assert (states["popularity.store_metrics"], states["announce"]) == ("success", "success")
    assert set(states.values()) <= {"success", "skipped"}
    trained = versions(personalize)
    assert len(trained) == 1

    in_force("{recipe: aws-popularity-count, event_type: purchase}")
    states = run_dag("train", "two", force=True)
    assert (states["popularity.solution"], states["popularity.plan_version"]) == ("success", "failed")
    assert versions(personalize) == trained
