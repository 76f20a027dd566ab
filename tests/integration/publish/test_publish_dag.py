"""The whole DAG, in process: S3 server, PostgreSQL, quality gate, switch."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent, AssetModel
from airflow.utils.session import create_session
from sqlalchemy import select

from aisle.contracts.s3_layout import recommend_output_prefix
from aisle.dag.assets import BATCH_OUTPUT, CACHE

DAG_FILE = Path(__file__).parents[3] / "dags" / "publish.py"
N_USERS, N_ITEMS, LENGTH = 30, 30, 10

pytestmark = pytest.mark.usefixtures("airflow_metadata", "aws_connection")


@pytest.fixture(autouse=True)
def _reports_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_DOCS__DIRECTORY", str(tmp_path / "site"))


def put_output(s3: Any, bucket: str, run_key: str, *, n_users: int = N_USERS) -> dict[str, str]:
    """Batch output of both kinds, as recommend's jobs would leave it; the prefixes as params."""
    params = {}
    for subject, name, count in (("user", "userId", n_users), ("item", "itemId", N_ITEMS)):
        prefix = recommend_output_prefix(f"{subject}s", run_key)
        lines = [json.dumps(answer(name, number)) for number in range(count)]
        s3.put_object(Bucket=bucket, Key=f"{prefix}{subject}s.json.out", Body="\n".join(lines).encode())
        s3.put_object(Bucket=bucket, Key=f"{prefix}_CHECK", Body=b"")
        params[f"{subject}_output"] = f"s3://{bucket}/{prefix}"
    return params


def answer(name: str, number: int) -> dict[str, Any]:
    items = [f"p{(number + step) % N_ITEMS}" for step in range(1, LENGTH + 1)]
    scores = [round(1 / (2 + place), 7) for place in range(LENGTH)]
    output = {"recommendedItems": items} if name == "itemId" else {"recommendedItems": items, "scores": scores}
    return {"input": {name: f"{'u' if name == 'userId' else 'p'}{number}"}, "output": output, "error": None}


def run(conf: dict[str, Any], dag_id: str = "publish") -> Any:
    bag = DagBag(str(DAG_FILE))
    assert not bag.import_errors
    return bag.dags[dag_id].test(run_after=datetime.now(UTC), run_conf=conf)


def states(finished: Any) -> dict[str, str]:
    return {instance.task_id: str(instance.state) for instance in finished.get_task_instances()}


def live(url: str) -> list[tuple[Any, ...]]:
    query = "select generation, user_lists, item_lists, users_asked from cache.generations where state = 'live'"
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def announce(extra: dict[str, Any]) -> None:
    """What recommend's last task leaves in Airflow: an event of asset `batch_output`."""
    with create_session() as session:
        asset = session.scalar(select(AssetModel).where(AssetModel.name == BATCH_OUTPUT.name))
        if asset is None:
            asset = AssetModel(name=BATCH_OUTPUT.name, uri=BATCH_OUTPUT.uri, group=BATCH_OUTPUT.group)
            session.add(asset)
            session.flush()
        session.add(AssetEvent(asset_id=asset.id, extra=extra))


def test_the_newest_batch_output_is_published_and_the_same_again_by_hand(
    warehouse_url: str, s3: Any, bucket: str
) -> None:
    params = put_output(s3, bucket, "k1")
    announce({"run_key": "k1", **params, "users_asked": N_USERS, "items_asked": N_ITEMS})
    for conf in ({"run_key": "again"}, {"run_key": "again", **params}):
        finished = states(run(conf))
        assert set(finished.values()) == {"success"}, finished
        assert live(warehouse_url) == [("again", N_USERS, N_ITEMS, N_USERS)]
    with psycopg.connect(warehouse_url) as connection:
        kinds = connection.execute("select distinct score_kind from offline_user_recommendations").fetchall()
        receipts = connection.execute("select subject, rows_out from ops.receipts where stage = 'publish'").fetchall()
    assert kinds == [("personalize",)]
    assert sorted(receipts) == [("stage_items", N_ITEMS), ("stage_users", N_USERS), ("switch", None)]
    with create_session() as session:
        cache = select(AssetEvent).where(
            AssetEvent.asset_id == AssetModel.id, AssetModel.name == CACHE.name, AssetEvent.source_dag_id == "publish"
        )
        assert {event.extra["run_key"] for event in session.scalars(cache)} == {"again"}


def test_too_few_answers_never_reach_the_cache(warehouse_url: str, s3: Any, bucket: str) -> None:
    params = put_output(s3, bucket, "k3", n_users=1)
    failed = [json.dumps({"input": {"userId": f"v{number}"}, "error": "User error: no"}) for number in range(9)]
    key = recommend_output_prefix("users", "k3") + "more.json.out"
    s3.put_object(Bucket=bucket, Key=key, Body="\n".join(failed).encode())
    finished = states(run({"run_key": "k3", **params}))
    assert finished["check_coverage"] == "failed"
    assert finished["switch"] == "upstream_failed"
    assert live(warehouse_url) == []


def test_a_group_that_is_asked_about_users_only_publishes_these_through_a_gate_of_its_own(
    warehouse_url: str, s3: Any, bucket: str, shops: Any
) -> None:
    both = put_output(s3, bucket, "k4")
    finished = states(run({"run_key": "k4", "user_output": both["user_output"]}, "publish-Shop-North"))
    assert finished == dict.fromkeys(
        ("find_batch_output", "stage_users", "gate_batch_output", "check_coverage", "switch"), "success"
    )
    assert live(warehouse_url) == []
    with psycopg.connect(warehouse_url) as connection:
        published = "select generation, user_lists, item_lists, items_asked from cache_shop_north.generations"
        assert connection.execute(published.encode()).fetchall() == [("k4", N_USERS, 0, 0)]
        subjects = connection.execute("select stage, subject from ops.receipts order by 1, 2").fetchall()
        suites = connection.execute("select distinct suite from ops.quality_results order by 1").fetchall()
    assert subjects == [
        ("publish", "Shop-North/stage_users"), ("publish", "Shop-North/switch"), ("quality", "Shop-North/batch_output")
    ]  # fmt: skip
    assert [suite.removeprefix("Shop-North.batch_") for (suite,) in suites] == [
        "output_volumes", "output_volumes_notes", "user_lists", "user_lists_coverage"
    ]  # fmt: skip


def announce_users_only(s3: Any, bucket: str, run_key: str) -> None:
    users = put_output(s3, bucket, run_key)["user_output"]
    why = "the newest version of similar-items is rejected"
    announce({"run_key": run_key, "user_output": users, "users_asked": N_USERS, "without": {"items": why}})


def lists(url: str) -> list[tuple[Any, ...]]:
    query = (
        "select (select count(*) from cache.offline_user_recommendations),"
        " (select count(*) from cache.offline_similar_items)"
    )
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_batch_without_the_answers_of_one_model_is_published_by_those_of_the_other(
    warehouse_url: str, s3: Any, bucket: str
) -> None:
    """Also where an earlier run has left staged lists of the kind that this one has not."""
    left = put_output(s3, bucket, "left")
    finished = run({"run_key": "left", **left, "user_output": f"s3://{bucket}/nothing/"})
    assert states(finished)["switch"] == "upstream_failed"
    announce_users_only(s3, bucket, "k5")
    finished = states(run({"run_key": "k5"}))
    assert finished == {
        "find_batch_output": "success", "stage_users": "success", "stage_items": "skipped",
        "gate_batch_output": "success", "check_coverage": "success", "switch": "success",
    }  # fmt: skip
    assert live(warehouse_url) == [("k5", N_USERS, 0, N_USERS)]
    assert lists(warehouse_url) == [(N_USERS, 0)]

    both = put_output(s3, bucket, "k6")
    announce({"run_key": "k6", **both, "users_asked": N_USERS, "items_asked": N_ITEMS, "without": {}})
    assert set(states(run({"run_key": "k6"})).values()) == {"success"}
    assert lists(warehouse_url) == [(N_USERS, N_ITEMS)]


def test_lists_that_are_live_do_not_vanish_because_their_model_is_no_longer(
    warehouse_url: str, s3: Any, bucket: str
) -> None:
    both = put_output(s3, bucket, "k7")
    assert set(states(run({"run_key": "k7", **both})).values()) == {"success"}
    announce_users_only(s3, bucket, "k8")
    finished = states(run({"run_key": "k8"}))
    assert (finished["gate_batch_output"], finished["switch"]) == ("failed", "upstream_failed")
    assert lists(warehouse_url) == [(N_USERS, N_ITEMS)]
    with psycopg.connect(warehouse_url) as connection:
        volumes = "select measure, outcome from ops.volumes where run_key = 'k8' and value = 0 order by 1"
        measured = connection.execute(volumes.encode()).fetchall()
    assert measured == [("lists of items", "stop"), ("products in lists of items", "stop")]


def test_every_check_waits_for_all_that_was_staged_and_the_switch_for_every_check() -> None:
    tasks = DagBag(str(DAG_FILE)).dags["publish"].task_dict
    staged, checks = {"stage_users", "stage_items"}, {"gate_batch_output", "check_coverage"}
    assert all(staged <= tasks[check].upstream_task_ids for check in checks)
    assert checks <= tasks["switch"].upstream_task_ids
