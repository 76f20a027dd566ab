"""The pipeline from the order API to an HTTP answer, by the real scheduler, read left to right."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import httpx
import psycopg
import pytest

from services.demo.pipeline import DEMO_STAGES
from services.stack.supervisor import Stack
from tests.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3_600)]

#: Each stage with the asset that it writes, which the next one reads.
_PIPELINE = [
    ("ingest", "raw_orders"),
    ("transform", "marts"),
    ("export", "personalize_input"),
    ("train", "models"),
    ("recommend", "batch_output"),
    ("publish", "cache"),
]


def test_every_stage_ran_and_every_order_item_is_accounted_for(first_walk: Any) -> None:
    summary = first_walk.summary
    assert set(summary["seconds_per_stage"]) == set(DEMO_STAGES)
    assert all(summary["rows_per_stage"].get(stage) for stage in DEMO_STAGES), summary["rows_per_stage"]
    assert summary["order_lines"] + summary["merged"] + summary["rejected"] == summary["source_rows"] > 1_000
    assert sum(summary["rejected_by_reason"].values()) == summary["rejected"] > 0


def test_every_customer_with_a_purchase_and_every_product_has_a_list(first_walk: Any) -> None:
    summary = first_walk.summary
    assert summary["users_with_recommendations"] == summary["customers_with_a_purchase"] > 100
    assert summary["customers_without_recommendations"] == 0
    assert 0 < summary["products_with_similar_items"] <= summary["products"]


def test_the_model_beats_popularity_and_the_gates_were_passed(first_walk: Any) -> None:
    metric = "normalized_discounted_cumulative_gain_at_10"
    metrics = first_walk.summary["metrics"]
    assert metrics["user-personalization"][metric] > metrics["popularity"][metric]
    stops = [suite for suite in first_walk.summary["quality"].values() if suite["severity"] == "stop"]
    assert len(stops) >= 3
    assert all(suite["met"] == suite["expectations"] for suite in stops)


def test_five_customers_are_shown_with_names_of_products(first_walk: Any) -> None:
    examples = first_walk.summary["examples"]
    assert len(examples) == 5
    for example in examples:
        assert example["bought"]
        assert len(example["recommended"]) == 5
        assert example["recommended"][0] in first_walk.output


def test_a_second_walk_changes_nothing_but_the_generation(first_walk: Any, second_walk: Any) -> None:
    assert second_walk.unchanging_tables == first_walk.unchanging_tables
    assert len(first_walk.unchanging_tables) > 10
    assert second_walk.tables["cache.generations"] != first_walk.tables["cache.generations"]
    for name in ("users_with_recommendations", "products_with_similar_items"):
        assert second_walk.summary[name] == first_walk.summary[name]


def test_nothing_is_left_behind_by_itself_or_by_ctrl_c(first_walk: Any, second_walk: Any) -> None:
    assert "Everything stays up" not in first_walk.output
    assert "Everything stays up" in second_walk.output
    assert (first_walk.left, second_walk.left) == (0, 0)


def test_recommendations_are_read_over_http(stack: Stack) -> None:
    with psycopg.connect(stack.addresses.warehouse_url) as connection:
        row = connection.execute("select user_id, recommendations from offline_user_recommendations limit 1").fetchone()
    assert row is not None
    answer = httpx.get(
        f"{stack.addresses.serving}/api/v1/recommendations/{row[0]}",
        params={"limit": len(row[1])},
        headers={"authorization": f"Bearer {stack.secrets.serving_api_key}"},
    )
    assert answer.status_code == 200
    assert [item["item_id"] for item in answer.json()["items"]] == [item["product_id"] for item in row[1]]
    assert answer.json()["source"] == "cache"


def test_reports_are_there(stack: Stack) -> None:
    for path in ("/dbt/index.html", "/quality/index.html"):
        answer = httpx.get(stack.addresses.reports + path, auth=("admin", stack.secrets.admin_password))
        assert answer.status_code == 200
        assert len(answer.text) > 1_000


def test_airflow_draws_every_stage_between_what_it_reads_and_what_it_writes(stack: Stack) -> None:
    # Asked of the server, because its query depends on the database's driver: with another one the graph was empty.
    scheduling = _drawn(stack)
    for dag_id, written in _PIPELINE:
        assert (dag_id, written) in scheduling
    assert {("raw_orders", "transform"), ("batch_output", "publish")} <= scheduling

    (first,) = [asset for asset in stack.airflow._get("/api/v2/assets")["assets"] if asset["name"] == "raw_orders"]
    data = _drawn(stack, node_id=f"asset:{first['id']}", dependency_type="data")
    for (_, read), (dag_id, written) in pairwise(_PIPELINE):
        joints = {task for source, task in data if source == read and task.startswith(f"{dag_id}.")}
        assert any((task, written) in data for task in joints), f"{dag_id} does not join {read} to {written}"


def test_a_second_supervisor_uses_the_running_stack(stack: Stack) -> None:
    other = Stack(stack.settings)
    other.start()
    assert not other.is_owner
    assert other.addresses == stack.addresses
    other.stop()
    assert stack.airflow.is_healthy()


def test_a_person_lets_one_model_go_live_and_refuses_another_whose_live_version_stays(stack: Stack) -> None:
    before = _models_by_state(stack)
    run_id = stack.airflow.trigger("train", {"force": True, "reason": "a new model to be approved"})
    approved, refused = "user-personalization", "similar-items"
    _answer(stack, run_id, approved, "Approve")
    _answer(stack, run_id, refused, "Reject")
    stack.airflow.wait("train", run_id, timeout_seconds=1_200, on_look=lambda _: None)

    after = _models_by_state(stack)
    assert after[approved, "previous"] == before[approved, "live"] != after[approved, "live"]
    assert after[refused, "live"] == before[refused, "live"] != after[refused, "rejected"]
    assert not {(approved, "waiting"), (refused, "waiting")} & set(after)
    tasks = {task["task_id"]: task["state"] for task in stack.airflow.tasks("train", run_id)}
    assert (tasks[f"promote-{approved}.promote"], tasks[f"promote-{refused}.promote"]) == ("success", "skipped")
    assert tasks["announce"] == "success"


@pytest.mark.parametrize("stage", ["recommend", "publish"])
def test_a_killed_scheduler_leaves_no_half_cache_and_the_run_finishes(stack: Stack, stage: str) -> None:
    generation_before = _generations(stack)
    with _reading(stack) as seen:
        run_id = stack.airflow.trigger("recommend")
        if stage == "publish":
            run_id = _run_after(stack, "publish")
        _wait_for_work(stack, stage, run_id)
        scheduler = stack.program("airflow-scheduler")
        scheduler.signal(signal.SIGKILL)
        scheduler.wait(120)
        scheduler.start()
        stack.airflow.wait(stage, run_id, timeout_seconds=1_200, on_look=lambda _: None)
        if stage == "recommend":
            publish_id = _run_after(stack, "publish")
            stack.airflow.wait("publish", publish_id, timeout_seconds=1_200, on_look=lambda _: None)
    assert len(seen) > 10
    assert {rows for _, rows, _ in seen} == {generation_before[1]}, "a reader saw an empty or half table"
    assert {generations for _, _, generations in seen} == {1}, "a reader saw two generations at once"
    assert _generations(stack)[0] != generation_before[0]


def _drawn(stack: Stack, **query: str) -> set[tuple[str, str]]:
    """The edges of Airflow's page of assets, by the labels of what they join."""
    graph = stack.airflow._get("/ui/dependencies", **query)
    labels = {node["id"]: node["label"] for node in graph["nodes"]}
    return {(labels[edge["source_id"]], labels[edge["target_id"]]) for edge in graph["edges"]}


def _models_by_state(stack: Stack) -> dict[tuple[str, str], str]:
    """(solution, state) → the newest version that is in it."""
    with psycopg.connect(stack.addresses.warehouse_url) as connection:
        rows = connection.execute(
            "select solution, state, solution_version_arn from ops.model_versions order by trained_at"
        ).fetchall()
    return {(solution, state): arn for solution, state, arn in rows}


def _answer(stack: Stack, run_id: str, solution: str, option: str) -> None:
    """What a person does on Airflow's page of required actions, once the question is there."""
    task_id = f"promote-{solution}.approve"

    def is_asked() -> bool:
        states = {task["task_id"]: task["state"] for task in stack.airflow.tasks("train", run_id)}
        return states.get(task_id) == "awaiting_input"

    wait_for(is_asked, f"the question about {solution}", seconds=300, interval=0.5)
    # An answer in the same second, which no person gives, meets the worker that has just put the task aside. No state
    # in Airflow's API shows that the worker has let go of the task.
    time.sleep(5)
    answered = httpx.patch(
        f"{stack.addresses.airflow}/api/v2/dags/train/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails",
        json={"chosen_options": [option]},
        headers={"authorization": f"Bearer {stack.airflow.token()}"},
    )
    assert answered.status_code == 200, answered.text


def _generations(stack: Stack) -> tuple[str, int]:
    with psycopg.connect(stack.addresses.warehouse_url) as connection:
        row = connection.execute("select max(generation), count(*) from offline_user_recommendations").fetchone()
    assert row is not None
    return row[0], row[1]


def _run_after(stack: Stack, dag_id: str) -> str:
    """The newest run of an asset-driven DAG, once a new one has come."""
    known = {run["dag_run_id"] for run in stack.airflow.runs(dag_id)}

    def new_run() -> str | None:
        for run in stack.airflow.runs(dag_id):
            if run["dag_run_id"] not in known or run["state"] in ("queued", "running"):
                return str(run["dag_run_id"])
        return None

    return wait_for(new_run, f"a run of {dag_id}", seconds=300)


def _wait_for_work(stack: Stack, dag_id: str, run_id: str) -> None:
    """Wait until a task of the run is at work, or deferred to a running job."""

    def is_at_work() -> bool:
        return any(task["state"] in ("running", "deferred") for task in stack.airflow.tasks(dag_id, run_id))

    wait_for(is_at_work, f"a task of {run_id} at work")


@contextmanager
def _reading(stack: Stack) -> Iterator[list[tuple[float, int, int]]]:
    """A reader beside the test: (time, rows, generations) of the cache as it was seen, again and again."""
    seen: list[tuple[float, int, int]] = []
    ended = threading.Event()

    def read() -> None:
        with psycopg.connect(stack.addresses.warehouse_url, autocommit=True) as connection:
            while not ended.wait(0.02):
                row = connection.execute(
                    "select count(*), count(distinct generation) from offline_user_recommendations"
                ).fetchone()
                assert row is not None
                seen.append((time.monotonic(), *row))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()
