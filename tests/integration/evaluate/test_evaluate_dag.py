"""The DAG `evaluate`, run as a whole: change brings about one training, and no second one too soon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.evaluate import versions

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
def changed_world(seasons: str) -> str:
    """URL of a warehouse where people buy other things than when the live model learned, ten days ago."""
    versions.register("user-personalization", "a", "one")
    versions.promote("user-personalization", "a", "gate", "the first")
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


def started() -> list[dict[str, Any]]:
    """The params of the runs of `train` that were started by `evaluate`."""
    from airflow.models.dagrun import DagRun

    return [dict(run.conf) for run in DagRun.find(dag_id="train") if run.run_id.startswith("due__")]


@pytest.mark.usefixtures("known_train", "aws_connection")
def test_drift_starts_a_training_and_a_second_look_waits_for_the_least_time(
    changed_world: str, run_dag: RunDag, capfd: pytest.CaptureFixture[str]
) -> None:
    assert set(run_dag("evaluate", "monday").values()) == {"success"}
    [params] = started()
    assert "stability index of items" in params["reason"]
    assert "interactions have grown by" in params["reason"]

    capfd.readouterr()
    states = run_dag("evaluate", "tuesday")
    assert states == {"measure_change": "success", "decide_to_train": "skipped", "start_training": "skipped"}
    assert "but not before" in capfd.readouterr().out
    assert len(started()) == 1
