"""A person's answer to a model that has passed the gate, and what follows from it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import DownstreamTasksSkipped

from aisle.groups.dataset_group import DatasetGroup, dataset_group
from aisle.models import registry
from aisle.stages.train.approval import who_answered

NAME = "user-personalization"
OLD, NEW = "arn:solution/old", "arn:solution/new"
TABLE = "| ndcg_at_10 | 0.3 |"


@pytest.fixture
def candidate(marts: str, group: DatasetGroup) -> str:
    """URL of a warehouse where one version is live and another waits for approval."""
    registry.register(group, NAME, OLD, "one")
    registry.promote(NAME, OLD, "gate", "the first")
    registry.register(group, NAME, NEW, "two")
    return marts


def promotion(*, passed: bool) -> Any:
    """The tasks behind the gate, as a DAG of their own."""
    from airflow.sdk import dag, task

    from aisle.dag.defaults import stage_dag
    from aisle.stages.train.evaluation import promote_solution

    @task(multiple_outputs=True)
    def decide() -> dict[str, Any]:
        return {NAME: {"arn": NEW, "passed": passed, "reason": "what the gate says", "table": TABLE}}

    @dag(**stage_dag("promotion", "doc"))
    def tasks_behind_the_gate() -> None:
        promote_solution(dataset_group("aisle"), NAME, decide())

    return tasks_behind_the_gate()


@pytest.fixture
def with_approval(monkeypatch: pytest.MonkeyPatch) -> None:
    from aisle.settings import get_settings

    monkeypatch.setenv("AISLE_EVALUATE__APPROVAL", "true")
    get_settings.cache_clear()


def run(dag: Any) -> dict[str, str]:
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(os.devnull)
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "dags-folder", None)
    ended = dag.test()
    return {task.task_id.split(".")[-1]: str(task.state) for task in ended.get_task_instances()}


def decision(url: str, arn: str) -> tuple[Any, ...]:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select state, decided_by, reason from ops.model_versions where solution_version_arn = %s", [arn]
        ).fetchone()
    assert row is not None
    return row


DECISION = {"arn": NEW, "passed": True, "reason": "what the gate says", "table": TABLE}


@pytest.fixture
def approval(candidate: str, with_approval: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The operator once it has asked: what it has put before the person is in its `body`."""
    import airflow.providers.standard.operators.hitl as hitl
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG
    from airflow.sdk.exceptions import TaskAwaitingInput

    from aisle.stages.train.approval import ApprovePromotionOperator

    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **asked: None)  # Airflow's own store of questions
    with DAG("behind_the_gate"):
        operator = ApprovePromotionOperator(task_id="approve", decision=DECISION, subject="May it go live?")
        operator >> EmptyOperator(task_id="promote")
    with pytest.raises(TaskAwaitingInput):
        operator.execute({"task_instance": SimpleNamespace(id="7")})
    return operator


def answer(operator: Any, option: str, name: str | None) -> dict[str, Any]:
    event = {
        "chosen_options": [option],
        "params_input": {},
        "responded_at": datetime.now(UTC),
        "responded_by_user": name and {"id": "7", "name": name},
    }
    running: Any = SimpleNamespace(map_index=-1, xcom_push=lambda **_: None)
    return dict(operator.execute_complete({"task": operator, "ti": running}, event))


def test_a_person_sees_the_figures_and_an_approval_decides_nothing_by_itself(candidate: str, approval: Any) -> None:
    assert "what the gate says" in approval.body
    assert TABLE in approval.body
    assert decision(candidate, NEW)[0] == "waiting"
    assert who_answered(answer(approval, "Approve", "analyst")) == "analyst"
    assert decision(candidate, NEW)[0] == "waiting"
    assert registry.live_version(NAME) == OLD


@pytest.mark.parametrize(("name", "by"), [("analyst", "analyst"), (None, "the clock")])
def test_a_refused_or_unanswered_approval_rejects_the_version_and_the_live_model_stays(
    candidate: str, approval: Any, name: str | None, by: str
) -> None:
    with pytest.raises(DownstreamTasksSkipped):
        answer(approval, "Reject", name)
    assert decision(candidate, NEW) == ("rejected", by, f"rejected by {by}; what the gate says")
    assert registry.live_version(NAME) == OLD


@pytest.mark.usefixtures("airflow_metadata", "with_approval")
def test_nobody_is_asked_about_a_model_that_the_gate_refused(candidate: str) -> None:
    assert run(promotion(passed=False)) == {"decide": "success", "approve": "skipped", "promote": "skipped"}
    assert registry.live_version(NAME) == OLD


@pytest.mark.usefixtures("airflow_metadata")
def test_without_the_setting_a_model_that_has_passed_goes_live_at_once(candidate: str) -> None:
    assert run(promotion(passed=True)) == {"decide": "success", "approve": "skipped", "promote": "success"}
    assert decision(candidate, NEW)[:2] == ("live", "gate")
