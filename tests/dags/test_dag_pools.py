"""Pools and priorities: no task that can wait takes a slot from one that cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisle import pipeline

DAGS = Path(__file__).parents[2] / "dags"
DECLARATION = Path(__file__).parents[2] / "include" / "airflow" / "pools.json"


@pytest.fixture(scope="module")
def tasks() -> dict[tuple[str, str], Any]:
    """Every task by its DAG and id."""
    from airflow.dag_processing.dagbag import DagBag

    by_id = {(dag.dag_id, task.task_id): task for dag in DagBag(str(DAGS)).dags.values() for task in dag.tasks}
    assert len(by_id) > 50
    return by_id


def test_what_the_code_names_is_what_is_declared() -> None:
    assert set(pipeline.POOLS) == set(json.loads(DECLARATION.read_text()))


def test_every_declared_pool_is_used(tasks: dict[tuple[str, str], Any]) -> None:
    assert {task.pool for task in tasks.values()} == set(pipeline.POOLS)


def test_a_wait_for_personalize_takes_no_slot(tasks: dict[tuple[str, str], Any]) -> None:
    waiting = [task for task in tasks.values() if getattr(task, "inline_poll_seconds", None)]
    assert len(waiting) > 10
    assert {task.pool for task in waiting} == {pipeline.PERSONALIZE}
    assert json.loads(DECLARATION.read_text())[pipeline.PERSONALIZE]["include_deferred"] is False


def test_a_backfill_takes_neither_the_slots_nor_the_turn_of_the_ingest_by_the_clock(
    tasks: dict[tuple[str, str], Any],
) -> None:
    window, pull = tasks["backfill", "pull_window"], tasks["ingest", "pull_pos"]
    assert (window.pool, pull.pool) == (pipeline.BACKFILL, pipeline.COMPANY_API)
    assert window.priority_weight < tasks["transform", "build"].priority_weight < pull.priority_weight


def test_a_service_that_hangs_keeps_no_order_from_coming_in(tasks: dict[tuple[str, str], Any]) -> None:
    assert tasks["events", "tail"].pool == tasks["ingest", "pull_pos"].pool == pipeline.COMPANY_API
    assert tasks["events", "send"].pool == pipeline.PERSONALIZE


def test_priorities_are_taken_as_they_are_written(tasks: dict[tuple[str, str], Any]) -> None:
    assert {task.weight_rule for task in tasks.values()} == {"absolute"}
