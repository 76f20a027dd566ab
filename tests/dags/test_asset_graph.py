"""The assets that Airflow draws are the pipeline: from the orders to the cache, task by task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools.dag_policy import asset_names

DAGS = Path(__file__).parents[2] / "dags"

#: Asset, the DAG that follows it, the asset that the DAG writes.
ASSETS_IN_ORDER = [
    ("raw_orders", "transform", "marts"),
    ("marts", "export", "personalize_input"),
    ("personalize_input", "train", "models"),
    ("models", "recommend", "batch_output"),
    ("batch_output", "publish", "cache"),
    ("raw_orders", "events", "events"),
]


@pytest.fixture(scope="module")
def bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(DAGS))


@pytest.mark.parametrize(("read", "dag_id", "written"), ASSETS_IN_ORDER)
def test_one_task_of_each_stage_joins_what_it_reads_to_what_it_writes(
    bag: Any, read: str, dag_id: str, written: str
) -> None:
    # Airflow's graph continues from an asset only through a task that has it as inlet and another one as outlet.
    joints = [
        task.task_id
        for task in bag.dags[dag_id].tasks
        if read in {asset.name for asset in task.inlets} and written in {asset.name for asset in task.outlets}
    ]
    assert len(joints) == 1


def test_retrain_and_rollback_are_drawn_beside_the_models(bag: Any) -> None:
    assert {"marts", "models"} <= asset_names(bag.dags["retrain"])[0]
    assert {"models", "cache"} <= asset_names(bag.dags["rollback"])[1]
