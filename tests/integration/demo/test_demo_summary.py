"""What the summary of a walk reads off a real warehouse: with one group, and with one of a town besides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.cache.schema import prepare
from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.settings import get_settings
from services.demo.display import show_summary
from services.demo.pipeline import StageState, Step, steps_of
from services.demo.summary import Summary, rows_of, summarise
from services.terminal import TerminalConsole

A_TOWN_BESIDES = """
groups:
  - datasets: {interactions: {}, items: {}, users: {}}
    solutions: {user-personalization: {recipe: aws-user-personalization}}
  - name: shop-north
    where: {users: {location: ['Peshawar, Khyber']}}
    datasets: {interactions: {}, users: {}}
    solutions: {for-you: {recipe: aws-user-personalization}}
"""

#: The fixture's marts have 120 customers of one town with twelve purchases each; thirty of them move to another one.
PUBLISHED = """
create table core.products as select item_id as product_id from personalize.items;
update personalize.users set location = 'Peshawar, Khyber'
where user_id in (select user_id from personalize.users order by user_id limit 30);
insert into cache.offline_user_recommendations (user_id, recommendations, updated_at, score_kind, generation)
select user_id, jsonb_build_array(jsonb_build_object('product_id', 'of-all', 'score', 1)), now(), 'engine', 'g'
from core.customers where n_sales > 0;
insert into ops.model_metrics (solution, solution_version_arn, metric, value, measured_at) values
    ('user-personalization', 'arn/1', 'coverage', 0.5, now()), ('shop-north/for-you', 'arn/2', 'coverage', 0.25, now());
insert into ops.receipts (run_key, stage, subject, rows_out, seconds, finished_at) values
    ('k', 'export', 'interactions', 1000, 1, now()), ('k', 'export', 'shop-north/interactions', 200, 1, now()),
    ('k', 'ingest', 'company/orders', 7, 1, now());
"""
PUBLISHED_IN_THE_NORTH = """
insert into cache_shop_north.offline_user_recommendations
select user_id, jsonb_build_array(jsonb_build_object('product_id', 'of-the-north', 'score', 1)), now(), 'engine', 'n'
from personalize.users where location like 'Peshawar%';
insert into cache_shop_north.generations values ('n', 'live', 30, 0, 30, 0, '{}', now());
"""
TWO_LISTS_LOST = """
delete from cache_shop_north.offline_user_recommendations
where user_id in (select user_id from cache_shop_north.offline_user_recommendations order by user_id limit 2);
"""


@pytest.fixture
def lists(marts: str) -> str:
    """URL of a warehouse in which every customer of the first group has a list."""
    _run(marts, PUBLISHED)
    return marts


@pytest.fixture
def two_groups(lists: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[DatasetGroup, ...]]:
    """Both groups of the file, each with its lists."""
    monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(tmp_path / "groups.yaml"))
    get_settings.cache_clear()
    _describe(A_TOWN_BESIDES)
    prepare(dataset_groups()[1], lists)
    _run(lists, PUBLISHED_IN_THE_NORTH)
    yield dataset_groups()
    monkeypatch.undo()
    get_settings.cache_clear()


def _describe(groups: str) -> None:
    get_settings().personalize.resources_file.write_text(groups)


def _run(url: str, script: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(script.encode())


def _summary(url: str, groups: tuple[DatasetGroup, ...]) -> Summary:
    stages = [StageState(step.dag_id) for step in steps_of(groups)]
    return summarise(
        url, groups=groups, source_rows=None, stages=stages, seconds_to_start=1.0, peak_memory_megabytes=1.0, urls={}
    )


def _written(summary: Summary, tmp_path: Path) -> dict[str, Any]:
    summary.write(tmp_path / "summary.json")
    written: dict[str, Any] = json.loads((tmp_path / "summary.json").read_text())
    return written


def _printed(summary: Summary) -> str:
    console = TerminalConsole(record=True, width=140, file=StringIO())
    show_summary(console, summary)
    return console.export_text()


def test_with_one_group_nothing_of_groups_is_written_or_printed(lists: str, tmp_path: Path) -> None:
    summary = _summary(lists, dataset_groups())
    written = _written(summary, tmp_path)
    assert "groups" not in written
    assert (written["interactions"], written["users_with_recommendations"]) == (1440, 120)
    assert written["metrics"] == {"user-personalization": {"coverage": 0.5}}
    printed = _printed(summary)
    assert re.search(r"users with recommendations +120 ", printed)
    assert "five customers" in printed
    assert "shop-north" not in printed


CHECKED = """
insert into ops.quality_results
    (run_key, suite, severity, check_id, expectation, column_name, has_passed, observed, n_unexpected)
values
    ('old', 'raw_orders_outliers', 'note', 'was_odd_before', 'e', null, false, null, 1),
    ('new', 'raw_orders_outliers', 'note', 'total_amount_is_usual', 'e', null, false, null, 1),
    ('new', 'raw_orders_outliers', 'note', 'quantity_is_usual', 'e', null, false, null, 1),
    ('new', 'raw_orders_outliers', 'note', 'day_is_usual', 'e', null, true, null, 0),
    ('new', 'raw_orders', 'stop', 'order_id_is_unique', 'e', null, true, null, 0);
update ops.quality_results set checked_at = now() - interval '1 day' where run_key = 'old';
"""


def test_the_checks_that_a_suite_failed_in_its_newest_run_are_named(lists: str, tmp_path: Path) -> None:
    _run(lists, CHECKED)
    summary = _summary(lists, dataset_groups())
    quality = _written(summary, tmp_path)["quality"]
    assert quality["raw_orders_outliers"]["failed"] == ["quantity_is_usual", "total_amount_is_usual"]
    assert quality["raw_orders"]["failed"] == []
    printed = _printed(summary)
    assert re.search(r"raw_orders_outliers +note +1 +3 +quantity_is_usual", printed)
    assert "total_amount_is_usual" in printed
    assert "was_odd_before" not in printed


def test_each_group_has_its_own_counts_metrics_and_customers(
    lists: str, two_groups: tuple[DatasetGroup, ...], tmp_path: Path
) -> None:
    summary = _summary(lists, two_groups)
    written = _written(summary, tmp_path)
    assert list(written["groups"]) == ["aisle", "shop-north"]
    north = written["groups"]["shop-north"]
    assert (north["interactions"], north["customers_with_a_purchase"]) == (360, 30)
    assert (north["users_with_recommendations"], north["products_with_similar_items"]) == (30, 0)
    assert north["metrics"] == {"for-you": {"coverage": 0.25}}
    assert [example["recommended"] for example in north["examples"]] == [["of-the-north"]] * 5
    first = {name: value for name, value in written.items() if name in written["groups"]["aisle"]}
    assert first == written["groups"]["aisle"]
    assert first["interactions"] == 1440
    assert summary.faults() == []


def test_the_screen_says_of_each_group_what_came_through(lists: str, two_groups: tuple[DatasetGroup, ...]) -> None:
    printed = _printed(_summary(lists, two_groups))
    assert "customers of aisle" in printed
    assert "customers of shop-north" in printed
    assert "shop-north/for-you" in printed
    (line,) = [line for line in printed.splitlines() if line.startswith("│ shop-north ")]
    assert line.strip("│ ").split() == ["shop-north", "360", "30", "30", "0"]
    assert "publish-shop-north" in printed


def test_a_buyer_without_a_list_is_a_fault_of_the_group_whose_user_it_is(
    lists: str, two_groups: tuple[DatasetGroup, ...]
) -> None:
    _run(lists, TWO_LISTS_LOST)
    (fault,) = _summary(lists, two_groups).faults()
    assert fault == "shop-north: 2 of 30 customers with a purchase have no recommendations"


def test_a_group_that_is_asked_about_items_only_owes_its_buyers_no_list(
    lists: str, two_groups: tuple[DatasetGroup, ...]
) -> None:
    _run(lists, "truncate cache_shop_north.offline_user_recommendations")
    assert len(_summary(lists, two_groups).faults()) == 1
    _describe(A_TOWN_BESIDES.replace("{for-you: {recipe: aws-user-personalization}}", "{alike: {recipe: aws-sims}}"))
    assert _summary(lists, dataset_groups()).faults() == []


def test_a_group_that_is_asked_nothing_has_no_figures_of_lists(
    lists: str, two_groups: tuple[DatasetGroup, ...]
) -> None:
    _describe(f"{A_TOWN_BESIDES}  - {{name: shop-south, datasets: {{interactions: {{}}}}}}\n")
    assert set(_summary(lists, dataset_groups()).groups) == {"aisle", "shop-north"}


@pytest.mark.parametrize(("place", "stage", "n_rows"), [(0, "export", 1000), (1, "export", 200), (0, "ingest", 7)])
def test_the_rows_of_a_stage_are_those_of_its_group(
    lists: str, two_groups: tuple[DatasetGroup, ...], place: int, stage: str, n_rows: int
) -> None:
    group = two_groups[place]
    step = Step(stage, group.dag_id(stage), None, group)
    assert rows_of(lists, two_groups, step, datetime(2020, 1, 1, tzinfo=UTC)) == n_rows
