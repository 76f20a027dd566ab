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


def test_train_without_an_export_says_what_is_missing(warehouse_url: str, personalize: Any, run_dag: RunDag) -> None:
    states = run_dag("train", "early")
    assert states["find_data"] == "failed"
    assert not personalize.list_solutions()["solutions"]


def test_a_version_is_trained_once_for_the_same_data_unless_it_is_forced(
    marts: str, personalize: Any, run_dag: RunDag
) -> None:
    run_dag("export", "one")
    assert set(run_dag("train", "one").values()) == {"success"}
    first = versions(personalize)
    assert len(first) == 3
    solutions = personalize.list_solutions()["solutions"]
    described = [personalize.describe_solution(solutionArn=each["solutionArn"])["solution"] for each in solutions]
    assert [solution["performAutoTraining"] for solution in described] == [False] * 3

    assert set(run_dag("train", "two").values()) == {"success"}
    assert versions(personalize) == first

    assert set(run_dag("train", "three", force=True).values()) == {"success"}
    assert len(versions(personalize) - first) == 3

    with psycopg.connect(marts) as connection:
        stored = connection.execute(METRICS.encode()).fetchall()
    assert [(solution, count) for solution, _, count in stored] == [
        ("popularity", 2),
        ("similar-items", 2),
        ("user-personalization", 2),
    ]
    assert all("normalized_discounted_cumulative_gain_at_10" in metrics for _, metrics, _ in stored)
