"""Of two groups, only the given one is rolled back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.batch.records import Record
from aisle.cache.generations import Generation, generation_in_state, switch
from aisle.cache.staging import stage
from aisle.groups.dataset_group import DatasetGroup, dataset_group, dataset_groups
from aisle.models import registry
from aisle.settings import get_settings
from aisle.warehouse import create_cache

pytestmark = pytest.mark.usefixtures("two_groups", "aws_connection")

RunDag = Callable[..., dict[str, str]]

NAME = "user-personalization"
TWO_GROUPS = """
groups:
  - name: aisle
    datasets: {interactions: {}}
    solutions:
      user-personalization: {recipe: aws-user-personalization}
      similar-items: {recipe: aws-sims}
  - name: shop-north
    where: {users: {location: [Peshawar]}}
    datasets: {interactions: {}}
    solutions:
      user-personalization: {recipe: aws-user-personalization}
"""


@pytest.fixture
def two_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The file of the environment describes two; only the first has similar items."""
    file = tmp_path / "resources.yaml"
    file.write_text(TWO_GROUPS)
    monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(file))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def two_lives(marts: str, two_groups: None) -> str:
    """URL of a warehouse where each solution has a version before the one that is live."""
    for group in dataset_groups():
        for key in group.solutions:
            for arn in ("old", "new"):
                registry.register(group, key, f"{group.name}/{key}/{arn}", "one")
                registry.promote(group.key(key), f"{group.name}/{key}/{arn}", "gate", "good")
    return marts


def publish(group: DatasetGroup, generation: str) -> None:
    """One generation with one list."""
    line = b'{"input": {"userId": "u"}, "output": {"recommendedItems": ["p"], "scores": [1.0]}}'
    stage([Record("out", 1, line)], "users", generation, "engine", group)
    counts = {"user_lists": 1, "item_lists": 0, "users_asked": 1, "items_asked": 0}
    switch(Generation(generation=generation, **counts, solution_versions={}, subjects=("users",)), group)


@pytest.fixture
def two_caches(warehouse_url: str, two_groups: None) -> str:
    """URL of a warehouse where each group has published twice."""
    with psycopg.connect(warehouse_url) as connection:
        create_cache(connection, "cache_shop_north")
    for group in dataset_groups():
        publish(group, "good")
        publish(group, "bad")
    return warehouse_url


def live(group: DatasetGroup, key: str) -> str:
    return str(registry.live_version(group.key(key))).rsplit("/", 1)[-1]


def events(run_key: str) -> set[str]:
    """Names of the assets that a run says it has written."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session

    with create_session() as session:
        events = session.query(AssetModel.name, AssetEvent.extra).join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
        return {name for name, extra in events if extra.get("run_key") == run_key}


def test_the_models_of_the_other_group_stay_live(two_lives: str, run_dag: RunDag) -> None:
    states = run_dag("rollback", "models", dataset_group="shop-north", what=NAME, reason="worse in the north")
    assert states == {
        "roll_back_cache": "skipped",
        "roll_back_model": "skipped",
        "shop-north.roll_back_cache": "skipped",
        "shop-north.roll_back_model": "success",
    }
    first, north = dataset_groups()
    assert (live(first, NAME), live(first, "similar-items"), live(north, NAME)) == ("new", "new", "old")
    assert events("models") == {"shop-north/models"}
    with psycopg.connect(two_lives) as connection:
        audit = connection.execute("select subject, before, after from ops.interventions").fetchall()
    assert audit == [(f"shop-north/{NAME}", f"shop-north/{NAME}/new", f"shop-north/{NAME}/old")]


def test_the_lists_of_the_other_group_stay_live(two_caches: str, run_dag: RunDag) -> None:
    states = run_dag("rollback", "lists", dataset_group="shop-north", what="cache", reason="odd lists")
    assert [task for task, state in states.items() if state == "success"] == ["shop-north.roll_back_cache"]
    first, north = dataset_groups()
    assert (generation_in_state("live", first), generation_in_state("live", north)) == ("bad", "good")
    assert generation_in_state("previous", north) == "bad"
    assert events("lists") == {"shop-north/cache"}
    with psycopg.connect(two_caches) as connection:
        audit = connection.execute("select subject, before, after from ops.interventions").fetchall()
    assert audit == [("shop-north/cache", "bad", "good")]


@pytest.mark.usefixtures("two_lives")
def test_without_a_group_the_first_one_is_rolled_back(run_dag: RunDag) -> None:
    assert run_dag("rollback", "back", what="similar-items", reason="odd")["roll_back_model"] == "success"
    assert live(dataset_group("aisle"), "similar-items") == "old"
    assert live(dataset_group("shop-north"), NAME) == "new"


@pytest.mark.usefixtures("two_lives")
def test_the_error_for_an_unknown_solution_lists_those_that_can_be_rolled_back(
    run_dag: RunDag, capfd: pytest.CaptureFixture[str]
) -> None:
    states = run_dag("rollback", "back", dataset_group="shop-north", what="similar-items", reason="odd")
    assert states["shop-north.roll_back_model"] == "failed"
    assert f"the group has cache, {NAME} to roll back" in capfd.readouterr().out
    assert live(dataset_group("aisle"), "similar-items") == "new"


def test_only_groups_and_solutions_of_the_file_can_be_asked_for(run_dag: RunDag, airflow_metadata: Any) -> None:
    with pytest.raises(ValueError, match="dataset_group"):
        run_dag("rollback", "back", dataset_group="shop-south", what="cache", reason="odd")
