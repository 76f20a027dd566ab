from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from aisle.settings import get_settings

RunDag = Callable[..., dict[str, str]]


def newest_event() -> dict[str, Any]:
    """The extra of the newest event of the asset `batch_output`."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        extra: dict[str, Any] = session.scalars(select(AssetEvent).order_by(AssetEvent.id.desc()).limit(1)).one().extra
    return extra


def answers(s3: Any, uri: str) -> list[dict[str, Any]]:
    bucket, prefix = uri.removeprefix("s3://").split("/", 1)
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    content = b"".join(s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys if key.endswith(".out"))
    return [json.loads(line) for line in content.splitlines()]


def batch_jobs(personalize: Any) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = personalize.list_batch_inference_jobs()["batchInferenceJobs"]
    return jobs


def test_recommend_before_train_says_what_is_missing(marts: str, personalize: Any, run_dag: RunDag) -> None:
    states = run_dag("recommend", "early")
    assert states["find_models"] == "failed"
    assert not batch_jobs(personalize)


def test_every_user_and_item_gets_a_list_and_an_unchanged_run_hands_on_the_earlier_ones(
    marts: str, personalize: Any, run_dag: RunDag, s3: Any, bucket: str
) -> None:
    run_dag("export", "one")
    run_dag("train", "one")
    assert set(run_dag("recommend", "one").values()) == {"success"}
    event = newest_event()
    assert (event["run_key"], event["users_asked"], event["items_asked"]) == ("one", 120, 40)
    assert event["user_output"] == f"s3://{bucket}/recommend/output/users/one/"
    assert event["user_solution_version"].split("/")[1] == "aisle-user-personalization"
    assert event["item_solution_version"].split("/")[1] == "aisle-similar-items"
    assert len(answers(s3, event["user_output"])) == 120
    assert len(answers(s3, event["item_output"])) == 40
    assert len(batch_jobs(personalize)) == 2

    assert set(run_dag("recommend", "two").values()) == {"success"}
    assert newest_event() == {**event, "run_key": "two"}
    assert len(batch_jobs(personalize)) == 2

    for lost in s3.list_objects_v2(Bucket=bucket, Prefix="recommend/output/users/")["Contents"]:
        s3.delete_object(Bucket=bucket, Key=lost["Key"])
    assert set(run_dag("recommend", "three").values()) == {"success"}
    third = newest_event()
    assert third["item_output"] == event["item_output"]
    assert third["user_output"] == f"s3://{bucket}/recommend/output/users/three/"
    assert len(answers(s3, third["user_output"])) == 120


def reject(url: str, *solutions: str) -> None:
    """Leave these solutions as evaluation leaves them if it rejects their first version; any other has a live one."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "update ops.model_versions set state = case when solution = any(%(rejected)s) then 'rejected' else 'live'"
            " end, reason = case when solution = any(%(rejected)s) then 'worse than popularity' end",
            {"rejected": list(solutions)},
        )


def test_a_kind_whose_first_version_was_rejected_is_left_out_and_said_and_the_other_is_asked(
    marts: str, personalize: Any, run_dag: RunDag, s3: Any
) -> None:
    run_dag("export", "one")
    run_dag("train", "one")

    reject(marts, "similar-items")
    states = run_dag("recommend", "no-items")
    assert states["items.plan_answer"] == states["items.batch_job"] == states["items.record_answer"] == "skipped"
    assert {state for task, state in states.items() if not task.startswith("items.")} == {"success"}
    event = newest_event()
    assert len(answers(s3, event["user_output"])) == 120
    assert "item_output" not in event
    assert "rejected: worse than popularity" in event["without"]["items"]
    with psycopg.connect(marts) as connection:
        receipt = "select details ->> 'without' from ops.receipts where (run_key, subject) = ('no-items', 'items')"
        assert connection.execute(receipt.encode()).fetchall() == [(event["without"]["items"],)]
    assert len(batch_jobs(personalize)) == 1

    reject(marts, "user-personalization")
    assert run_dag("recommend", "no-users")["users.batch_job"] == "skipped"
    event = newest_event()
    assert (sorted(event["without"]), event["items_asked"]) == (["users"], 40)

    reject(marts, "user-personalization", "similar-items")
    states = run_dag("recommend", "none")
    assert (states["find_models"], states["announce"]) == ("failed", "upstream_failed")

    reject(marts)
    assert set(run_dag("recommend", "both").values()) == {"success"}
    event = newest_event()
    assert (event["users_asked"], event["items_asked"], event["without"]) == (120, 40, {})


def test_one_order_of_a_far_day_that_makes_everybody_inactive_stops_before_anything_is_asked(
    marts: str, personalize: Any, run_gated_dag: RunDag, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_RECOMMEND__ACTIVE_DAYS", "365")
    get_settings.cache_clear()
    assert run_gated_dag("recommend", "one")["gate_batch_input"] == "success"
    with psycopg.connect(marts) as connection:
        connection.execute(
            "update core.customers set last_purchased_at = last_purchased_at + interval '900 days'"
            " where user_id = (select min(user_id) from core.customers where n_sales > 0)"
        )
    states = run_gated_dag("recommend", "two")
    assert (states["write_users"], states["gate_batch_input"]) == ("success", "failed")
    with psycopg.connect(marts) as connection:
        volumes = connection.execute(
            "select measure, value, last_good_value, outcome from ops.volumes where run_key = 'two' order by measure"
        ).fetchall()
    assert volumes == [("items asked", 40, 40, "passed"), ("users asked", 1, 120, "stop")]
    assert not batch_jobs(personalize)
    get_settings.cache_clear()
