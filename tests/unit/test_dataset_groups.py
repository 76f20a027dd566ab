"""The groups of a file: their names, which rows are their own, when their stages run, and which files are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aisle.dag.assets import MODELS
from aisle.dag.defaults import stage_dag
from aisle.dag.groups import asset_of
from aisle.errors import ConfigurationError
from aisle.groups.dataset_group import DatasetGroup, Question, dataset_group, dataset_groups
from aisle.settings import get_settings
from aisle.warehouse import sql

SHOPS = """
groups:
  - datasets: {interactions: {}, items: {}, users: {}}
    solutions: {for-you: {recipe: aws-user-personalization}}
  - name: Shop-North
    where: {users: {location: ['100% north']}}
    datasets: {users: {}, interactions: {}}
    solutions:
      for-you: {recipe: aws-user-personalization-v2, name: chosen-name}
      alike: {recipe: aws-similar-items}
      ranking: {recipe: aws-personalized-ranking}
"""
ONE = """
groups:
  - name: shop
    datasets: {interactions: {}}
    solutions:
"""

GroupsOf = Callable[[str], tuple[DatasetGroup, ...]]


@pytest.fixture
def groups_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GroupsOf]:
    """The groups of a file with this text, which is also the file of the settings for the test."""
    file = tmp_path / "resources.yaml"
    monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(file))

    def groups_of(text: str) -> tuple[DatasetGroup, ...]:
        file.write_text(text)
        get_settings.cache_clear()
        return dataset_groups()

    yield groups_of
    monkeypatch.undo()
    get_settings.cache_clear()


def test_the_first_group_has_plain_names_and_any_other_carries_its_own(groups_of: GroupsOf) -> None:
    first, north = groups_of(SHOPS)
    assert (first.name, north.name) == ("aisle", "Shop-North")
    assert [shop.dag_id("train") for shop in (first, north)] == ["train", "train-Shop-North"]
    assert [shop.key("for-you") for shop in (first, north)] == ["for-you", "Shop-North/for-you"]
    assert [shop.folder for shop in (first, north)] == ["", "Shop-North/"]
    assert [shop.cache_schema for shop in (first, north)] == ["cache", "cache_shop_north"]
    assert [shop.solution_name("for-you") for shop in (first, north)] == ["aisle-for-you", "chosen-name"]
    assert asset_of(first, MODELS) is MODELS
    assert (asset_of(north, MODELS).name, asset_of(north, MODELS).uri) == (
        "Shop-North/models",
        "aisle://personalize/models/Shop-North",
    )


def test_the_datasets_are_those_of_the_file_in_the_order_of_the_pipeline(groups_of: GroupsOf) -> None:
    assert [dataset.name for dataset in groups_of(SHOPS)[1].datasets] == ["interactions", "users"]


def test_a_group_is_found_by_its_name_and_the_error_for_an_unknown_one_lists_the_known(groups_of: GroupsOf) -> None:
    _, north = groups_of(SHOPS)
    assert dataset_group("Shop-North") is north
    with pytest.raises(ConfigurationError, match=r"shop-south.*\.yaml.*aisle, Shop-North"):
        dataset_group("shop-south")


def test_a_group_is_asked_what_its_recipes_can_answer(groups_of: GroupsOf) -> None:
    first, north = groups_of(SHOPS)
    assert first.questions == [Question("users", "for-you")]
    assert north.questions == [Question("users", "for-you"), Question("items", "alike")]


def test_a_mart_without_a_condition_is_the_table_itself(groups_of: GroupsOf) -> None:
    first, north = groups_of(SHOPS)
    assert first.mart("interactions").as_string() == '"personalize"."interactions"'
    assert north.mart("items").as_string() == '"personalize"."items"'
    assert "\"location\" in ('100% north')" in north.mart("interactions").as_string()


def test_a_percent_sign_of_a_condition_is_not_taken_for_a_placeholder(groups_of: GroupsOf) -> None:
    north = groups_of(SHOPS)[1]
    assert "'100%% north'" in sql("export/users/select", users=north.mart("users"))


def test_stages_run_by_the_schedules_of_the_file_or_else_by_the_settings(groups_of: GroupsOf) -> None:
    text = f"""{ONE}
      for-you: {{recipe: aws-user-personalization, training: {{schedule: 5 4 * * 1}}}}
      alike: {{recipe: aws-sims, training: {{schedule: 5 4 * * 1}}}}
    import_schedule: 15 * * * *
    """
    [shop] = groups_of(text)
    assert [shop.schedule(stage) for stage in ("export", "train", "recommend")] == ["15 * * * *", "5 4 * * 1", None]
    crons = [stage_dag(stage, "", group=shop, clock=stage)["schedule"].expression for stage in ("train", "recommend")]
    assert crons == ["5 4 * * 1", get_settings().schedules.recommend]


def test_two_solutions_of_a_group_with_different_schedules_are_refused(groups_of: GroupsOf) -> None:
    text = f"""{ONE}
      for-you: {{recipe: aws-user-personalization, batch_inference: {{schedule: 0 1 * * *}}}}
      alike: {{recipe: aws-sims, batch_inference: {{schedule: 0 2 * * *}}}}
    """
    [shop] = groups_of(text)
    with pytest.raises(ConfigurationError, match=r"group shop.*0 1 \* \* \*, 0 2 \* \* \*"):
        shop.schedule("recommend")


@pytest.mark.parametrize("training", ["mode: UPDATE", "update_schedule: 0 3 * * *"])
def test_training_that_only_updates_is_refused_when_the_file_is_read(groups_of: GroupsOf, training: str) -> None:
    with pytest.raises(ConfigurationError, match=r"for-you of group shop.*UPDATE"):
        groups_of(f"{ONE}      for-you: {{recipe: aws-user-personalization, training: {{{training}}}}}\n")


def test_a_schema_that_the_pipeline_cannot_write_is_refused_when_the_file_is_read(groups_of: GroupsOf) -> None:
    fields = "".join(f"{{name: {name}, type: {kind}}}, " for name, kind in _SMALLEST.items())
    head = "type: record, name: Interactions, namespace: com.amazonaws.personalize.schema"
    avro = f"{{{head}, fields: [{fields}], version: '1.0'}}"
    with pytest.raises(ConfigurationError, match=r"interactions of group shop.*schema"):
        groups_of(f"groups:\n  - name: shop\n    datasets: {{interactions: {{schema: {avro}}}}}\n")


_SMALLEST = {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"}


def test_two_groups_that_would_publish_over_each_other_are_refused(groups_of: GroupsOf) -> None:
    shops = "".join(f"  - {{name: {name}, datasets: {{interactions: {{}}}}}}\n" for name in ("a", "shop-b", "Shop_B"))
    with pytest.raises(ConfigurationError, match=r"shop-b and Shop_B.*cache_shop_b"):
        groups_of(f"groups:\n{shops}")


def test_two_groups_of_one_name_are_refused(groups_of: GroupsOf) -> None:
    shops = "  - {name: b, datasets: {interactions: {}}}\n" * 2
    with pytest.raises(ConfigurationError, match="b and b"):
        groups_of(f"groups:\n  - datasets: {{interactions: {{}}}}\n{shops}")


def test_a_group_by_whose_name_every_group_is_meant_is_refused(groups_of: GroupsOf) -> None:
    with pytest.raises(ConfigurationError, match="called all"):
        groups_of("groups: [{name: all, datasets: {interactions: {}}}]\n")


def test_a_name_that_leaves_no_room_for_those_of_twins_is_refused(groups_of: GroupsOf) -> None:
    def shop(name: str) -> str:
        return ONE.replace("shop", name) + "      user-personalization: {recipe: aws-user-personalization}\n"

    assert groups_of(shop("s" * 23))[0].name == "s" * 23
    with pytest.raises(ConfigurationError, match="shorten it, or the key of the solution, by 1"):
        groups_of(shop("s" * 24))


def test_a_file_that_is_written_anew_is_read_anew(groups_of: GroupsOf) -> None:
    assert [group.name for group in groups_of(SHOPS)] == ["aisle", "Shop-North"]
    assert [group.name for group in groups_of(SHOPS.replace("North", "South"))] == ["aisle", "Shop-South"]
