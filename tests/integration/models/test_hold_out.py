"""The hold-out and the yardstick, from the mart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.contracts.personalize import DATASETS, Dataset
from aisle.evaluation.hold_out import (
    Case,
    cases_of,
    count_cases,
    count_items,
    newest_hold_out,
    obstacle_of,
    rank_lists,
    rank_popularity,
)
from aisle.evaluation.metrics import Figures, measure
from aisle.evaluation.twin import write_csv
from aisle.groups.dataset_group import DatasetGroup, Kind, dataset_group
from aisle.settings import get_settings
from tests.integration.models.conftest import describe

ABOUT_USERS_ONLY = """
groups:
  - name: aisle
    datasets: {interactions: {schema: contract}}
    solutions: {user-personalization: {recipe: aws-user-personalization}}
"""
DAY = 86_400
NOW = 1_720_000_000
#: user, item, days before the newest purchase
PURCHASES = [
    ("ann", "mug", 30), ("ann", "cup", 10), ("ann", "mug", 2), ("ann", "jug", 1),
    ("bob", "mug", 9), ("bob", "mug", 8), ("bob", "pan", 0),
    ("eve", "new", 3),
    ("old", "tin", 300), ("old", "tin", 12), ("old", "cup", 7),
]  # fmt: skip


@pytest.fixture
def ask_about(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes settings of the section `evaluate`."""

    def change(**values: int | str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"AISLE_EVALUATE__{name.upper()}", str(value))
        get_settings.cache_clear()

    return change


def insert(url: str, purchases: Sequence[tuple[str, str, float]]) -> None:
    """Replace the purchases of the mart: user, item, days before the newest purchase."""
    rows = [(user, item, NOW - int(days * DAY)) for user, item, days in purchases]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("truncate personalize.interactions")
        cursor.executemany("insert into personalize.interactions values (%s, %s, 'purchase', 1, %s)", rows)


@pytest.fixture
def purchases(marts: str, ask_about: Callable[..., None]) -> str:
    ask_about(min_users=1)
    insert(marts, PURCHASES)
    return marts


def figures_of(ranked: dict[str, list[str]], cases: list[Case], n_items: int) -> Figures:
    return measure(ranked, {case.user_id: set(case.bought) for case in cases}, n_items)


@pytest.mark.usefixtures("purchases")
def test_the_hold_out_is_the_newest_week_and_only_users_with_a_past_are_in_it(group: DatasetGroup) -> None:
    hold_out = newest_hold_out(group)
    assert hold_out.ends_at.timestamp() == NOW
    assert hold_out.starts_at.timestamp() == NOW - 7 * DAY + 1
    assert hold_out.n_interactions_before == 7
    cases = {case.user_id: case for case in cases_of(group, hold_out, "users")}
    assert {user: set(case.bought) for user, case in cases.items()} == {"ann": {"mug", "jug"}, "bob": {"pan"}}
    assert {user: case.asked_id for user, case in cases.items()} == {"ann": "ann", "bob": "bob"}


@pytest.mark.usefixtures("purchases")
def test_without_repeats_what_a_user_had_is_neither_found_nor_missed(
    group: DatasetGroup, ask_about: Callable[..., None]
) -> None:
    ask_about(count_repeats="false")
    ann = cases_of(group, newest_hold_out(group), "users")[0]
    assert ann.bought == ["jug"]
    assert figures_of(rank_lists({"ann": ["mug", "cup", "jug"]}, [ann]), [ann], 4)["mrr"] == 1


@pytest.mark.usefixtures("purchases")
def test_popularity_counts_users_of_the_last_weeks_before_the_hold_out(group: DatasetGroup) -> None:
    hold_out = newest_hold_out(group)
    cases = cases_of(group, hold_out, "users")
    assert count_items(group, hold_out) == 3
    # cup: ann, old; mug: ann (30 days ago: within 28 of the hold-out's start), bob; tin: old; by id where equal
    figures = figures_of(rank_popularity(group, hold_out, cases), cases, 3)
    assert figures["coverage"] == 1
    assert figures["mrr"] == pytest.approx((1 / 2 + 0) / 2)


@pytest.mark.parametrize(
    ("bought", "asked", "to_find"),
    [
        ([("mug", 1), ("jug", 1)], {"mug"}, {"jug"}),  # the jug is new: no model can be asked about it
        ([("mug", 1), ("cup", 1), ("pan", 1)], {"mug", "cup"}, {"mug", "cup", "pan"}),
        ([("mug", 3), ("cup", 1)], {"mug", "cup"}, {"mug", "cup"}),  # two orders of one item each
        ([("mug", 3), ("mug", 1), ("jug", 0)], {"mug"}, {"jug"}),  # twice the same is one item
    ],
    ids=["an item that is new", "one order", "two orders", "one item twice"],
)
@pytest.mark.parametrize("past", [[], [("mug", 20), ("tin", 9)]], ids=["new user", "known user"])
def test_similar_items_are_asked_about_one_item_of_a_user_and_have_to_find_the_others(
    marts: str,
    group: DatasetGroup,
    ask_about: Callable[..., None],
    bought: list[tuple[str, float]],
    asked: set[str],
    to_find: set[str],
    past: list[tuple[str, float]],
) -> None:
    ask_about(min_users=1)
    others = [("old", item, 30) for item in ("mug", "cup")] + [("old", "tin", 0)]
    insert(marts, [*others, *(("ann", item, days) for item, days in bought + past)])
    hold_out = newest_hold_out(group)
    [case] = cases_of(group, hold_out, "items")
    assert case.user_id == "ann"
    assert case.asked_id in asked
    assert set(case.bought) == to_find - {case.asked_id}
    assert case.left_out == [case.asked_id]
    assert cases_of(group, hold_out, "items") == [case]


def test_an_item_that_is_asked_about_counts_neither_for_the_model_nor_for_popularity(
    marts: str, group: DatasetGroup, ask_about: Callable[..., None]
) -> None:
    ask_about(min_users=1)
    earlier = [("old", "mug", 30), ("ann", "mug", 20), ("old", "cup", 20), ("bob", "tin", 90)]
    insert(marts, [*earlier, ("bob", "mug", 1), ("bob", "jug", 1)])
    hold_out = newest_hold_out(group)
    cases = cases_of(group, hold_out, "items")
    assert rank_popularity(group, hold_out, cases) == {"bob": ["cup"]}
    assert rank_lists({"mug": ["mug", "jug"]}, cases) == {"bob": ["jug"]}


def test_without_repeats_similar_items_need_not_find_what_the_user_had(
    marts: str, group: DatasetGroup, ask_about: Callable[..., None]
) -> None:
    ask_about(count_repeats="false", min_users=1)
    insert(marts, [("old", "mug", 30), ("ann", "tin", 20), ("ann", "mug", 1), ("ann", "tin", 1), ("ann", "jug", 1)])
    for case in cases_of(group, newest_hold_out(group), "items"):
        assert set(case.bought) == {"mug", "jug"} - {case.asked_id}
        assert set(case.left_out) == {"tin", case.asked_id}


def test_knowing_what_goes_together_beats_popularity_though_next_week_buys_what_everybody_buys(
    marts: str, group: DatasetGroup, ask_about: Callable[..., None]
) -> None:
    """Each customer buys a pair of one theme, and a bag, every time; the themes change from week to week."""
    themes = [(f"{theme}-one", f"{theme}-two") for theme in ("tea", "bath", "bed", "desk")]
    purchases = [
        (f"u{user}", item, day)
        for user in range(8)
        for week, day in enumerate((24, 17, 10, 3))
        for item in (*themes[(user + week) % 4], "bag")
    ]
    ask_about(min_users=8)
    insert(marts, [*purchases, ("last", "bag", 0)])
    lists = {item: [partner, "bag"] for pair in themes for item, partner in (pair, pair[::-1])}
    lists["bag"] = [item for pair in themes for item in pair]
    hold_out = newest_hold_out(group)
    cases = cases_of(group, hold_out, "items")
    n_items = count_items(group, hold_out)
    model = figures_of(rank_lists(lists, cases), cases, n_items)
    popularity = figures_of(rank_popularity(group, hold_out, cases), cases, n_items)
    assert len(cases) == 8
    assert model["ndcg_at_10"] > popularity["ndcg_at_10"]


@pytest.mark.usefixtures("purchases")
@pytest.mark.parametrize(
    ("first", "most_days", "min_users", "days"),
    [(1, 28, 1, 1), (1, 28, 2, 2), (2, 7, 3, 7), (2, 28, 4, 28), (14, 7, 4, 14)],
    ids=["enough", "doubled", "up to the most", "doubled to the most", "the most is less than the least"],
)
def test_a_quiet_shop_has_a_longer_hold_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ask_about: Callable[..., None],
    first: int,
    most_days: int,
    min_users: int,
    days: int,
) -> None:
    describe(ABOUT_USERS_ONLY, tmp_path / "resources.yaml", monkeypatch)
    group = dataset_group("aisle")
    ask_about(hold_out_days=first, hold_out_max_days=most_days, min_users=min_users)
    hold_out = newest_hold_out(group)
    assert (hold_out.ends_at - hold_out.starts_at).total_seconds() == days * DAY - 1


def test_the_hold_out_is_long_enough_for_each_question(
    marts: str, group: DatasetGroup, ask_about: Callable[..., None]
) -> None:
    ask_about(hold_out_days=1, hold_out_max_days=28, min_users=1)
    insert(marts, [("ann", "mug", 30), ("ann", "cup", 3), ("ann", "mug", 0)])
    hold_out = newest_hold_out(group)  # on the newest day alone ann buys again, but nothing together
    assert (hold_out.ends_at - hold_out.starts_at).total_seconds() == 4 * DAY - 1


@pytest.mark.parametrize("kind", ["users", "items"])
@pytest.mark.parametrize(("days", "repeats"), [(1, "true"), (7, "true"), (7, "false"), (30, "true"), (30, "false")])
def test_users_are_counted_as_they_are_selected(
    purchases: str, ask_about: Callable[..., None], group: DatasetGroup, kind: Kind, days: int, repeats: str
) -> None:
    ask_about(hold_out_days=days, hold_out_max_days=days, count_repeats=repeats)
    hold_out = newest_hold_out(group)
    assert count_cases(group, hold_out, kind) == len(cases_of(group, hold_out, kind))


@pytest.mark.usefixtures("purchases")
def test_too_few_users_are_too_little_data_and_the_reason_counts_them(
    group: DatasetGroup, ask_about: Callable[..., None]
) -> None:
    ask_about(min_users=3, hold_out_max_days=7)
    hold_out = newest_hold_out(group)
    assert "2 of 3 required users" in str(obstacle_of(group, hold_out, "users"))
    assert "1 of 3 required users" in str(obstacle_of(group, hold_out, "items"))


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_the_twin_sees_the_columns_of_the_export_and_nothing_of_the_hold_out(
    purchases: str, s3: Any, bucket: str, group: DatasetGroup, dataset: Dataset
) -> None:
    with psycopg.connect(purchases) as connection:
        connection.execute(
            "truncate personalize.items, personalize.users;"
            f"insert into personalize.items values ('mug', 'a', 'b', 1, {NOW - 30 * DAY}), ('new', 'a', 'b', 1, {NOW});"
            "insert into personalize.users values ('ann', null, null, 'Lahore'), ('eve', null, null, 'Lahore')"
        )
    write_csv(s3, group, dataset, newest_hold_out(group), "one")
    content = s3.get_object(Bucket=bucket, Key=f"evaluate/{dataset.name}/one/{dataset.name}.csv")["Body"].read()
    header, *lines = content.decode().splitlines()
    assert header == dataset.header
    assert len(lines) == {"interactions": 7, "items": 1, "users": 1}[dataset.name]
    assert not any("eve" in line or "new" in line for line in lines)
