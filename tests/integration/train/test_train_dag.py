from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

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
    """Every training ended, and every verdict is spoken. The hold-out of this company is too small to train twins."""
    return {states[f"{name}.store_metrics"] for name in ("user-personalization", "similar-items", "popularity")} == {
        "success"
    } and (states["judge"], states["announce"], states["twin.version"]) == ("success", "success", "skipped")


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
    described = [personalize.describe_solution(solutionArn=each["solutionArn"])["solution"] for each in solutions]
    assert [solution["performAutoTraining"] for solution in described] == [False] * 3

    assert trained_well(run_dag("train", "two"))
    assert versions(personalize) == first

    assert trained_well(run_dag("train", "three", force=True))
    assert len(versions(personalize) - first) == 3

    with psycopg.connect(marts) as connection:
        states = connection.execute("select run_key, state, reason from ops.model_versions").fetchall()
        reused = connection.execute(
            "select details ->> 'reason' from ops.receipts where leg = 'train' and run_key = 'two'"
        ).fetchall()
        stored = connection.execute(METRICS.encode()).fetchall()
    assert [(solution, count) for solution, _, count in stored] == [
        ("popularity", 2),
        ("similar-items", 2),
        ("user-personalization", 2),
    ]
    assert all("normalized_discounted_cumulative_gain_at_10" in metrics for _, metrics, _ in stored)
    assert {(run_key, state) for run_key, state, _ in states} == {("one", "live"), ("three", "rejected")}
    assert all("not enough evidence" in reason for _, _, reason in states)
    assert all("nothing that it learns from has changed" in reason for (reason,) in reused)
    assert len(reused) == 3
