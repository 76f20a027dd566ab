"""What every DAG of the line owes to the people who run it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LEGS = {"ingest", "transform", "export", "train", "recommend", "publish"}


@pytest.fixture(scope="module")
def bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(ROOT / "dags"))


def test_every_leg_has_a_dag_and_every_file_can_be_imported(bag: Any) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == LEGS


@pytest.mark.parametrize("leg", sorted(LEGS))
def test_a_dag_tells_what_it_reads_and_writes_and_that_it_may_run_again(bag: Any, leg: str) -> None:
    doc = bag.dags[leg].doc_md
    for word in ("Reads", "Writes", "Safe to rerun"):
        assert word in doc


@pytest.mark.parametrize("leg", sorted(LEGS))
def test_a_dag_runs_once_at_a_time_is_tagged_and_makes_up_for_nothing(bag: Any, leg: str) -> None:
    dag = bag.dags[leg]
    assert dag.max_active_runs == 1
    assert dag.catchup is False
    assert {"aisle", leg} <= set(dag.tags)
    assert dag.dagrun_timeout is not None


@pytest.mark.parametrize("leg", sorted(LEGS))
def test_every_task_has_an_owner_retries_a_time_limit_and_a_retry_policy(bag: Any, leg: str) -> None:
    tasks = bag.dags[leg].tasks
    assert tasks
    for task in tasks:
        assert task.owner == "aisle", task.task_id
        assert task.retries >= 1, task.task_id
        assert task.execution_timeout is not None, task.task_id
        assert task.execution_timeout <= timedelta(hours=12), task.task_id
        assert task.retry_policy is not None, task.task_id


@pytest.mark.parametrize("leg", sorted(LEGS))
def test_every_param_says_what_it_means(bag: Any, leg: str) -> None:
    params = bag.dags[leg].params
    assert "run_key" in params
    for name in params:
        param = params.get_param(name)
        assert param.description, name
        assert param.schema.get("type") or param.schema.get("enum"), name


def test_schedules_are_those_of_the_settings_and_of_the_arrows(bag: Any) -> None:
    crons = {leg: getattr(bag.dags[leg].timetable, "expression", None) for leg in LEGS}
    assert crons == {
        "ingest": "*/15 * * * *",
        "transform": None,
        "export": "0 2 * * *",
        "train": "0 3 * * 0",
        "recommend": "0 */6 * * *",
        "publish": None,
    }
    for leg, asset in (("transform", "raw_orders"), ("publish", "batch_output")):
        assert asset in str(bag.dags[leg].timetable.asset_condition)


def test_a_schedule_set_to_manual_leaves_the_dag_to_people(monkeypatch: pytest.MonkeyPatch) -> None:
    from aisle.dag_defaults import line_dag
    from aisle.settings import get_settings

    monkeypatch.setenv("AISLE_SCHEDULES__TRAIN", "manual")
    get_settings.cache_clear()
    assert line_dag("train", "doc", clock="train")["schedule"] is None
    get_settings.cache_clear()
