"""The walk takes what groups share once, then every stage of each group, and waits for the DAGs of further groups too.

Airflow is stood in for: a scheduler that runs whole DAGs is what tests/e2e has.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from aisle.groups.dataset_group import DatasetGroup
from aisle.groups.environment import Group
from aisle.pipeline import GROUP_STAGES
from services.demo.pipeline import DEMO_STAGES, PipelineDriver, StageState, steps_of
from services.stack.airflow import AirflowClient, DagRunFailed


def group(name: str, recipe: str, *, is_first: bool = False) -> DatasetGroup:
    described = {"name": name, "datasets": {"interactions": {}}, "solutions": {"only": {"recipe": recipe}}}
    return DatasetGroup(Group.model_validate(described), is_first=is_first)


ONE = [group("shop", "aws-user-personalization", is_first=True)]
TWO = [*ONE, group("shop-north", "aws-sims")]


class Scheduler:
    """Airflow as the demo sees it: a run ends at once, and the next stage has begun by itself."""

    def __init__(self, fails: str = "", under_way: dict[str, datetime] | None = None) -> None:
        self.triggered: list[str] = []
        self.awaited: list[str] = []
        self._fails = fails
        self._under_way = under_way or {}

    def trigger(self, dag_id: str) -> str:
        self.triggered.append(dag_id)
        return f"run of {dag_id}"

    def emitted_at(self, dag_id: str, run_id: str) -> datetime:
        assert run_id == f"run of {dag_id}"
        return datetime.now(UTC)

    def runs(self, dag_id: str, limit: int) -> list[dict[str, Any]]:
        queued_at = self._under_way.get(dag_id)
        if queued_at is None and dag_id.startswith(("transform", "publish")):
            queued_at = datetime.now(UTC)
        if queued_at is None:
            return []
        return [{"dag_run_id": f"run of {dag_id}", "state": "running", "queued_at": queued_at.isoformat()}]

    def wait(self, dag_id: str, run_id: str, *, timeout_seconds: float, on_look: Callable[[list[Any]], None]) -> None:
        assert run_id == f"run of {dag_id}"
        self.awaited.append(dag_id)
        if dag_id == self._fails:
            raise DagRunFailed(f"{run_id} failed")
        on_look([{"state": "success"}])


_STAGES = list(DEMO_STAGES)
_LAST_OF_A_GROUP = max(_STAGES.index(stage) for stage in _STAGES if stage in GROUP_STAGES)
OF_ONE_GROUP, SHARED_AT_THE_END = _STAGES[: _LAST_OF_A_GROUP + 1], _STAGES[_LAST_OF_A_GROUP + 1 :]


def walk(scheduler: Scheduler, groups: list[DatasetGroup]) -> list[StageState]:
    driver = PipelineDriver(cast("AirflowClient", scheduler), lambda _: None, lambda step, _: len(step.group.name))
    return driver.walk(steps_of(groups))


def test_with_one_group_the_stages_are_those_of_the_pipeline_in_their_order() -> None:
    assert [step.dag_id for step in steps_of(ONE)] == list(DEMO_STAGES)
    assert {step.dag_id: step.follows for step in steps_of(ONE)} == DEMO_STAGES


def test_the_stages_of_every_group_are_waited_for_one_group_after_the_other() -> None:
    scheduler = Scheduler()
    walk(scheduler, TWO)
    of_the_north = [f"{stage}-shop-north" for stage in ("export", "train", "recommend", "publish")]
    assert scheduler.awaited == [*OF_ONE_GROUP, *of_the_north, *SHARED_AT_THE_END]
    assert [dag_id for dag_id in scheduler.awaited if dag_id not in scheduler.triggered] == [
        "transform", "publish", "publish-shop-north"
    ]  # fmt: skip


def test_a_group_that_is_asked_nothing_ends_with_its_training() -> None:
    steps = steps_of([*ONE, group("shop-south", "aws-personalized-ranking")])
    assert [step.dag_id for step in steps] == [
        *OF_ONE_GROUP, "export-shop-south", "train-shop-south", *SHARED_AT_THE_END
    ]  # fmt: skip


def test_every_stage_is_reported_by_the_name_of_its_dag_with_the_rows_of_its_group() -> None:
    states = {state.dag_id: state for state in walk(Scheduler(), TWO)}
    assert states["export"].rows == len("shop")
    assert states["export-shop-north"].rows == len("shop-north")
    assert {state.state for state in states.values()} == {"done"}


def test_a_further_group_that_fails_ends_the_walk() -> None:
    with pytest.raises(DagRunFailed, match="train-shop-north"):
        walk(Scheduler(fails="train-shop-north"), TWO)


LATER, EARLIER = datetime.now(UTC) + timedelta(days=1), datetime.now(UTC) - timedelta(hours=1)


@pytest.mark.parametrize("stage", ["ingest", "export", "train", "recommend"])
def test_a_run_that_another_demo_has_under_way_is_waited_for_instead_of_starting_one_more(stage: str) -> None:
    scheduler = Scheduler(under_way={stage: LATER})
    walk(scheduler, ONE)
    assert scheduler.awaited == list(DEMO_STAGES)
    assert stage not in scheduler.triggered


@pytest.mark.parametrize("stage", ["export", "train", "recommend"])
def test_a_run_that_was_begun_before_the_newest_data_came_is_followed_by_another(stage: str) -> None:
    scheduler = Scheduler(under_way={stage: EARLIER})
    walk(scheduler, ONE)
    assert stage in scheduler.triggered


def test_what_begins_the_walk_may_be_under_way_for_any_time() -> None:
    scheduler = Scheduler(under_way={"ingest": EARLIER})
    walk(scheduler, ONE)
    assert "ingest" not in scheduler.triggered
