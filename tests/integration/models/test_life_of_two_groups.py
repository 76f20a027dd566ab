"""Two groups by region: what becomes of the models of one leaves those of the other alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from airflow_personalize.hooks.personalize import PersonalizeHook
from aisle.errors import FinalError
from aisle.evaluation.hold_out import cases_of, count_items, newest_hold_out, rank_popularity
from aisle.evaluation.twin import group_name, write_csv
from aisle.groups.dataset_group import DatasetGroup
from aisle.models import registry
from aisle.models.drift import learned_by_live, measure_drift, next_training_at
from aisle.models.live import live_model
from aisle.settings import Evaluate, get_settings

RunDag = Callable[..., dict[str, str]]

NAME = "user-personalization"
WANTED = Evaluate(drift_days=28, retrain_min_days=3)


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def live(group: DatasetGroup, arn: str) -> None:
    registry.register(group, NAME, arn, "one")
    registry.promote(group.key(NAME), arn, "gate", "good")


@pytest.mark.usefixtures("regions")
def test_each_group_has_a_hold_out_of_its_own_customers_and_items(group: DatasetGroup, north: DatasetGroup) -> None:
    of_first, of_north = newest_hold_out(group), newest_hold_out(north)
    assert of_first.n_interactions_before + 2 * 150 == 150 * 14
    users = {case.user_id for case in cases_of(north, of_north, "users")}
    assert users
    assert all(user.startswith("north-") for user in users)
    assert not users & {case.user_id for case in cases_of(group, of_first, "users")}
    assert (count_items(group, of_first), count_items(north, of_north)) == (40, 30)
    popular = rank_popularity(north, of_north, cases_of(north, of_north, "users"))
    assert {item[0] for ranked in popular.values() for item in ranked} == {"N"}


def test_the_twin_of_a_group_sees_its_rows_only_and_files_stand_apart(
    regions: str, s3: Any, bucket: str, group: DatasetGroup, north: DatasetGroup
) -> None:
    for shop in (group, north):
        write_csv(s3, shop, shop.datasets[0], newest_hold_out(shop), "one")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    plain, of_north = "interactions/one/interactions.csv", "shop-north/interactions/one/interactions.csv"
    assert set(keys) == {f"evaluate/{plain}", f"evaluate/{of_north}"}
    body = s3.get_object(Bucket=bucket, Key=f"evaluate/{of_north}")["Body"].read().decode()
    written = list(csv.DictReader(io.StringIO(body)))
    assert len(written) > 1000
    assert {row["ITEM_ID"][0] for row in written} == {"N"}
    assert (group_name(group), group_name(north)) == ("aisle-holdout", "shop-north-holdout")


def test_what_one_group_promotes_rejects_or_takes_back_leaves_the_other(
    regions: str, group: DatasetGroup, north: DatasetGroup
) -> None:
    for arn in ("a", "b"):
        live(group, f"first/{arn}")
        live(north, f"north/{arn}")
    registry.rollback(group.key(NAME), by="analyst", reason="worse in the shop")
    assert registry.live_version(group.key(NAME)) == "first/a"
    assert registry.live_version(north.key(NAME)) == "north/b"
    learned = dict(rows(regions, "select solution, max(n_interactions) from ops.model_versions group by solution"))
    assert learned[NAME] == 150 * 14 > learned[f"shop-north/{NAME}"] > 0


def test_drift_and_the_time_between_trainings_are_a_groups_own(
    regions: str, group: DatasetGroup, north: DatasetGroup
) -> None:
    live(group, "first/a")
    assert learned_by_live(north) is None
    assert next_training_at(group, WANTED)
    assert next_training_at(north, WANTED) is None
    live(north, "north/a")
    with psycopg.connect(regions) as connection:
        connection.execute(
            "insert into personalize.interactions select user_id, 'N001', event_type, event_value, timestamp + 2419200"
            " from personalize.interactions where user_id like 'north-%'"
        )
    drifts = {}
    for shop in (group, north):
        learned = learned_by_live(shop)
        assert learned is not None
        drifts[shop.name] = measure_drift(shop, learned, WANTED)
    assert (drifts["aisle"].n_after, drifts["aisle"].n_interactions) == (0, 150 * 14)
    assert drifts["shop-north"].items_psi > 1


@pytest.mark.usefixtures("regions", "personalize")
def test_a_group_without_a_live_model_names_its_own_training(group: DatasetGroup, north: DatasetGroup) -> None:
    live(group, "first/a")
    with pytest.raises(FinalError, match=r"shop-north/user-personalization.*`train-shop-north`"):
        live_model(PersonalizeHook().gateway, north, NAME)


def test_one_training_promotes_and_the_other_rejects_by_twins_of_their_own(
    regions: str, personalize: Any, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_EVALUATE__MIN_LIFT", "1.0")  # what is bought at random may come near popularity
    get_settings.cache_clear()
    for dag_id in ("export", "export-shop-north", "train"):
        run_dag(dag_id, "one")
    ran = run_dag("train-shop-north", "one")
    assert (ran["decide"], ran["announce"]) == ("success", "success")
    assert dict(rows(regions, "select solution, state from ops.model_versions")) == {
        NAME: "live",
        f"shop-north/{NAME}": "rejected",
    }
    groups = {
        summary["name"]: summary["datasetGroupArn"] for summary in personalize.list_dataset_groups()["datasetGroups"]
    }
    assert set(groups) == {"aisle", "aisle-holdout", "shop-north", "shop-north-holdout"}
    [twin] = personalize.list_solutions(datasetGroupArn=groups["shop-north-holdout"])["solutions"]
    assert twin["name"].startswith(f"shop-north-holdout-{NAME}-")
    described = personalize.describe_solution(solutionArn=twin["solutionArn"])["solution"]
    assert described["eventType"] == "purchase"
    subjects = {name for (name,) in rows(regions, "select subject from ops.receipts where stage = 'evaluate'")}
    assert {"decide", "shop-north/decide", "holdout-interactions", "shop-north/holdout-interactions"} <= subjects
