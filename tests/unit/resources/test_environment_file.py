from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aisle.contracts.personalize import DATASETS
from aisle.errors import ConfigurationError
from aisle.groups.desired import resources_of
from aisle.groups.environment_file import load, text_of
from aisle.settings import PROJECT_ROOT, get_settings

DEFAULT = PROJECT_ROOT / "include" / "personalize" / "default.yaml"
GROUP = "groups: [{name: shop, datasets: {interactions: {}}, %s}]"
SOLUTION = "solutions: {up: {recipe: aws-user-personalization, config: %s}}"
EXPLORED = "solutions: {up: {recipe: aws-user-personalization%s, %s}}"
EXPLORES = r"groups\[0\].solutions.up: .*`exploration` can be set for aws-user-personalization alone, not for aws-"
NO_ITEM = "{type: record, name: Interactions, fields: [{name: USER_ID, type: string}, {name: TIMESTAMP, type: long}]}"
LONG_NAME = "n" * 60


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        path = tmp_path / "environment.yaml"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    "recipe", ["aws-user-personalization", "arn:aws:personalize:::recipe/aws-user-personalization"]
)
def test_exploration_can_be_set_for_the_recipe_that_has_it_and_left_empty_for_any(written: Any, recipe: str) -> None:
    explored = "exploration: {weight: 0.5}"
    text = f"up: {{recipe: {recipe}, batch_inference: {{{explored}}}, campaigns: {{home: {{{explored}}}}}}}"
    other = "sims: {recipe: aws-sims, campaigns: {item: {exploration: {}}}}"
    (group,) = load(written(GROUP % f"solutions: {{{text}, {other}}}")).groups
    assert group.solutions["up"].campaigns["home"].exploration.on_the_wire() == {"explorationWeight": "0.5"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GROUP % "solution: {}", r"groups\[0\].solution: there is no such field: correct its spelling"),
        ("groups: [{datasets: {items: {}}}]", r"groups\[0\]: .*a group needs the dataset interactions"),
        ("groups: []", "groups: List should have at least 1 item"),
        ("groups: [{name: shop}]", r"groups\[0\].datasets: is missing: add it"),
        ("[]", "the file: "),
        ("groups: [", "Write it as YAML"),
        (GROUP % "filters: {a: {expression: x}, a: {expression: y}}", "a stands there twice(?s:.*)line 1"),
        (GROUP % "filters: {a: {name: same, expression: x}, b: {name: same, expression: y}}", "called filter same"),
        (GROUP % f"filters: {{{LONG_NAME}: {{expression: x}}}}", "longer than 63 characters: give a `name`"),
        (GROUP % "filters: {'a b': {expression: x}}", r"groups\[0\].filters.a b.\[key\]: String should match"),
        (GROUP % EXPLORED % ("-v2", "campaigns: {home: {exploration: {weight: 0}}}"), EXPLORES),
        (GROUP % EXPLORED % ("-v2", "campaigns: {a: {}, b: {exploration: {item_age_cut_off_days: 7}}}"), EXPLORES),
        (GROUP % EXPLORED % ("-v2", "batch_inference: {exploration: {weight: 0.3}}"), EXPLORES),
        (GROUP % EXPLORED.replace("user-", "") % ("", "campaigns: {home: {exploration: {weight: 0.3}}}"), EXPLORES),
        (GROUP % SOLUTION % "{hpoConfigg: {a: b}}", 'solution shop-up: Unknown parameter in solutionConfig: "hpoC'),
        (GROUP % SOLUTION % "{algorithmHyperParameters: {bptt: 30}}", "solution shop-up: Invalid type .*bptt"),
        (GROUP % "solutions: {up: {recipe: a, training: {schedule: '@daily'}}}", "not a cron expression of five"),
        (GROUP % "solutions: {up: {recipe: a, batch_inference: {filter: none}}}", "filter none, which the group"),
        (GROUP % "where: {items: {colour: [red]}}", "items has no column colour; it has item_id, product_name"),
        (GROUP % "where: {items: {category: []}}", "at least 1 item"),
        (GROUP % "where: {customers: {amount: [9]}}", "customers has no column amount; it has segment, churn_level"),
        (f"groups: [{{datasets: {{interactions: {{schema: {NO_ITEM}}}}}}}]", "must have ITEM_ID of type string"),
        ("groups: [{datasets: {interactions: {}, actions: {}}}]", "no dataset actions, so its `schema`"),
    ],
)  # fmt: skip
def test_the_error_for_a_mistake_names_file_place_and_remedy(written: Any, text: str, message: str) -> None:
    path = written(text)
    with pytest.raises(ConfigurationError, match=message) as raised:
        load(path)
    assert str(path) in str(raised.value)


def test_the_commands_need_no_airflow() -> None:
    look = "import sys, services.resources.program; sys.exit('airflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False, cwd=PROJECT_ROOT).returncode == 0


def test_the_error_for_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.yaml: No such file or directory"):
        load(tmp_path / "none.yaml")


def test_groups_may_share_a_schema_only_if_it_is_the_same(written: Any) -> None:
    def group(name: str, version: str) -> str:
        fields = "{name: USER_ID, type: string}, {name: ITEM_ID, type: string}, {name: TIMESTAMP, type: long}"
        record = f"{{type: record, name: Interactions, version: '{version}', fields: [{fields}]}}"
        return f"{{name: {name}, datasets: {{interactions: {{schema_name: events, schema: {record}}}}}}}"

    assert len(load(written(f"groups: [{group('a', '1.0')}, {group('b', '1.0')}]")).groups) == 2
    with pytest.raises(ConfigurationError, match="schema events"):
        load(written(f"groups: [{group('a', '1.0')}, {group('b', '1.1')}]"))


def test_the_default_file_names_things_as_the_pipeline_does(monkeypatch: pytest.MonkeyPatch) -> None:
    from aisle.groups.dataset_group import dataset_groups

    monkeypatch.setenv("AISLE_PERSONALIZE__DATASET_GROUP", "shop-42")
    get_settings.cache_clear()
    resources = {
        (resource.kind.name, resource.name): resource for resource in resources_of(load(DEFAULT).groups[0], {})
    }
    [group] = dataset_groups()
    expected = {("dataset_group", "shop-42")}
    expected |= {("schema", group.schema_name(dataset)) for dataset in DATASETS}
    expected |= {("dataset", dataset.type.upper()) for dataset in DATASETS}
    expected |= {("solution", group.solution_name(key)) for key in group.solutions}
    assert set(resources) == expected
    for key, solution in group.solutions.items():
        assert resources["solution", f"shop-42-{key}"].settings == {"recipeArn": solution.recipe_arn}
    for dataset in DATASETS:
        assert resources["dataset", dataset.type.upper()].label == f"shop-42-{dataset.name}"
    get_settings.cache_clear()


def test_the_example_of_the_documentation_can_be_used(written: Any) -> None:
    page = (PROJECT_ROOT / "docs" / "resources.md").read_text()
    group = load(written(page.split("```yaml")[1].split("```")[0])).groups[0]
    assert group.where.users == {"location": ["Lahore, Punjab", "Kasur, Punjab"]}
    fields = {*type(group).model_fields, *type(group.solutions["for-you"]).model_fields}
    assert {field for field in fields if f"{field}:" not in page and f"`{field}`" not in page} == set()


def test_what_is_written_reads_the_same(written: Any) -> None:
    text = GROUP % "where: {users: {location: [Lahore]}}, filters: {f: {expression: x, tags: {a: b}}}"
    environment = load(written(text))
    assert load(written(text_of(environment, "Two\nlines."))) == environment
    assert text_of(environment, "Two\nlines.").startswith("# Two\n# lines.\n")


def test_own_tags_replace_those_of_the_environment_and_only_what_can_carry_tags_has_them(written: Any) -> None:
    text = "tags: {a: '1'}\n" + GROUP % "filters: {f: {expression: x, tags: {b: '2'}}}"
    environment = load(written(text))
    tags = {resource.kind.name: resource.tags for resource in resources_of(environment.groups[0], environment.tags)}
    assert tags == {"dataset_group": {"a": "1"}, "schema": {}, "dataset": {"a": "1"}, "filter": {"b": "2"}}
