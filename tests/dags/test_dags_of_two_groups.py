"""A file with two dataset groups: what one has, the other has too, under its own name, with assets of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aisle.pipeline import GROUP_STAGES
from aisle.settings import get_settings
from tests.dags.effort import MOST_CALLS, effort_of_parsing, parsed
from tools.dag_index import index
from tools.dag_policy import asset_names, violations, waited_for

DAGS = Path(__file__).parents[2] / "dags"

TWO_GROUPS = """
groups:
  - datasets: {interactions: {}, items: {}, users: {}}
    solutions:
      user-personalization: {recipe: aws-user-personalization}
      similar-items: {recipe: aws-sims}
      popularity: {recipe: aws-popularity-count}
  - name: shop-north
    where: {users: {location: ['Peshawar, Khyber']}}
    import_schedule: 20 1 * * *
    datasets: {interactions: {}, users: {}}
    solutions:
      for-you: {recipe: aws-user-personalization, training: {schedule: 40 1 * * 2}}
      ranking: {recipe: aws-personalized-ranking}
"""
UNASKED = """
  - name: shop-south
    datasets: {interactions: {}}
    solutions: {ranking: {recipe: aws-personalized-ranking}}
"""


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The DAGs of a file with three groups."""
    file = tmp_path_factory.mktemp("groups") / "resources.yaml"
    file.write_text(TWO_GROUPS + UNASKED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(file))
        get_settings.cache_clear()
        yield parsed(DAGS)
    get_settings.cache_clear()


def test_a_second_group_has_five_dags_more(bag: Any) -> None:
    assert bag.import_errors == {}
    of_the_north = {dag_id for dag_id in bag.dags if dag_id.endswith("-shop-north")}
    assert of_the_north == {f"{stage}-shop-north" for stage in GROUP_STAGES}
    assert {dag_id for dag_id in bag.dags if "-shop-" not in dag_id} == {file.stem for file in DAGS.glob("*.py")}


def test_a_group_that_is_asked_nothing_recommends_and_publishes_nothing(bag: Any) -> None:
    of_the_south = {dag_id for dag_id in bag.dags if dag_id.endswith("-shop-south")}
    assert of_the_south == {f"{stage}-shop-south" for stage in ("export", "train", "retrain")}


@pytest.mark.parametrize("stage", GROUP_STAGES)
def test_a_dag_of_a_second_group_keeps_every_rule_and_says_whose_it_is(bag: Any, stage: str) -> None:
    dag = bag.dags[f"{stage}-shop-north"]
    assert violations(dag, DAGS / f"{stage}.py") == []
    assert set(dag.tags) == {"aisle", stage, "group:shop-north"}
    assert [bag.dags[name].params["dataset_group"] for name in (stage, dag.dag_id)] == ["aisle", "shop-north"]


def test_a_group_has_the_datasets_and_solutions_of_the_file_only(bag: Any) -> None:
    steps = {task.task_id.split(".")[0] for task in bag.dags["export-shop-north"].tasks}
    assert {"interactions", "users"} <= steps
    assert "items" not in steps
    trained = {task.task_id.split(".")[0] for task in bag.dags["train-shop-north"].tasks if ".version" in task.task_id}
    assert {"for-you", "ranking"} <= trained
    assert not trained & {"user-personalization", "similar-items", "popularity"}
    asked = {task.task_id.split(".")[0] for task in bag.dags["recommend-shop-north"].tasks if "." in task.task_id}
    assert asked == {"users"}


def test_the_groups_share_the_marts_and_no_asset_after_them(bag: Any) -> None:
    of_first, of_north = ([bag.dags[f"{stage}{of}"] for stage in GROUP_STAGES] for of in ("", "-shop-north"))
    first, north = (
        {name for dag in dags for names in (*asset_names(dag), waited_for(dag)) for name in names}
        for dags in (of_first, of_north)
    )
    assert {"personalize_input", "models", "batch_output", "cache"} <= first
    assert {f"shop-north/{name}" for name in ("personalize_input", "models", "batch_output", "cache")} <= north
    assert first & north <= {"marts"}
    assert waited_for(bag.dags["publish-shop-north"]) == {"shop-north/batch_output"}


def test_each_group_runs_by_its_own_schedule(bag: Any) -> None:
    crons = {name: bag.dags[name].timetable.expression for name in ("export-shop-north", "train-shop-north", "train")}
    assert crons["export-shop-north"] == "20 1 * * *"
    assert crons["train-shop-north"] == "40 1 * * 2"
    assert crons["train"] == get_settings().schedules.train


@pytest.mark.parametrize("stage", GROUP_STAGES)
def test_a_file_of_three_groups_is_parsed_without_reaching_anything_outside(bag: Any, stage: str) -> None:
    effort = effort_of_parsing(DAGS / f"{stage}.py")
    assert effort.n_calls < MOST_CALLS
    assert effort.outside == []


def test_the_index_shows_each_file_once(bag: Any) -> None:
    text = index(bag.dags.values())
    assert "## export\n" in text
    assert "-shop-north" not in text
