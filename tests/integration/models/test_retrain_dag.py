"""The DAG `retrain`, run as a whole: a change starts one training, and no second one too soon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.groups.dataset_group import DatasetGroup
from aisle.models import registry

RunDag = Callable[..., dict[str, str]]

DAGS = Path(__file__).parents[3] / "dags"
#: As many purchases again, four weeks later, of two items only.
OTHER = """
insert into personalize.interactions
select
    user_id,
    case when timestamp % 2 = 0 then 'P039' else 'P040' end,
    event_type,
    event_value,
    timestamp + 28 * 86400
from personalize.interactions where timestamp > 1710000000 + 29 * 86400
"""


@pytest.fixture
def changed_world(seasons: str, group: DatasetGroup) -> str:
    """URL of a warehouse where people buy other things than when the live model learned, ten days ago."""
    registry.register(group, "user-personalization", "a", "one")
    registry.promote("user-personalization", "a", "gate", "the first")
    with psycopg.connect(seasons) as connection:
        connection.execute("update ops.model_versions set trained_at = now() - interval '10 days'")
        connection.execute(OTHER.encode())
    return seasons


@pytest.fixture
def known_train(airflow_metadata: None) -> None:
    """Airflow knows the DAG that is to be started."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(DagBag(str(DAGS / "train.py")), "dags-folder", None)


def started(dag_id: str = "train") -> list[dict[str, Any]]:
    """The params of the runs of `train` that were started by `retrain`."""
    from airflow.models.dagrun import DagRun

    return [dict(run.conf) for run in DagRun.find(dag_id=dag_id) if run.run_id.startswith("due__")]


@pytest.mark.usefixtures("known_train", "aws_connection")
def test_drift_starts_a_training_and_the_next_waits_for_the_minimum_interval(
    changed_world: str, run_dag: RunDag, capfd: pytest.CaptureFixture[str]
) -> None:
    assert set(run_dag("retrain", "monday").values()) == {"success"}
    [params] = started()
    assert "stability index of items" in params["reason"]
    assert "interactions have grown by" in params["reason"]

    capfd.readouterr()
    states = run_dag("retrain", "tuesday")
    assert states == {"measure_change": "success", "decide_to_train": "skipped", "start_training": "skipped"}
    assert "but not before" in capfd.readouterr().out
    assert len(started()) == 1


@pytest.mark.usefixtures("aws_connection")
def test_a_change_in_one_group_starts_the_training_of_that_group_only(
    regions: str, request: pytest.FixtureRequest, run_dag: RunDag, group: DatasetGroup, north: DatasetGroup
) -> None:
    for shop in (group, north):
        registry.register(shop, "user-personalization", shop.name, "one")
        registry.promote(shop.key("user-personalization"), shop.name, "gate", "the first")
    with psycopg.connect(regions) as connection:
        connection.execute("update ops.model_versions set trained_at = now() - interval '10 days'")
        connection.execute(f"{OTHER} and user_id like 'north-%'".encode())
    request.getfixturevalue("known_train")
    n_before = len(started())
    assert run_dag("retrain", "monday")["decide_to_train"] == "skipped"
    assert set(run_dag("retrain-shop-north", "monday").values()) == {"success"}
    [params] = started("train-shop-north")
    assert "stability index of items" in params["reason"]
    assert len(started()) == n_before
