from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from aisle.groups.dataset_group import dataset_groups
from aisle.groups.environment import Environment
from aisle.groups.environment_file import load
from aisle.groups.where import Where
from aisle.resources.apply import apply, plans
from aisle.resources.live import Service
from aisle.settings import PROJECT_ROOT
from personalize_kinds import kinds

RunDag = Callable[..., dict[str, str]]
DEFAULT = PROJECT_ROOT / "include" / "personalize" / "default.yaml"


def test_the_default_file_describes_what_the_pipeline_creates(
    marts: str, service: Service, personalize: Any, run_dag: RunDag
) -> None:
    assert set(run_dag("export", "one").values()) == {"success"}
    group = personalize.list_dataset_groups()["datasetGroups"][0]["datasetGroupArn"]
    for operator in solution_operators():
        operator.dataset_group_arn = group
        service.ready(kinds.SOLUTION, operator.find_or_create())
    plan = plans(service, load(DEFAULT))[0]
    assert [(change.action, change.resource.title) for change in plan.changes if change.action != "unchanged"] == []
    assert len(plan.changes) == 1 + 2 * 3 + len(dataset_groups()[0].solutions)


def solution_operators() -> list[Any]:
    """Those of the train stage, one for each solution of the contract."""
    from airflow.dag_processing.dagbag import DagBag

    dag = DagBag(str(PROJECT_ROOT / "dags" / "train.py")).dags["train"]
    return [dag.get_task(f"{key}.solution") for key in dataset_groups()[0].solutions]


def test_what_the_default_file_shows_commented_is_taken_by_the_service(
    service: Service, described: Callable[[str], Environment], train: Callable[[str, str], str]
) -> None:
    head, groups = DEFAULT.read_text().split("groups:\n")
    shown = re.sub(r"^( +)# (?=( *[\w-]+: *(\{.*\})?$))", r"\1", groups, flags=re.MULTILINE)
    environment = described(f"{head}groups:\n{shown}")
    group = environment.groups[0]
    assert (len(group.filters), group.event_tracker is None, group.metric_attribution is None) == (3, False, False)
    assert [len(solution.campaigns) for solution in group.solutions.values()] == [1, 1, 0]
    apply(service, environment)
    for solution in ("aisle-user-personalization", "aisle-similar-items"):
        train("aisle", solution)
    apply(service, environment)
    assert plans(service, environment)[0].is_settled


def test_the_dag_plans_by_default_and_applies_on_request(
    warehouse_url: str, service: Service, personalize: Any, run_dag: RunDag, s3: Any, bucket: str
) -> None:
    assert set(run_dag("resources", "dry").values()) == {"success"}
    assert not personalize.list_dataset_groups()["datasetGroups"]
    assert set(run_dag("resources", "real", dry_run=False).values()) == {"success"}
    assert plans(service, load(DEFAULT))[0].is_settled

    assert run_dag("teardown", "wrong", group="aisle", confirm="aisl", dry_run=False)["remove_group"] == "failed"
    assert set(run_dag("teardown", "dry", group="aisle", confirm="aisle").values()) == {"success"}
    assert personalize.list_dataset_groups()["datasetGroups"]
    s3.put_object(Bucket=bucket, Key="export/a.csv", Body=b"1")
    for_real = {"group": "aisle", "confirm": "aisle", "empty_bucket": bucket, "dry_run": False}
    assert set(run_dag("teardown", "real", **for_real).values()) == {"success"}
    assert not personalize.list_dataset_groups()["datasetGroups"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_where_takes_rows_of_the_marts_and_interactions_follow_items_and_users(marts: str) -> None:
    where = Where(
        items={"category": ["category 1", "o'clock; drop table x"]}, interactions={"event_type": ["purchase"]}
    )
    with psycopg.connect(marts) as connection:

        def count(mart: str, condition: sql.Composed) -> int:
            query = sql.SQL("select count(*) from personalize.{} where {}").format(sql.Identifier(mart), condition)
            rows = connection.execute(query).fetchone()
            assert rows is not None
            return int(rows[0])

        assert count("items", where.condition("items")) == 8
        assert count("users", where.condition("users")) == count("users", Where().condition("users")) == 120
        assert 0 < count("interactions", where.condition("interactions")) < 1_440
        elsewhere = Where(users={"location": ["Karachi"]})
        assert count("interactions", elsewhere.condition("interactions")) == 0
        assert count("interactions", Where(users={"location": ["Lahore, Punjab"]}).condition("interactions")) == 1_440
