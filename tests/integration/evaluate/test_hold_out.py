"""The hold-out and the yardstick, from the mart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from aisle.contracts.personalize import DATASETS, Dataset
from aisle.dataset_groups import DatasetGroup
from aisle.evaluate.hold_out import (
    Case,
    cases_of,
    count_items,
    newest_hold_out,
    obstacle_of,
    rank_lists,
    rank_popularity,
)
from aisle.evaluate.metrics import Figures, measure
from aisle.evaluate.twin import write_csv
from aisle.settings import get_settings

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
def wanted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes settings of the section `evaluate`."""

    def change(**values: int | str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"AISLE_EVALUATE__{name.upper()}", str(value))
        get_settings.cache_clear()

    return change


@pytest.fixture
def purchases(marts: str, wanted: Callable[..., None]) -> str:
    wanted(min_users=2)
    rows = [(user, item, NOW - days * DAY) for user, item, days in PURCHASES]
    with psycopg.connect(marts) as connection, connection.cursor() as cursor:
        cursor.execute("truncate personalize.interactions")
        cursor.executemany("insert into personalize.interactions values (%s, %s, 'purchase', 1, %s)", rows)
    return marts


def figures_of(ranked: dict[str, list[str]], cases: list[Case], n_items: int) -> Figures:
    return measure(ranked, {case.user_id: set(case.bought) for case in cases}, n_items)


@pytest.mark.usefixtures("purchases")
def test_the_hold_out_is_the_newest_week_and_only_users_with_a_past_are_in_it(group: DatasetGroup) -> None:
    hold_out = newest_hold_out(group)
    assert hold_out.ends_at.timestamp() == NOW
    assert hold_out.starts_at.timestamp() == NOW - 7 * DAY + 1
    assert hold_out.n_interactions_before == 7
    cases = {case.user_id: case for case in cases_of(group, hold_out)}
    assert {user: set(case.bought) for user, case in cases.items()} == {"ann": {"mug", "jug"}, "bob": {"pan"}}
    assert (cases["ann"].newest_item, cases["bob"].newest_item) == ("cup", "mug")


@pytest.mark.usefixtures("purchases")
def test_without_repeats_what_a_user_had_is_neither_found_nor_missed(
    group: DatasetGroup, wanted: Callable[..., None]
) -> None:
    wanted(count_repeats="false")
    ann = cases_of(group, newest_hold_out(group))[0]
    assert ann.bought == ["jug"]
    assert figures_of(rank_lists({"ann": ["mug", "cup", "jug"]}, "users", [ann]), [ann], 4)["mrr"] == 1


@pytest.mark.usefixtures("purchases")
def test_popularity_counts_users_of_the_last_weeks_before_the_hold_out(group: DatasetGroup) -> None:
    hold_out = newest_hold_out(group)
    cases = cases_of(group, hold_out)
    assert count_items(group, hold_out) == 3
    # cup: ann, old; mug: ann (30 days ago: within 28 of the hold-out's start), bob; tin: old; by id where equal
    figures = figures_of(rank_popularity(group, hold_out, cases), cases, 3)
    assert figures["coverage"] == 1
    assert figures["mrr"] == pytest.approx((1 / 2 + 0) / 2)


@pytest.mark.usefixtures("purchases")
def test_similar_items_are_asked_about_the_newest_item_before(group: DatasetGroup) -> None:
    cases = cases_of(group, newest_hold_out(group))
    figures = figures_of(rank_lists({"cup": ["jug"], "mug": ["cup"]}, "items", cases), cases, 4)
    assert figures["recall_at_10"] == pytest.approx((1 / 2 + 0) / 2)


@pytest.mark.usefixtures("purchases")
@pytest.mark.parametrize(
    ("first", "most", "min_users", "days"),
    [(1, 28, 1, 1), (1, 28, 2, 2), (2, 7, 3, 7), (2, 28, 4, 28), (14, 7, 4, 14)],
    ids=["enough", "doubled", "up to the most", "doubled to the most", "the most is less than the least"],
)
def test_a_quiet_shop_has_a_longer_hold_out(
    wanted: Callable[..., None], group: DatasetGroup, first: int, most: int, min_users: int, days: int
) -> None:
    wanted(hold_out_days=first, hold_out_max_days=most, min_users=min_users)
    hold_out = newest_hold_out(group)
    assert (hold_out.ends_at - hold_out.starts_at).total_seconds() == days * DAY - 1


@pytest.mark.usefixtures("purchases")
def test_too_few_users_are_no_evidence_and_the_reason_names_them(
    group: DatasetGroup, wanted: Callable[..., None]
) -> None:
    wanted(min_users=3)
    assert "2 known users" in str(obstacle_of(group, newest_hold_out(group)))


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
