from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

RunDag = Callable[..., dict[str, str]]

REUSED = "select subject, details ->> 'reused' from ops.receipts where run_key = %s and subject like '%%-import'"


def import_jobs(personalize: Any) -> dict[str, set[str]]:
    """Names of the finished import jobs, by dataset."""
    jobs: dict[str, set[str]] = {"interactions": set(), "items": set(), "users": set()}
    for job in personalize.list_dataset_import_jobs()["datasetImportJobs"]:
        assert job["status"] == "ACTIVE"
        jobs[job["jobName"].split("-")[1]].add(job["jobName"])
    return jobs


def test_only_what_has_changed_is_imported_again(marts: str, personalize: Any, run_dag: RunDag) -> None:
    assert set(run_dag("export", "one").values()) == {"success"}
    first = import_jobs(personalize)
    assert {dataset: len(jobs) for dataset, jobs in first.items()} == {"interactions": 1, "items": 1, "users": 1}
    assert all(job.startswith(f"aisle-{dataset}-one-") for dataset, jobs in first.items() for job in jobs)

    with psycopg.connect(marts) as connection:
        connection.execute("update personalize.items set price = price + 1")
    assert set(run_dag("export", "two").values()) == {"success"}
    second = import_jobs(personalize)
    assert (second["interactions"], second["users"]) == (first["interactions"], first["users"])
    assert len(second["items"] - first["items"]) == 1
    with psycopg.connect(marts) as connection:
        reused = dict(connection.execute(REUSED, ["two"]).fetchall())
    assert reused == {"interactions-import": "true", "items-import": "false", "users-import": "true"}


def test_an_import_that_the_service_refuses_fails_the_run(marts: str, personalize: Any, run_dag: RunDag) -> None:
    with psycopg.connect(marts) as connection:
        connection.execute("delete from personalize.interactions where timestamp > 1710000000 + 86400 * 50")
    states = run_dag("export", "few")
    assert states["interactions.import_job"] == "failed"
    assert states["announce"] == "upstream_failed"


def test_a_dataset_that_is_switched_off_has_no_tasks(monkeypatch: pytest.MonkeyPatch, run_dag: RunDag) -> None:
    from airflow.dag_processing.dagbag import DagBag

    from aisle.settings import PROJECT_ROOT, get_settings

    monkeypatch.setenv("AISLE_PERSONALIZE__WITH_USERS", "false")
    get_settings.cache_clear()
    tasks = DagBag(str(PROJECT_ROOT / "dags" / "export.py")).dags["export"].task_ids
    get_settings.cache_clear()
    assert "items.import_job" in tasks
    assert "users.import_job" not in tasks
