"""From export to recommend for two groups of one file: by region of the users, and by category of the items."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.contracts.personalize import INTERACTIONS
from aisle.errors import ContractBroken
from aisle.groups.dataset_group import dataset_group
from aisle.groups.environment_file import load
from aisle.resources.apply import plans
from aisle.resources.live import Service
from aisle.settings import get_settings
from aisle.stages.export.dataset_csv import check_size, export_dataset
from tests.waiting import poll_often

RunDag = Callable[..., dict[str, str]]

TWO_GROUPS = """
groups:
  - where: {users: {location: ['Lahore, Punjab']}}
    datasets: {interactions: {}, users: {}}
    solutions:
      user-personalization: {recipe: aws-user-personalization}
      similar-items: {recipe: aws-sims, config: {algorithmHyperParameters: {popularity_discount_factor: "0.5"}}}
  - name: shop-home
    where: {items: {category: [category 1, category 2, category 3, category 4]}}
    datasets: {interactions: {}, items: {}}
    solutions:
      for-you:
        recipe: aws-user-personalization
        event_type: purchase
        batch_inference: {num_results: 3, exploration: {weight: 0.1}}
      ranking: {recipe: aws-personalized-ranking}
"""
#: Twenty of the 120 customers live elsewhere. The items of a customer are those of one category.
TWO_REGIONS = """
update personalize.users set location = 'Peshawar, Khyber'
where user_id in (select user_id from personalize.users order by user_id limit 20)
"""


@pytest.fixture
def file(tmp_path: Path, marts: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of two groups, in force; customers live in two regions; jobs are looked at many times a second."""
    import airflow_personalize.operators.personalize as operators

    poll_often(operators, monkeypatch)
    file = tmp_path / "resources.yaml"
    file.write_text(TWO_GROUPS)
    monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(file))
    with psycopg.connect(marts) as connection:
        connection.execute(TWO_REGIONS.encode())
    get_settings.cache_clear()
    yield file
    monkeypatch.undo()
    get_settings.cache_clear()


A_SEGMENT = """
groups:
  - where: {customers: {segment: [champion, loyal], churn_level: [high]}}
    datasets: {interactions: {}, users: {}}
    solutions:
      user-personalization: {recipe: aws-user-personalization}
"""
#: In order of the ids: 20 champions at low risk; 60 champions and 35 loyal ones at high risk; and some who are lost.
SEGMENTS = """
create schema analytics;
create table analytics.customer_segments as
select
    user_id,
    case when place <= 80 then 'champion' when place <= 115 then 'loyal' else 'lost' end as segment,
    case when place <= 20 then 'low' else 'high' end as churn_level
from (select user_id, row_number() over (order by user_id) as place from personalize.users) as placed
"""


def column(url: str, query: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {str(value) for (value,) in connection.execute(query.encode())}


def test_each_group_exports_trains_and_answers_for_its_own_rows(
    file: Path, marts: str, personalize: Any, run_dag: RunDag, s3: Any, bucket: str
) -> None:
    def rows(key: str) -> list[dict[str, str]]:
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        return list(csv.DictReader(text.splitlines(), escapechar="\\", doublequote=False))

    def answers(prefix: str) -> dict[str, list[str]]:
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
        content = b"".join(s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys if key.endswith(".out"))
        lines = [json.loads(line) for line in content.splitlines()]
        return {next(iter(line["input"].values())): line["output"]["recommendedItems"] for line in lines}

    for stage in ("export", "train", "recommend"):
        for dag_id in (stage, f"{stage}-shop-home"):
            assert set(run_dag(dag_id, "one").values()) <= {"success", "skipped"}, dag_id

    of_region = rows("export/interactions/one/interactions.csv")
    at_home = rows("export/shop-home/interactions/one/interactions.csv")
    in_lahore = column(marts, "select user_id from personalize.users where location = 'Lahore, Punjab'")
    home_items = column(marts, "select item_id from personalize.items where category <> 'category 0'")
    assert ({row["USER_ID"] for row in of_region}, len(of_region)) == (in_lahore, 1200)
    assert ({row["ITEM_ID"] for row in at_home}, len(at_home)) == (home_items, 1152)
    assert {row["USER_ID"] for row in rows("export/users/one/users.csv")} == in_lahore
    assert {row["ITEM_ID"] for row in rows("export/shop-home/items/one/items.csv")} == home_items

    customers_at_home = {row["USER_ID"] for row in at_home}
    listed = answers("recommend/shop-home/output/users/one/")
    assert set(listed) == customers_at_home != set(answers("recommend/output/users/one/"))
    assert {len(items) for items in listed.values()} == {3}
    assert {item for items in listed.values() for item in items} <= home_items
    assert set(answers("recommend/output/users/one/")) == in_lahore

    assert all(plan.is_settled for plan in plans(Service(personalize, 0.1, 30), load(file)))
    solutions = [item["name"] for item in personalize.list_solutions()["solutions"]]
    models = ["aisle-similar-items", "aisle-user-personalization", "shop-home-for-you", "shop-home-ranking"]
    assert sorted(solutions) == models
    assert column(marts, "select purpose from ops.jobs") == {
        *("import-interactions", "import-users", "train-user-personalization", "train-similar-items"),
        *("recommend-users", "recommend-items", "shop-home/import-interactions", "shop-home/import-items"),
        *("shop-home/train-for-you", "shop-home/train-ranking", "shop-home/recommend-users"),
    }
    assert column(marts, "select solution from ops.model_versions where state = 'live'") == {
        "user-personalization", "similar-items", "shop-home/for-you",
    }  # fmt: skip
    assert "shop-home/ranking" in column(marts, "select solution from ops.model_metrics")
    assert column(marts, "select dataset from ops.exports") == {
        *("interactions", "users", "shop-home/interactions", "shop-home/items"),
    }


def test_s2_108_a_group_of_a_segment_has_a_model_of_its_own_customers(
    file: Path, marts: str, personalize: Any, run_dag: RunDag, s3: Any, bucket: str
) -> None:
    file.write_text(A_SEGMENT)
    get_settings.cache_clear()
    with psycopg.connect(marts) as connection:
        connection.execute(SEGMENTS.encode())
    for stage in ("export", "train", "recommend"):
        assert set(run_dag(stage, "one").values()) <= {"success", "skipped"}, stage
    chosen = column(
        marts, "select user_id from analytics.customer_segments where churn_level = 'high' and segment <> 'lost'"
    )
    for dataset in ("interactions", "users"):
        text = s3.get_object(Bucket=bucket, Key=f"export/{dataset}/one/{dataset}.csv")["Body"].read().decode()
        assert {row["USER_ID"] for row in csv.DictReader(text.splitlines())} == chosen
    asked = s3.list_objects_v2(Bucket=bucket, Prefix="recommend/output/users/one/")["Contents"]
    content = b"".join(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in asked)
    assert {json.loads(line)["input"]["userId"] for line in content.splitlines() if b"userId" in line} == chosen
    assert len(chosen) == 95


def test_the_error_for_a_group_with_too_few_rows_says_how_many_it_lacks(
    file: Path, marts: str, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = file.with_name("few.yaml")
    few.write_text(TWO_GROUPS.replace("[category 1, category 2, category 3, category 4]", "[category 1]"))
    monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(few))
    get_settings.cache_clear()
    group = dataset_group("shop-home")
    with psycopg.connect(marts) as connection:
        copied = export_dataset(connection, s3, bucket, group, INTERACTIONS, "few")
    with pytest.raises(ContractBroken, match=r"interactions of group shop-home.*288.*1000"):
        check_size(group, INTERACTIONS, copied)
